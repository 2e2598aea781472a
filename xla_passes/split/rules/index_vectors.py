"""What gather and scatter share: index vectors, taken apart and put together again with one component counted from where a piece starts."""

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import filled, tensor
from xla_passes.module import shape_of
from xla_passes.structured import element_of, full


def widened(indices: ir.Value, start: ir.Value) -> ir.Value:
    """The indices, in a type that also holds what `start` does; what is negative then in an unsigned one is too large for any dimension."""
    element, counter = ir.IntegerType(element_of(indices)), ir.IntegerType(element_of(start))
    if element.width >= counter.width:
        return indices
    of_width = ir.IntegerType.get_unsigned if element.is_unsigned else ir.IntegerType.get_signless
    return stablehlo.convert(tensor(shape_of(indices), of_width(counter.width)), indices)


def component(indices: ir.Value, vector_dim: int, at: int) -> ir.Value:
    """One component of index vectors, in the shape of their batch."""
    shape = list(shape_of(indices))
    if vector_dim == len(shape):
        return indices
    return stablehlo.reshape(tensor(shape[:vector_dim] + shape[vector_dim + 1 :], element_of(indices)), _column(indices, vector_dim, at))


def with_component(indices: ir.Value, vector_dim: int, at: int, values: ir.Value) -> ir.Value:
    """Index vectors with one component replaced."""
    shape = list(shape_of(indices))
    if vector_dim == len(shape):
        return values
    new = stablehlo.reshape(_column(indices, vector_dim, at).type, values)
    parts = [new if each == at else _column(indices, vector_dim, each) for each in range(shape[vector_dim])]
    return parts[0] if len(parts) == 1 else stablehlo.concatenate(parts, vector_dim)


def _column(indices: ir.Value, vector_dim: int, at: int) -> ir.Value:
    shape = list(shape_of(indices))
    low, high = [0] * len(shape), list(shape)
    low[vector_dim], high[vector_dim] = at, at + 1
    return stablehlo.slice(indices, low, high, [1] * len(shape))


def counted_from(places: ir.Value, start: ir.Value) -> ir.Value:
    """Indices less `start`, a scalar of a type that is no wider."""
    return stablehlo.subtract(places, _everywhere(start, places))


def moved_by(places: ir.Value, step: ir.Value) -> ir.Value:
    """Indices and `step`, a scalar of a type that is no wider."""
    return stablehlo.add(places, _everywhere(step, places))


def _everywhere(number: ir.Value, places: ir.Value) -> ir.Value:
    return filled(stablehlo.convert(tensor((), element_of(places)), number), places.type)


def is_between(values: ir.Value, least: int, most: int) -> ir.Value:
    """Which of the values are from `least` to `most`."""

    def compare(direction: str, number: int) -> ir.Value:
        return stablehlo.compare(values, full(number, values), stablehlo.ComparisonDirectionAttr.get(direction))

    return stablehlo.and_(compare("GE", least), compare("LE", most))
