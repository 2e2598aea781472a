"""Squared distances between two sets of points as a matrix product; runs before splitting, which then has no [m, n, d] tensor to split."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes import build, structured
from xla_passes.module import shape_of, source_line, walk
from xla_passes.plan import Rewrite
from xla_passes.rewrites.views import View, defining_op, splat, view_of

_ERASABLE = {
    *("stablehlo." + name for name in ("reduce", "multiply", "power", "subtract", "add", "abs", "negate", "constant")),
    *("stablehlo." + name for name in ("broadcast_in_dim", "reshape", "transpose")),
    "chlo.square",
}


@dataclass(frozen=True)
class DistanceToProduct:
    """`reduce_add((bcast a ± bcast b)^2)  ->  max(|a'|^2 + |b'|^2 ± 2 a'·b', 0)`, a' and b' centred.

    `a` and `b` may be any broadcasts of values of which each has a dimension that the other lacks; dimensions that both keep are
    batch dimensions of the product, the reduced ones are contracted. f32 and f64.

    Both sides are shifted by one vector, in opposite directions for a sum, which leaves `a ± b` as it is: the mean of the larger set of
    points in each coordinate where the mean is most of the root mean square, zero in the others. Without that the product form loses
    all digits where points are far from zero compared with their spread (years, timestamps, pixel values).

    Not exact. The error is at most about (d + 4) eps (|a'|^2 + |b'|^2), d the number of elements that a distance sums; mostly it is
    a few eps of that. Distances much smaller than the spread, those of duplicates above all, keep only this absolute accuracy: where
    the original gives 0, a few eps of the squared spread may come out, and their root where distances are rooted. Clamping keeps them
    from being negative.

    Values that are not finite stay with their point: they do not move the centre, and a distance is infinite if the squared norm of
    either centred point is, NaN if either point has a NaN. That is what the original gives, with two exceptions: infinities that
    cancel (inf - inf) give inf instead of NaN, and so do points whose squared norm overflows (elements beyond 1e19 in f32) where the
    original's difference would not have.

    Attributes
    ----------
    minimum_contracted
        Distances over fewer elements are left as they are: XLA fuses them into a loop that is exact and no slower.
    minimum_growth
        Fires where the broadcast is at least this many times as large as either operand; below that, centring costs more than the
        product saves.
    """

    minimum_contracted: int = 5
    minimum_growth: int = 8
    name: str = "distance-to-product"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Rewrite every sum of squares that is a distance between two sets of points."""
        fired = []
        for op in [op for op in walk(module.body) if op.name == "stablehlo.reduce"]:
            distance = _match(op)
            if distance is None or not self._is_worth_it(distance):
                continue
            fired.append(Rewrite(self.name, source_line(op), is_exact=False))
            with op.location, ir.InsertionPoint(op):
                result = _emit(distance, shape_of(op.results[0]))
            op.results[0].replace_all_uses_with(result)
            _erase_dead(op)
        return tuple(fired)

    def _is_worth_it(self, distance: "_Distance") -> bool:
        contracted = math.prod(distance.shape[dim] for dim in distance.contracted)
        growth = min(math.prod(distance.shape[dim] for dim in distance.free(side)) for side in (0, 1))
        return contracted >= self.minimum_contracted and growth >= self.minimum_growth


@dataclass(frozen=True)
class _Points:
    """A value without dimensions of size one; `at` says which dimension of the broadcast tensor each of its dimensions is."""

    value: ir.Value
    at: tuple[int, ...]

    def axes(self, dims: Sequence[int]) -> list[int]:
        return [self.at.index(dim) for dim in dims]


@dataclass(frozen=True)
class _Distance:
    """The sum over `contracted` of the squared difference (or sum) of two views in a tensor of `shape`; `kept` are its other dimensions."""

    views: tuple[View, View]
    is_sum: bool
    shape: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def contracted(self) -> tuple[int, ...]:
        return tuple(dim for dim, size in enumerate(self.shape) if dim not in self.kept and size != 1)

    @property
    def batch(self) -> tuple[int, ...]:
        return tuple(dim for dim in self.kept if all(view.dims[dim] is not None for view in self.views))

    def free(self, side: int) -> tuple[int, ...]:
        """The kept dimensions that only one side has."""
        own, other = self.views[side].dims, self.views[1 - side].dims
        return tuple(dim for dim in self.kept if own[dim] is not None and other[dim] is None)


