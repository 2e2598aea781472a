"""Products of arrays as NumPy has them: dot and its kin, matmul's generalised ufuncs, tensordot, einsum, kron, cross and trace.

Operands are promoted by NumPy's rules first (JAX's keep float32 beside int64), and checked, so that NumPy's exceptions come at trace time.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.lax import Precision
from jax.typing import ArrayLike
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

Casting = Any  # NumPy's names of casting rules
Axes = int | tuple[int, ...]

_EXACT = Precision.HIGHEST  # float32 stays float32 inside products, on devices too that would round it


def as_array(x: ArrayLike) -> Array:
    """`x` as a JAX array whose dtype is NumPy's: Python's numbers are float64, int64 and complex128, and no dtype is weak."""
    return jax.lax.convert_element_type(x, x.dtype) if isinstance(x, jax.Array) else jnp.asarray(np.asarray(x))


def promoted(*operands: ArrayLike, dtype: np.dtype | None = None) -> tuple[Array, ...]:
    """The operands in `dtype`, or in the one dtype that NumPy promotes them to."""
    arrays = [as_array(x) for x in operands]
    common = np.result_type(*(x.dtype for x in arrays)) if dtype is None else np.dtype(dtype)
    return tuple(x.astype(common) for x in arrays)


def check_cores(name: str, signature: str, *operands: Array) -> None:
    """Raise as NumPy's generalised ufunc does where operands lack core dimensions, differ in one or do not broadcast in the others."""
    sizes: dict[str, int] = {}
    outer = []
    for place, (x, labels) in enumerate(zip(operands, _cores(signature), strict=False)):
        needed = [label for label in labels if not label.endswith("?")]
        if x.ndim < len(needed):
            raise ValueError(
                f"{name}: Input operand {place} does not have enough dimensions"
                f" (has {x.ndim}, gufunc core with signature {signature} requires {len(needed)})"
            )
        present = [label.rstrip("?") for label in (needed if x.ndim < len(labels) else labels)]
        core = x.shape[x.ndim - len(present) :]
        outer.append(x.shape[: x.ndim - len(present)])
        for dim, (label, size) in enumerate(zip(present, core, strict=True)):
            if sizes.setdefault(label, size) != size:
                raise ValueError(
                    f"{name}: Input operand {place} has a mismatch in its core dimension {dim},"
                    f" with gufunc signature {signature} (size {size} is different from {sizes[label]})"
                )
    try:
        np.broadcast_shapes(*outer)
    except ValueError:
        shapes = " ".join(_shape(x) for x in operands)
        raise ValueError(f"operands could not be broadcast together with shapes {shapes} in {name}, with signature {signature}") from None


def _cores(signature: str) -> list[list[str]]:
    """The labels of each core of a signature, results last: `"(m,n),(n)->(m)"` gives `[[m, n], [n], [m]]`."""
    cores = signature.replace("->", ",")[1:-1].split("),(")
    return [core.split(",") if core else [] for core in cores]


def _shape(x: Array) -> str:
    return str(x.shape).replace(" ", "")


def dot(a: ArrayLike, b: ArrayLike) -> Array:
    """`numpy.dot`: over the last axis of `a` and the last but one of `b`."""
    a, b = promoted(a, b)
    if not a.ndim or not b.ndim:
        return jnp.multiply(a, b)
    _check_aligned(a, b, max(b.ndim - 2, 0))
    return jnp.dot(a, b, precision=_EXACT)


def inner(a: ArrayLike, b: ArrayLike, /) -> Array:
    """`numpy.inner`: over the last axis of both; nothing is conjugated."""
    a, b = promoted(a, b)
    if not a.ndim or not b.ndim:
        return jnp.multiply(a, b)
    _check_aligned(a, b, b.ndim - 1)
    return jnp.inner(a, b, precision=_EXACT)


