"""Products of vectors, matrices and tensors."""

from typing import Any

import numpy as np

from memarray._kernels import products
from memarray._routine import Routine

cross = Routine(np.cross, products.cross, "a b", grows=True)
dot = Routine(np.dot, products.dot, "a b", names="a b out", grows=True)
inner = Routine(np.inner, products.inner, "a b", names="a b", grows=True)
kron = Routine(np.kron, products.kron, "a b", grows=True)
matmul = Routine(np.matmul, products.matmul, "x1 x2", names="x1 x2 out axes axis keepdims casting order dtype subok signature", grows=True)
matvec = Routine(np.matvec, products.matvec, "x1 x2", names="x1 x2 out axes axis keepdims casting order dtype subok signature", grows=True)
outer = Routine(np.outer, products.outer, "a b", grows=True)
tensordot = Routine(np.tensordot, products.tensordot, "a b", grows=True)
trace = Routine(np.trace, products.trace, "a")
vdot = Routine(np.vdot, products.vdot, "a b", names="a b")
vecdot = Routine(np.vecdot, products.vecdot, "x1 x2", names="x1 x2 out axes axis keepdims casting order dtype subok signature", grows=True)
vecmat = Routine(np.vecmat, products.vecmat, "x1 x2", names="x1 x2 out axes axis keepdims casting order dtype subok signature", grows=True)


def einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    """Sums of products by subscripts, in either of NumPy's forms."""
    if not isinstance(operands[0], str):
        operands = _named_subscripts(operands)
    subscripts, *arrays = operands
    return _einsum(subscripts, arrays, out=out, optimize=optimize, **kwargs)


def _named_subscripts(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """``einsum(a, [0, 1], b, [1, 2], [0, 2])`` in the form with a string."""
    pairs, result = list(operands), None
    if len(pairs) % 2:
        result = pairs.pop()
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def spell(labels: Any) -> str:
        return "".join("..." if label is Ellipsis else letters[label] for label in labels)

    spelled = ",".join(spell(labels) for labels in pairs[1::2])
    return (spelled if result is None else f"{spelled}->{spell(result)}", *pairs[::2])


def _numpy_einsum(subscripts: str, operands: Any, **kwargs: Any) -> Any:
    return np.einsum(subscripts, *operands, **kwargs)


def _jax_einsum(subscripts: str, operands: Any, **kwargs: Any) -> Any:
    return products.einsum(subscripts, *operands, **kwargs)


_einsum = Routine(
    _numpy_einsum, _jax_einsum, "operands*", names="subscripts operands out optimize dtype casting order", name="einsum", grows=True
)