def _match(op: ir.Operation) -> _Distance | None:
    """The distance that a reduction computes, or None."""
    if len(op.results) != 1 or not _is_sum(op):
        return None
    kind = ir.RankedTensorType(op.operands[0].type)
    if str(kind.element_type) not in ("f32", "f64") or not kind.has_static_shape or 0 in kind.shape:
        return None
    terms = _squared_terms(op.operands[0])
    if terms is None:
        return None
    reduced = set(ir.DenseI64ArrayAttr(op.attributes["dimensions"]))
    shape = tuple(kind.shape)
    distance = _Distance((terms[1], terms[2]), terms[0] == "stablehlo.add", shape, tuple(d for d in range(len(shape)) if d not in reduced))
    has_all = all(view.dims[dim] is not None for view in distance.views for dim in distance.contracted)
    if not has_all or not distance.free(0) or not distance.free(1):
        return None
    if distance.free(1)[0] < distance.free(0)[0]:  # the product's dimensions come out in order, and nothing large is transposed
        distance = replace(distance, views=(terms[2], terms[1]))
    return distance


def _is_sum(op: ir.Operation) -> bool:
    """Whether a reduction with one operand adds, from zero."""
    body = list(op.regions[0].blocks[0].operations)
    arguments = set(op.regions[0].blocks[0].arguments)
    adds = len(body) == 2 and body[0].operation.name == "stablehlo.add" and set(body[0].operation.operands) == arguments
    return adds and splat(op.operands[1]) == 0.0


def _squared_terms(value: ir.Value) -> tuple[str, View, View] | None:
    """(op, a, b) where `value` is the square of `a op b`, op an addition or a subtraction."""
    op = defining_op(value)
    if op is None:
        return None
    if op.name == "stablehlo.multiply" and op.operands[0] != op.operands[1]:
        terms = _terms(defining_op(op.operands[0]))
        return terms if terms == _terms(defining_op(op.operands[1])) else None
    is_square = op.name in ("chlo.square", "stablehlo.multiply") or (op.name == "stablehlo.power" and splat(op.operands[1]) == 2.0)
    base = defining_op(op.operands[0]) if is_square else None
    while base is not None and base.name in ("stablehlo.abs", "stablehlo.negate"):
        base = defining_op(base.operands[0])
    return _terms(base)


def _terms(op: ir.Operation | None) -> tuple[str, View, View] | None:
    """(op, a, b) of an addition or a subtraction, a and b seen through broadcasts."""
    if op is None or op.name not in ("stablehlo.add", "stablehlo.subtract"):
        return None
    return op.name, view_of(op.operands[0]), view_of(op.operands[1])


def _emit(distance: _Distance, shape: tuple[int, ...]) -> ir.Value:
    """The matrix-product form at the insertion point; `shape` is that of the result."""
    left, right = _centred(distance, (_points(distance.views[0]), _points(distance.views[1])))
    at, product = _product(distance, left, right)
    norms = [_Points(*_squared_norms(points, distance.contracted)) for points in (left, right)]
    total = stablehlo.add(*(_place(points, distance.kept, shape) for points in norms))
    product = _place(_Points(product, at), distance.kept, shape)
    twice = stablehlo.multiply(product, structured.full(2.0, product))
    squared = stablehlo.add(total, twice) if distance.is_sum else stablehlo.subtract(total, twice)
    clamped = stablehlo.maximum(squared, structured.full(0.0, squared))
    return stablehlo.select(stablehlo.is_finite(total), clamped, total)


def _points(view: View) -> _Points:
    """What a view shows, without dimensions of size one."""
    at = sorted((dim for dim, source in enumerate(view.dims) if source is not None), key=lambda dim: view.dims[dim] or 0)
    sizes = [size for size in shape_of(view.base) if size != 1]
    value = view.base
    if len(sizes) != len(shape_of(value)):
        value = stablehlo.reshape(build.tensor(sizes, structured.element_of(value)), value)
    return _Points(value, tuple(at))