def _check_aligned(a: Array, b: Array, dim: int) -> None:
    if a.shape[-1] != b.shape[dim]:
        sides = f"{a.shape[-1]} (dim {a.ndim - 1}) != {b.shape[dim]} (dim {dim})"
        raise ValueError(f"shapes {_shape(a)} and {_shape(b)} not aligned: {sides}")


def vdot(a: ArrayLike, b: ArrayLike, /) -> Array:
    """`numpy.vdot`: of both operands flattened, `a` conjugated."""
    a, b = promoted(a, b)
    if a.size != b.size:
        raise ValueError(f"cannot reshape array of size {b.size} into shape ({a.size},)")
    return jnp.vdot(a, b, precision=_EXACT)


def outer(a: ArrayLike, b: ArrayLike) -> Array:
    """`numpy.outer`: every element of `a` times every element of `b`, both flattened."""
    a, b = promoted(a, b)
    return jnp.multiply(a.reshape(-1, 1), b.reshape(1, -1))


def matmul(x1: ArrayLike, x2: ArrayLike, /, *, casting: Casting = "same_kind", dtype: np.dtype | None = None, axes: Any = None) -> Array:
    """`numpy.matmul`; vectors lose their added dimension again, stacks of matrices broadcast."""
    return _matmul_like("matmul", "(n?,k),(k,m?)->(n?,m?)", _matmul, (x1, x2), casting, dtype, axes)


def matvec(x1: ArrayLike, x2: ArrayLike, /, *, casting: Casting = "same_kind", dtype: np.dtype | None = None, axes: Any = None) -> Array:
    """`numpy.matvec`: stacks of matrices times stacks of vectors."""
    return _matmul_like("matvec", "(m,n),(n)->(m)", _matvec, (x1, x2), casting, dtype, axes)


def vecmat(x1: ArrayLike, x2: ArrayLike, /, *, casting: Casting = "same_kind", dtype: np.dtype | None = None, axes: Any = None) -> Array:
    """`numpy.vecmat`: stacks of vectors, conjugated, times stacks of matrices."""
    return _matmul_like("vecmat", "(n),(n,m)->(m)", _vecmat, (x1, x2), casting, dtype, axes)


def vecdot(
    x1: ArrayLike,
    x2: ArrayLike,
    /,
    *,
    casting: Casting = "same_kind",
    dtype: np.dtype | None = None,
    axes: Any = None,
    axis: int | None = None,
    keepdims: bool = False,
) -> Array:
    """`numpy.vecdot`: stacks of vectors, `x1` conjugated, along `axis`."""
    if axis is not None:
        if axes is not None:
            raise TypeError("vecdot: cannot specify both 'axis' and 'axes'")
        axes = (axis, axis, axis) if keepdims else (axis, axis)
    if not keepdims:
        return _matmul_like("vecdot", "(n),(n)->()", _vecdot, (x1, x2), casting, dtype, axes)
    if axes is not None and len(axes) == 2:
        axes = (*axes, axes[0])
    return _matmul_like("vecdot", "(n),(n)->(1)", _vecdot_kept, (x1, x2), casting, dtype, axes)


def _matmul(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=_EXACT)


def _matvec(a: Array, x: Array) -> Array:
    return _matmul(a, x[..., None])[..., 0]


def _vecmat(x: Array, a: Array) -> Array:
    return _matmul(jnp.conj(x)[..., None, :], a)[..., 0, :]


def _vecdot_kept(x: Array, y: Array) -> Array:
    return _matmul(jnp.conj(x)[..., None, :], y[..., None])[..., 0]


def _vecdot(x: Array, y: Array) -> Array:
    return _vecdot_kept(x, y)[..., 0]


