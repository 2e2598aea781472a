"""Operations that compute each element of the result from the same element of the operands."""

from collections.abc import Sequence

from jaxlib.mlir import ir

from xla_passes.build import recreate, resized
from xla_passes.module import shape_of
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule

_STABLEHLO = """abs add and atan2 cbrt ceil clamp compare complex convert cosine count_leading_zeros divide exponential
    exponential_minus_one floor imag is_finite log log_plus_one logistic maximum minimum multiply negate not or popcnt power real
    reduce_precision remainder round_nearest_afz round_nearest_even rsqrt select shift_left shift_right_arithmetic
    shift_right_logical sign sine sqrt subtract tan tanh xor"""
_CHLO = """acos acosh asin _asin_acos_kernel asinh atan atanh bessel_i1e conj cosh digamma erf erf_inv erfc is_inf is_neg_inf
    is_pos_inf lgamma mulhi next_after polygamma sinh square tan zeta"""
NAMES = frozenset(f"stablehlo.{name}" for name in _STABLEHLO.split()) | frozenset(f"chlo.{name}" for name in _CHLO.split())


def _factors(op: ir.Operation) -> tuple[Factor, ...]:
    shape = shape_of(op.results[0])
    ranks = [len(shape_of(operand)) for operand in op.operands]  # clamp's bounds and select's predicate may be scalars
    return tuple(
        Factor(Kind.PARALLEL, size, tuple(Axis(dim) if rank == len(shape) else None for rank in ranks), (Axis(dim),))
        for dim, size in enumerate(shape)
    )


def emit_resized(op: ir.Operation, operands: Sequence[ir.Value], factor: Factor, piece: Piece) -> list[ir.Value]:
    """The operation again, its results as long as the piece: right wherever no attribute depends on the shape."""
    kinds = [
        resized(result.type, axis.dim, piece.length * axis.scale) if axis else result.type
        for result, axis in zip(op.results, factor.results, strict=True)
    ]
    return recreate(op, operands, kinds)


RULES = {name: Rule(_factors, emit_resized) for name in NAMES}
