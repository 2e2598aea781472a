"""Operations that compute each element of the result from the same element of the operands."""

from collections.abc import Sequence

from jaxlib.mlir import ir

from xla_passes.build import recreate, resized
from xla_passes.module import shape_of
from xla_passes.patterns import integers
from xla_passes.split.factors import Axis, Factor, Kind, Piece, Rule, blocked

_STABLEHLO = """abs add and atan2 cbrt ceil clamp compare complex convert cosine count_leading_zeros divide exponential
    exponential_minus_one floor imag is_finite log log_plus_one logistic maximum minimum multiply negate not or popcnt power real
    reduce_precision remainder round_nearest_afz round_nearest_even rsqrt select shift_left shift_right_arithmetic
    shift_right_logical sign sine sqrt subtract tan tanh xor"""
_CHLO = """acos acosh asin _asin_acos_kernel asinh atan atanh bessel_i1e conj cosh digamma erf erf_inv erfc is_inf is_neg_inf
    is_pos_inf lgamma mulhi next_after polygamma sinh square tan zeta"""
NAMES = frozenset(f"stablehlo.{name}" for name in _STABLEHLO.split()) | frozenset(f"chlo.{name}" for name in _CHLO.split())
_BROADCASTING = """add and atan2 compare complex divide maximum minimum multiply next_after or polygamma power remainder select
    shift_left shift_right_arithmetic shift_right_logical subtract xor zeta"""
BROADCASTING = frozenset(f"chlo.broadcast_{name}" for name in _BROADCASTING.split())


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


def _broadcasting_factors(op: ir.Operation) -> tuple[Factor, ...]:
    """As NumPy broadcasts: dimensions that are missing in front, or of one element, are needed whole."""
    shape = shape_of(op.results[0])
    return tuple(
        Factor(Kind.PARALLEL, size, tuple(_broadcast_axis(op, operand, dim, size) for operand in op.operands), (Axis(dim),))
        for dim, size in enumerate(shape)
    )


def _broadcast_axis(op: ir.Operation, operand: ir.Value, dim: int, size: int) -> Axis | None:
    source, rank = shape_of(operand), len(shape_of(op.results[0]))
    dims = list(range(rank - len(source), rank))
    if "broadcast_dimensions" in op.attributes and len(source) < rank:
        dims = integers(op, "broadcast_dimensions")
    at = dims.index(dim) if dim in dims else None
    return Axis(at) if at is not None and source[at] == size else None


def _barrier_factors(op: ir.Operation) -> tuple[Factor, ...]:
    return _factors(op) if len(op.operands) == 1 else ()  # canonical barriers have one


def _bitcast_factors(op: ir.Operation) -> tuple[Factor, ...]:
    """Bits of one element may become a last dimension, or a last dimension one element: it stays whole."""
    source, shape = shape_of(op.operands[0]), shape_of(op.results[0])
    shared = min(len(source), len(shape))
    factors = [Factor(Kind.PARALLEL, shape[dim], (Axis(dim),), (Axis(dim),)) for dim in range(shared)]
    for result_dim, operand_dim, longer in ((shared, None, shape), (None, shared, source)):
        if len(longer) > shared:
            factors.append(blocked(longer[shared], op, result_dim, operand_dim, "the bits of one element"))
    return tuple(factors)


RULES = {
    **{name: Rule(_factors, emit_resized) for name in (*NAMES, "stablehlo.map", "chlo.constant_like")},
    **{name: Rule(_broadcasting_factors, emit_resized) for name in BROADCASTING},
    "stablehlo.optimization_barrier": Rule(_barrier_factors, emit_resized),
    "stablehlo.bitcast_convert": Rule(_bitcast_factors, emit_resized),
}