def _matmul_like(
    name: str,
    signature: str,
    compute: Callable[[Array, Array], Array],
    operands: tuple[ArrayLike, ArrayLike],
    casting: Casting,
    dtype: np.dtype | None,
    axes: Any,
) -> Array:
    """A generalised ufunc: `compute` sees the core axes last, which `axes` names for each operand and for the result."""
    arrays = [as_array(x) for x in operands]
    _check_casting(f"Cannot cast ufunc '{name}' input", arrays, dtype, casting)
    if axes is None:
        check_cores(name, signature, *arrays)
        return compute(*promoted(*arrays, dtype=dtype))
    cores = _cores(signature)
    if len(axes) < len(cores) - (not cores[-1]):
        raise ValueError("axes should be a list with an entry for all inputs and outputs; only outputs without core axes can be omitted")
    places = [(entry,) if isinstance(entry, int) else tuple(entry) for entry in axes]
    arrays = [_moved(x, place, tuple(range(-len(place), 0))) for x, place in zip(arrays, places, strict=False)]
    check_cores(name, signature, *arrays)
    result = compute(*promoted(*arrays, dtype=dtype))
    last = places[2] if len(places) > 2 else ()
    return _moved(result, tuple(range(-len(last), 0)), last)


def _moved(x: Array, source: tuple[int, ...], destination: tuple[int, ...]) -> Array:
    return jnp.moveaxis(x, normalize_axis_tuple(source, x.ndim), normalize_axis_tuple(destination, x.ndim))


def _check_casting(message: str, arrays: Sequence[Array], dtype: np.dtype | None, casting: Casting) -> None:
    for place, x in enumerate(arrays):
        if dtype is not None and not np.can_cast(x.dtype, dtype, casting):
            raise TypeError(f"{message} {place} from {x.dtype!r} to {np.dtype(dtype)!r} with casting rule '{casting}'")


def tensordot(a: ArrayLike, b: ArrayLike, axes: int | tuple[Axes, Axes] = 2) -> Array:
    """`numpy.tensordot`: over the last axes of `a` and the first of `b`, or over the axes named for each."""
    a, b = promoted(a, b)
    a_named, b_named = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
    a_axes = [a_named] if isinstance(a_named, int) else list(a_named)
    b_axes = [b_named] if isinstance(b_named, int) else list(b_named)
    if len(set(a_axes)) != len(a_axes) or len(set(b_axes)) != len(b_axes):
        raise ValueError("duplicate axes are not allowed in tensordot")
    if len(a_axes) != len(b_axes) or any(a.shape[i] != b.shape[j] for i, j in zip(a_axes, b_axes, strict=True)):
        raise ValueError("shape-mismatch for sum")
    return jnp.tensordot(a, b, ([i % a.ndim for i in a_axes], [j % b.ndim for j in b_axes]), precision=_EXACT)


def einsum(subscripts: str, *operands: ArrayLike, optimize: Any = False, dtype: np.dtype | None = None, casting: Casting = "safe") -> Array:
    """`numpy.einsum` of a subscripts string.

    Products of more than two operands are taken in pairs always, in an order that opt_einsum finds: `optimize` only says how, as in NumPy.
    """
    arrays = [as_array(x) for x in operands]
    _check_casting("Iterator operand", arrays, dtype, casting)
    if isinstance(optimize, tuple) and optimize[:1] == ("einsum_path",):
        optimize = list(optimize)
    np.einsum_path(subscripts, *(np.broadcast_to(np.False_, x.shape) for x in arrays), optimize=optimize)  # raises what NumPy raises
    sources, _, result = subscripts.replace(" ", "").partition("->")
    for place, (labels, x) in enumerate(zip(sources.split(","), arrays, strict=True)):
        _check_diagonals(place, labels, x.shape)
    if "->" in subscripts and "..." not in result:
        _check_no_ellipsis_left(sources.split(","), arrays)
    if isinstance(optimize, list | tuple):  # ["einsum_path", (0, 1), ...] or ("greedy", memory limit)
        optimize = optimize[1:] if isinstance(optimize, list) else optimize[0]
    return jnp.einsum(subscripts, *promoted(*arrays, dtype=dtype), optimize=optimize, precision=_EXACT)


