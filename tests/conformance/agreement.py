"""How results of a split program are compared with the unsplit one's: to the bit, or but for roundings that XLA is free to choose."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxlib.mlir import ir

from xla_passes.module import element_bits, walk
from xla_passes.split.factors import Kind

ROUNDINGS = 32  # of the largest element of a result, as in tests/xla_passes/split/splitting.py
LIBRARY_SUMS = ("stablehlo.dot_general", "stablehlo.convolution")
WINDOW_SUMS = ("stablehlo.reduce_window", "stablehlo.select_and_scatter")
# Operations that move floats, choose among them or change their sign, and those that IEEE 754 rounds in one way.
MOVES = frozenset(
    f"stablehlo.{name}"
    for name in (
        "abs", "all_to_all", "bitcast_convert", "broadcast_in_dim", "case", "ceil", "clamp", "complex", "concatenate", "constant",
        "dynamic_slice", "dynamic_update_slice", "floor", "gather", "if", "imag", "iota", "maximum", "minimum", "negate",
        "optimization_barrier", "pad", "real", "reduce", "reduce_window", "remainder", "reshape", "return", "reverse", "round_nearest_afz",
        "round_nearest_even", "scatter", "select", "select_and_scatter", "sign", "slice", "sort", "transpose", "while",
    )
) | {"chlo.top_k"}  # fmt: skip
ROUNDED_ONCE = frozenset(f"stablehlo.{name}" for name in ("add", "convert", "divide", "multiply", "reduce_precision", "sqrt", "subtract"))


@dataclass(frozen=True)
class Comparison:
    """Whether all bits are the same (but for the payload of NaNs), and how results differ by more than they may."""

    is_same: bool
    failure: str = ""


def rounds_alike(ops: Iterable[ir.Operation]) -> bool:
    """Whether the operations of a program leave XLA one way to round only.

    Where there is more than one that rounds, XLA contracts products and sums and keeps the digits of short floats as its fusions happen to
    fall. Its exponentials, logarithms and the like differ in the last digit between the lanes of a vector and the rest of a row. Complex
    numbers are several operations on floats, and a sum of short floats is several, too.
    """
    rounding = _rounding(ops)
    if len(rounding) > 1 or any(op.name not in ROUNDED_ONCE for op in rounding):
        return False
    return not any(_is_complex(op) or (_is_short(op) and _is_in_a_reducer(op)) for op in rounding)


def _is_complex(op: ir.Operation) -> bool:
    return isinstance(ir.RankedTensorType(op.results[0].type).element_type, ir.ComplexType)


def _is_short(op: ir.Operation) -> bool:
    return element_bits(ir.RankedTensorType(op.results[0].type).element_type) < 32


def _is_in_a_reducer(op: ir.Operation) -> bool:
    return op.parent.name.startswith(("stablehlo.reduce", "stablehlo.scatter", "stablehlo.select_and_scatter"))


def reorders_sums(op: ir.Operation, kind: Kind) -> bool:
    """Whether floats may be added or multiplied in another order when the operation is split along a factor of this kind.

    The libraries behind products and convolutions choose their order by the shape of what they get, whichever axis it is that is shorter;
    so does XLA where it sums over windows.
    """
    if op.name in LIBRARY_SUMS:
        return _is_inexact(op.results[0])
    bodies = (child for region in op.regions for block in region.blocks for child in walk(block))
    return (op.name in WINDOW_SUMS or kind in (Kind.REDUCTION, Kind.SEQUENTIAL)) and bool(_rounding(bodies))


def _rounding(ops: Iterable[ir.Operation]) -> list[ir.Operation]:
    """Those that compute floats."""
    return [op for op in ops if op.name not in MOVES and len(op.results) and _is_inexact(op.results[0])]


def _is_inexact(value: ir.Value) -> bool:
    kind = value.type
    return isinstance(kind, ir.RankedTensorType) and not isinstance(ir.RankedTensorType(kind).element_type, ir.IntegerType)


def compare(actual: Sequence[np.ndarray], expected: Sequence[np.ndarray], *, is_exact: bool) -> Comparison:
    """Compare all results; floats that need not be exact may differ by some roundings of the largest element of their result."""
    if [(each.dtype, each.shape) for each in actual] != [(each.dtype, each.shape) for each in expected]:
        return Comparison(is_same=False, failure="the results have other shapes or dtypes")
    is_same = True
    for number, (one, other) in enumerate(zip(actual, expected, strict=True)):
        found, wanted = _parts(one), _parts(other)
        differs = _differ(found, wanted)
        is_same &= not differs.any()
        if not is_exact and jnp.issubdtype(found.dtype, jnp.floating):
            differs &= ~_is_near(found, wanted)
        if differs.any():
            at = tuple(int(index) for index in np.argwhere(differs)[0])
            count = f"{int(differs.sum())} of {differs.size}"
            return Comparison(is_same, f"result {number} differs in {count}: at {list(at)} {found[at]!s} instead of {wanted[at]!s}")
    return Comparison(is_same)


def _parts(array: np.ndarray) -> np.ndarray:
    """Complex numbers as pairs."""
    return np.stack([array.real, array.imag], axis=-1) if array.dtype.kind == "c" else array


def _differ(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if not jnp.issubdtype(found.dtype, jnp.floating):
        return np.asarray(found != wanted)
    is_same = (found == wanted) & (np.signbit(found) == np.signbit(wanted))
    return ~(is_same | (np.isnan(found) & np.isnan(wanted)))


def _is_near(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    tolerance = ROUNDINGS * float(jnp.finfo(found.dtype).eps)
    found, wanted = found.astype(np.float64), wanted.astype(np.float64)
    largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # infinity less infinity
        return (np.abs(found - wanted) <= tolerance * largest) | (found == wanted)
