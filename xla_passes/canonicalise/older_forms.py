"""Operations that StableHLO keeps for old programs, and macros of chlo, as the operations that have taken their place."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, tensor
from xla_passes.module import shape_of
from xla_passes.patterns import Rule, apply_rules, integers
from xla_passes.plan import Rewrite
from xla_passes.structured import add_reduce, element_of


@dataclass(frozen=True)
class ReplaceOlderForms:
    """`dot` -> `dot_general`, `broadcast` -> `broadcast_in_dim`, and so on; exact, but for the order in which an einsum's terms are added.

    - `einsum "ab,bc->ca"(x, y)` -> `transpose(dot_general(x, y))`, after sums over labels that only one operand has; `unary_einsum` too.
      Labels are letters, none twice in an operand; others are left alone.
    - `torch_index_select(x, i) {dim}` -> `gather` of whole slices along `dim`.
    - `chlo.constant` -> `constant`; `chlo.constant_like(x) {c}` -> `broadcast_in_dim(constant c)`.
    """

    name: str = "replace-older-forms"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        apply_rules(module, _RULES)
        return ()


def _product(
    op: ir.Operation, operands: Sequence[ir.Value], kind: ir.Type, batch: Sequence[Sequence[int]], contracted: Sequence[Sequence[int]]
) -> ir.Value:
    numbers = stablehlo.DotDimensionNumbers.get(
        lhs_batching_dimensions=list(batch[0]),
        rhs_batching_dimensions=list(batch[1]),
        lhs_contracting_dimensions=list(contracted[0]),
        rhs_contracting_dimensions=list(contracted[1]),
    )
    precision = op.attributes.get("precision_config")
    return stablehlo.dot_general(kind, operands[0], operands[1], numbers, precision_config=precision)


def general_dot(op: ir.Operation) -> ir.Value:
    """`dot` contracts the last dimension of one operand with the first of the other."""
    return _product(op, list(op.operands), op.results[0].type, ((), ()), ([len(shape_of(op.operands[0])) - 1], [0]))


def general_broadcast(op: ir.Operation) -> ir.Value:
    """`broadcast` adds dimensions in front."""
    added, rank = len(integers(op, "broadcast_sizes")), len(shape_of(op.results[0]))
    return stablehlo.broadcast_in_dim(op.results[0].type, op.operands[0], ir.DenseI64ArrayAttr.get(range(added, rank)))


def general_einsum(op: ir.Operation) -> ir.Value | None:
    """One product, with the batch, free and contracted dimensions that the labels say."""
    labels = _labels(op)
    if labels is None:
        return None
    lhs, rhs, out = labels
    operands, labels = [], []
    for value, own, other in ((op.operands[0], lhs, rhs), (op.operands[1], rhs, lhs)):
        summed, left = _sum_unshared(value, own, {*other, *out})
        operands.append(summed)
        labels.append(left)
    lhs, rhs = labels
    batch = [label for label in lhs if label in rhs and label in out]
    contracted = [label for label in lhs if label in rhs and label not in out]
    made = [*batch, *(label for own in labels for label in own if label not in batch and label not in contracted)]
    sizes = {label: size for value, own in zip(operands, labels, strict=True) for label, size in zip(own, shape_of(value), strict=True)}
    kind = tensor([sizes[label] for label in made], element_of(op.results[0]))
    dims = [[[own.index(label) for label in which] for own in labels] for which in (batch, contracted)]
    return _in_order(_product(op, operands, kind, *dims), made, out)


def general_unary_einsum(op: ir.Operation) -> ir.Value | None:
    """Sums over the labels that the result does not have, and a transpose."""
    labels = _labels(op)
    if labels is None:
        return None
    operand, out = labels
    summed, left = _sum_unshared(op.operands[0], operand, out)
    return _in_order(summed, left, out)


def _labels(op: ir.Operation) -> list[str] | None:
    """The labels of each operand and of the result; None where they are not letters, each once in an operand, or the result has others."""
    operands, _, out = ir.StringAttr(op.attributes["einsum_config"]).value.replace(" ", "").partition("->")
    every = [*operands.split(","), out]
    shapes = [shape_of(value) for value in (*op.operands, op.results[0])]
    if len(every) != len(shapes) or not all(len(own) == len(set(own)) == len(shape) for own, shape in zip(every, shapes, strict=True)):
        return None
    is_plain = all(label.isalpha() for label in "".join(every))
    return every if is_plain and set(out) <= set(operands) else None


def _sum_unshared(value: ir.Value, own: str, kept: Collection[str]) -> tuple[ir.Value, str]:
    dims = [dim for dim, label in enumerate(own) if label not in kept]
    left = "".join(label for label in own if label in kept)
    return (add_reduce(value, dims) if dims else value), left


def _in_order(value: ir.Value, labels: Sequence[str], wanted: str) -> ir.Value:
    return value if list(labels) == list(wanted) else stablehlo.transpose(value, [labels.index(label) for label in wanted])


def general_select(op: ir.Operation) -> ir.Value:
    """`torch_index_select`: for each index the slice at that place of `dim`; the first `batch_dims` dimensions go in step."""
    value, index = op.operands
    shape, rank = list(shape_of(value)), len(shape_of(index))
    dim, batched = (ir.IntegerAttr(op.attributes[name]).value for name in ("dim", "batch_dims"))
    batch = list(range(batched))
    sizes = [1 if at == dim or at < batched else size for at, size in enumerate(shape)]
    after = range(dim + rank - batched, len(shape_of(op.results[0])))
    numbers = stablehlo.GatherDimensionNumbers.get(
        offset_dims=[*range(batched, dim), *after],
        collapsed_slice_dims=[dim],
        operand_batching_dims=batch,
        start_indices_batching_dims=batch,
        start_index_map=[dim],
        index_vector_dim=rank,
    )
    return stablehlo.gather(value, index, numbers, sizes)


def plain_constant(op: ir.Operation) -> ir.Value:
    """`chlo.constant`."""
    return stablehlo.constant(op.attributes["value"])


def constant_like(op: ir.Operation) -> ir.Value:
    """`chlo.constant_like` takes nothing but the shape from its operand, which is known."""
    kind = ir.RankedTensorType(op.results[0].type)
    number = ir.DenseElementsAttr.get_splat(tensor((), kind.element_type), op.attributes["value"])
    return filled(stablehlo.constant(number), kind)


_RULES: dict[str, Rule] = {
    "stablehlo.dot": general_dot,
    "stablehlo.broadcast": general_broadcast,
    "stablehlo.einsum": general_einsum,
    "stablehlo.unary_einsum": general_unary_einsum,
    "stablehlo.torch_index_select": general_select,
    "chlo.constant": plain_constant,
    "chlo.constant_like": constant_like,
}