def _check_diagonals(place: int, labels: str, shape: tuple[int, ...]) -> None:
    """A label that an operand repeats needs equal sizes there; between operands, sizes of one broadcast."""
    before, _, after = labels.partition("...")
    sizes: dict[str, int] = {}
    for label, size in [*zip(before, shape, strict=False), *zip(reversed(after), reversed(shape), strict=False)]:
        if sizes.setdefault(label, size) != size:
            raise ValueError(f"dimensions in operand {place} for collapsing index '{label}' don't match ({sizes[label]} != {size})")


def _check_no_ellipsis_left(sources: list[str], arrays: list[Array]) -> None:
    if any("..." in labels and x.ndim > len(labels) - 3 for labels, x in zip(sources, arrays, strict=True)):
        raise ValueError(
            "output has more dimensions than subscripts given in einstein sum, but no '...' ellipsis provided to broadcast the extra"
            " dimensions."
        )


def kron(a: ArrayLike, b: ArrayLike) -> Array:
    """`numpy.kron`: blocks of `b`, each times an element of `a`; the operand of fewer dimensions gets leading ones."""
    a, b = promoted(a, b)
    ndim = max(a.ndim, b.ndim)
    if not a.ndim or not b.ndim:
        return jnp.multiply(a, b)
    a_shape, b_shape = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    apart = jnp.multiply(
        a.reshape([size for n in a_shape for size in (n, 1)]),
        b.reshape([size for n in b_shape for size in (1, n)]),
    )
    return apart.reshape([n * m for n, m in zip(a_shape, b_shape, strict=True)])


def cross(a: ArrayLike, b: ArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """`numpy.cross` of vectors of two or three elements; two of both give the third element alone. No deprecation warning for two."""
    if axis is not None:
        axisa, axisb, axisc = axis, axis, axis
    a, b = promoted(a, b)
    if not a.ndim or not b.ndim:
        raise ValueError("At least one array has zero dimension")
    a = jnp.moveaxis(a, normalize_axis_index(axisa, a.ndim, msg_prefix="axisa"), 0)
    b = jnp.moveaxis(b, normalize_axis_index(axisb, b.ndim, msg_prefix="axisb"), 0)
    if a.shape[0] not in {2, 3} or b.shape[0] not in {2, 3}:
        raise ValueError("incompatible dimensions for cross product\n(dimension must be 2 or 3)")
    shape = np.broadcast_shapes(a.shape[1:], b.shape[1:])
    if a.dtype == np.bool_:
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, instead.")
    third = a[0] * b[1] - a[1] * b[0]
    if len(a) == len(b) == 2:
        return third
    axisc = normalize_axis_index(axisc, len(shape) + 1, msg_prefix="axisc")
    if len(a) == 2:
        parts = (a[1] * b[2], -(a[0] * b[2]), third)
    elif len(b) == 2:
        parts = (-(a[2] * b[1]), a[2] * b[0], third)
    else:
        parts = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], third)
    return jnp.stack(parts, axis=axisc)


def trace(a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: np.dtype | None = None) -> Array:
    """`numpy.trace`; small integers and bools are added as NumPy adds them, in int64 or uint64."""
    a = as_array(a)
    return jnp.sum(diagonal_of(a, offset, axis1, axis2), axis=-1, dtype=dtype)


def diagonal_of(a: Array, offset: int, axis1: int, axis2: int) -> Array:
    """`numpy.diagonal` with its errors: NumPy's `trace` and `linalg.diagonal` are made of it."""
    if a.ndim < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    axis1 = normalize_axis_index(axis1, a.ndim, msg_prefix="axis1")
    axis2 = normalize_axis_index(axis2, a.ndim, msg_prefix="axis2")
    if axis1 == axis2:
        raise ValueError("axis1 and axis2 cannot be the same")
    return jnp.diagonal(a, offset, axis1, axis2)
