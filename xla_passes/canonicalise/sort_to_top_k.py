"""Recognises a sort of which only the first few elements are read, and asks for just those."""

from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, recreate, tensor
from xla_passes.module import context, shape_of, walk
from xla_passes.patterns import function_blocks, integers, produced_by, producer
from xla_passes.plan import Rewrite

_FLIPPED = {"GT": "LT", "LT": "GT"}
_ELEMENTWISE_IN_KEYS = frozenset(f"stablehlo.{name}" for name in ("abs", "compare", "constant", "convert", "negate", "not", "select"))


@dataclass(frozen=True)
class SortToTopK:
    """`slice(sort(x, iota))[..., a:b]` with `b <= n / 2`, for every use of the sort -> the slice of `chlo.top_k(x, k = largest b)`.

    Exact. Side conditions: what is sorted beside `x` is its index along the sorted dimension, if anything, and the comparator is
    `key(left) > key(right)` (or `<`) with one elementwise `key` of `x` on both sides. Ascending sorts look for the largest
    complement: the negated key of floats, all of whose bits but the sign it keeps, and the bitwise `not` of integers.

    `chlo.top_k` orders floats by IEEE 754's total order and puts the lower index first among equals, like a stable sort that
    compares by TOTALORDER. An unstable sort may leave equals in any order, so it may leave them in that one; so may an
    unstable sort by FLOAT, which holds zeros of both signs for equal and promises nothing for NaN. A *stable* sort of floats by FLOAT
    does promise an order of zeros: it stays. If `key` is not `x` itself (`jnp.sort` takes both zeros and all NaNs
    for one), the values that were sorted are not those of the key, so only sorts whose indices alone are read are taken.
    """

    name: str = "sort-to-top-k"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        with context():
            for block in function_blocks(module):
                for sort in [op for op in walk(block) if op.name == "stablehlo.sort"]:
                    _slice_before_converting(sort)
                    _replace(sort)
        return ()


@dataclass(frozen=True)
class _Order:
    """What a comparator compares: the key of operand number `operand`, computed by `key` from `argument`."""

    operand: int
    is_descending: bool
    is_total: bool
    key: ir.Value
    argument: ir.Value


def _slice_before_converting(sort: ir.Operation) -> None:
    """`slice(convert(sort))` -> `convert(slice(sort))`: torch's indices are 64-bit numbers, made of torch-xla's of 32."""
    for result in sort.results:
        for convert in [use.owner.operation for use in result.uses]:
            if convert.name != "stablehlo.convert":
                continue
            reads = [use.owner.operation for use in convert.results[0].uses]
            if not reads or any(read.name != "stablehlo.slice" for read in reads):
                continue
            for read in reads:
                with ir.InsertionPoint(read), read.location:
                    kind = ir.RankedTensorType(read.results[0].type)
                    part = recreate(read, [result], [tensor(kind.shape, ir.RankedTensorType(result.type).element_type)])[0]
                    read.results[0].replace_all_uses_with(stablehlo.convert(kind, part))
                read.erase()
            convert.erase()


def _replace(sort: ir.Operation) -> None:
    dim = ir.IntegerAttr(sort.attributes["dimension"]).value
    order = _order(sort.regions[0].blocks[0])
    if order is None or len(sort.operands) > 2 or not _allows_total_order(sort, order):
        return
    values, indices = order.operand, 1 - order.operand
    if len(sort.operands) == 2 and not _is_index(sort.operands[indices], dim):
        return
    slices = [[use.owner.operation for use in result.uses] for result in sort.results]
    reads = [op for row in slices for op in row]
    if not reads or any(op.name != "stablehlo.slice" for op in reads) or (slices[values] and order.key != order.argument):
        return
    k = max(integers(op, "limit_indices")[dim] for op in reads)
    if 2 * k > shape_of(sort.operands[values])[dim]:
        return
    with ir.InsertionPoint(sort), sort.location:
        found = _top_k(sort.operands[values], dim, k, order)
        for number, row in enumerate(slices):
            for op in row:
                _redirect(op, found[0 if number == values else 1])
    sort.erase()