def _centred(distance: _Distance, sides: tuple[_Points, _Points]) -> tuple[_Points, _Points]:
    """Both sides shifted by the centre of the larger one, so that their differences (or sums) stay what they are."""
    larger = 0 if math.prod(shape_of(sides[0].value)) > math.prod(shape_of(sides[1].value)) else 1
    centre = _centre(sides[larger], distance.free(larger))
    shifted = []
    for side, points in enumerate(sides):
        offset = _place(centre, points.at, shape_of(points.value))
        shift = stablehlo.add if distance.is_sum and side != larger else stablehlo.subtract
        shifted.append(_Points(shift(points.value, offset), points.at))
    return shifted[0], shifted[1]


def _centre(points: _Points, dims: Sequence[int]) -> _Points:
    """The mean over `dims` where it is most of the root mean square, zero elsewhere; elements whose square is not finite count as zero.

    Where points are around zero as they are, a few far away would only drag the centre after them.
    """
    value, axes = points.value, points.axes(dims)
    nought, share = structured.full(0.0, value), structured.full(1.0 / math.prod(shape_of(value)[axis] for axis in axes), value)
    finite = stablehlo.select(stablehlo.is_finite(stablehlo.multiply(value, value)), value, nought)
    shares = stablehlo.multiply(finite, share)
    mean, mean_square = structured.add_reduce(shares, axes), structured.add_reduce(stablehlo.multiply(shares, finite), axes)
    half = stablehlo.multiply(mean_square, structured.full(0.5, mean_square))
    greater_equal = stablehlo.ComparisonDirectionAttr.get("GE")
    is_offset = stablehlo.compare(stablehlo.multiply(mean, mean), half, greater_equal)
    centre = stablehlo.select(is_offset, mean, structured.full(0.0, mean))
    return _Points(centre, tuple(dim for dim in points.at if dim not in dims))


def _squared_norms(points: _Points, contracted: Sequence[int]) -> tuple[ir.Value, tuple[int, ...]]:
    """The sums of squares over the contracted dimensions, and where the others are."""
    squares = stablehlo.multiply(points.value, points.value)
    return structured.add_reduce(squares, points.axes(contracted)), tuple(dim for dim in points.at if dim not in contracted)


def _product(distance: _Distance, left: _Points, right: _Points) -> tuple[tuple[int, ...], ir.Value]:
    """The products of all points of `left` with all of `right`, and where the result's dimensions are."""
    batch, contracted = distance.batch, distance.contracted
    numbers = stablehlo.DotDimensionNumbers.get(left.axes(batch), right.axes(batch), left.axes(contracted), right.axes(contracted))
    used = (*batch, *contracted)
    at = (*batch, *(dim for dim in left.at if dim not in used), *(dim for dim in right.at if dim not in used))
    kind = build.tensor([distance.shape[dim] for dim in at], structured.element_of(left.value))
    highest = ir.ArrayAttr.get([stablehlo.PrecisionAttr.get("HIGHEST")] * 2)
    return at, stablehlo.dot_general(kind, left.value, right.value, numbers, precision_config=highest)


def _place(points: _Points, dims: Sequence[int], shape: Sequence[int]) -> ir.Value:
    """`points` broadcast to a tensor of `shape` whose dimensions are `dims` of the broadcast tensor."""
    value, positions = points.value, [list(dims).index(dim) for dim in points.at]
    if positions != sorted(positions):
        order = sorted(range(len(positions)), key=positions.__getitem__)
        value = stablehlo.transpose(value, ir.DenseI64ArrayAttr.get(order))
    if tuple(shape_of(value)) == tuple(shape):
        return value
    return stablehlo.broadcast_in_dim(build.tensor(shape, structured.element_of(value)), value, ir.DenseI64ArrayAttr.get(sorted(positions)))


def _erase_dead(op: ir.Operation) -> None:
    """Erase `op` and whatever of the original formula nothing reads any more."""
    pending = {op: None}
    while pending:
        dead, _ = pending.popitem()
        if dead.name not in _ERASABLE or any(True for result in dead.results for _ in result.uses):
            continue
        sources = [defining_op(value) for value in dead.operands]
        dead.erase()
        pending.update({source: None for source in sources if source is not None})