def _order(comparator: ir.Block) -> _Order | None:
    """What the comparator does, if it compares one key of one operand."""
    result = list(comparator.operations)[-1].operation.operands[0]
    compare = produced_by(result, "stablehlo.compare")
    if compare is None:
        return None
    direction = stablehlo.ComparisonDirectionAttr(compare.attributes["comparison_direction"]).value
    left, right = compare.operands
    arguments = list(comparator.arguments)
    for number in range(len(arguments) // 2):
        one, other = arguments[2 * number], arguments[2 * number + 1]
        for first, second, seen in ((one, other, direction), (other, one, _FLIPPED.get(direction, ""))):
            if seen in _FLIPPED and _is_same_key(left, right, first, second, set(arguments)):
                return _Order(number, seen == "GT", "TOTALORDER" in str(compare.attributes.get("compare_type")), left, first)
    return None


def _is_same_key(left: ir.Value, right: ir.Value, first: ir.Value, second: ir.Value, arguments: set[ir.Value]) -> bool:
    """Whether `left` computes from `first` what `right` computes from `second`, elementwise."""
    if left == first or right == second:
        return left == first and right == second
    if left in arguments or right in arguments:
        return False
    one, other = producer(left), producer(right)
    if left == right:
        return one is None or one.block != first.owner or one.name == "stablehlo.constant"
    if one is None or other is None or one.name != other.name or one.name not in _ELEMENTWISE_IN_KEYS or left.type != right.type:
        return False
    if dict(one.attributes.items()) != dict(other.attributes.items()):
        return False
    return all(_is_same_key(a, b, first, second, arguments) for a, b in zip(one.operands, other.operands, strict=True))


def _allows_total_order(sort: ir.Operation, order: _Order) -> bool:
    element = ir.RankedTensorType(order.key.type).element_type
    if isinstance(element, ir.IntegerType):
        return ir.IntegerType(element).width >= 8
    if isinstance(element, ir.ComplexType):
        return False
    return order.is_total or not ir.BoolAttr(sort.attributes["is_stable"]).value


def _is_index(value: ir.Value, dim: int) -> bool:
    """Whether `value` is a 32 or 64-bit iota along `dim`, maybe broadcast."""
    element = ir.RankedTensorType(value.type).element_type
    if not isinstance(element, ir.IntegerType) or ir.IntegerType(element).width < 32:
        return False
    if broadcast := produced_by(value, "stablehlo.broadcast_in_dim"):
        dims = integers(broadcast, "broadcast_dimensions")
        value = broadcast.operands[0]
        if dim not in dims or shape_of(value)[dims.index(dim)] != shape_of(broadcast.results[0])[dim]:
            return False
        dim = dims.index(dim)
    iota = produced_by(value, "stablehlo.iota")
    return iota is not None and ir.IntegerAttr(iota.attributes["iota_dimension"]).value == dim


def _top_k(operand: ir.Value, dim: int, k: int, order: _Order) -> tuple[ir.Value, ir.Value]:
    """The first `k` values and indices along `dim` in the comparator's order."""
    key = _complement_if(not order.is_descending, _vectorise(order.key, order.argument, operand))
    last = len(shape_of(operand)) - 1
    swap = [{dim: last, last: dim}.get(d, d) for d in range(last + 1)]
    if dim != last:
        key = stablehlo.transpose(key, swap)
    shape = (*shape_of(key)[:-1], k)
    element = ir.RankedTensorType(key.type).element_type
    i32 = ir.IntegerType.get_signless(32)
    found = ir.Operation.create(
        "chlo.top_k",
        results=[tensor(shape, element), tensor(shape, i32)],
        operands=[key],
        attributes={"k": ir.IntegerAttr.get(ir.IntegerType.get_signless(64), k)},
    ).results
    values, indices = (stablehlo.transpose(result, swap) if dim != last else result for result in found)
    return _complement_if(not order.is_descending, values), indices


def _vectorise(key: ir.Value, argument: ir.Value, operand: ir.Value) -> ir.Value:
    """The comparator's key of every element of `operand`."""
    shape = shape_of(operand)
    made: dict[ir.Value, ir.Value] = {argument: operand}

    def whole(value: ir.Value) -> ir.Value:
        if value not in made:
            op = producer(value)
            kind = tensor(shape, ir.RankedTensorType(value.type).element_type)
            if op is None or op.block != argument.owner:
                made[value] = filled(value, kind)
            elif op.name == "stablehlo.constant":
                made[value] = filled(op.clone().results[0], kind)
            else:
                made[value] = recreate(op, [whole(child) for child in op.operands], [kind])[0]
        return made[value]

    return whole(key)


def _complement_if(wanted: bool, value: ir.Value) -> ir.Value:
    """What reverses the order of every two values, and itself undoes that."""
    if not wanted:
        return value
    is_integer = isinstance(ir.RankedTensorType(value.type).element_type, ir.IntegerType)
    return stablehlo.not_(value) if is_integer else stablehlo.negate(value)


def _redirect(read: ir.Operation, source: ir.Value) -> None:
    """Let a slice of the sort read the top k instead."""
    with ir.InsertionPoint(read), read.location:
        kind = ir.RankedTensorType(read.results[0].type)
        if kind.element_type != ir.RankedTensorType(source.type).element_type:
            source = stablehlo.convert(tensor(shape_of(source), kind.element_type), source)
        value = source if source.type == kind else recreate(read, [source], [kind])[0]
    read.results[0].replace_all_uses_with(value)
    read.erase()
