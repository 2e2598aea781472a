"""What numbers the body of a counted loop sees: in trip `i`, a scalar `a * i + b` is the pair `(a, b)`."""

from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.analysis.graph import Graph
from xla_passes.patterns import constant_integer

_ARITHMETIC = ("stablehlo.add", "stablehlo.subtract", "stablehlo.select", "stablehlo.clamp")


@dataclass(frozen=True)
class Count:
    """A loop that runs while the carried value number `counter`, which counts up from zero, is less than `trips`."""

    body: Graph
    counter: int
    trips: int
    arguments: dict[int, tuple[int, int]]  # those of the body that change by the same number in every trip

    def rows(self, row: tuple[int, int]) -> set[int]:
        """The values of the body that are `a * i + b` in trip `i`."""
        made = (node.results[0] for node in self.body.nodes if node.name in _ARITHMETIC)
        return {value for value in (*self.arguments, *made) if self._number(value) == row}

    def _number(self, value: int) -> tuple[int, int] | None:
        if value in self.arguments:
            return self.arguments[value]
        if (number := constant_integer(self.body.values[value])) is not None:
            return 0, number
        node = self.body.producer(value)
        if node is None or node.name not in _ARITHMETIC or self.body.shapes[value]:
            return None
        if node.name == "stablehlo.select":
            return self._number(node.operands[2]) if self._is_never_negative(node.operands[0]) else None
        if node.name == "stablehlo.clamp":
            low, middle, high = map(self._number, node.operands)
            return middle if low and middle and high and self._is_ordered(low, middle) and self._is_ordered(middle, high) else None
        left, right = (self._number(operand) for operand in node.operands)
        sign = 1 if node.name == "stablehlo.add" else -1
        return (left[0] + sign * right[0], left[1] + sign * right[1]) if left and right else None

    def _is_never_negative(self, asked: int) -> bool:
        """Whether it is asked if a number is negative that never is: JAX does so before it adds an axis's length to an index."""
        node = self.body.producer(asked)
        if node is None or node.name != "stablehlo.compare" or _direction(node.op) != "LT" or constant_integer(node.op.operands[1]) != 0:
            return False
        number = self._number(node.operands[0])
        return number is not None and self._is_ordered((0, 0), number)

    def _is_ordered(self, low: tuple[int, int], high: tuple[int, int]) -> bool:
        """Whether the first number is never larger than the second: as in the first trip, so in the last."""
        return all(low[0] * trip + low[1] <= high[0] * trip + high[1] for trip in (0, self.trips - 1))


def count_of(op: ir.Operation, condition: Graph, body: Graph) -> Count | None:
    """How a loop counts its trips one by one from zero, if it does and there are any."""
    test = counter_of(condition)
    if test is None:
        return None
    found = Count(body, *test, counted_arguments(op, body))
    return found if found.trips > 0 and found.arguments.get(body.arguments[found.counter]) == (1, 0) else None


def counter_of(condition: Graph) -> tuple[int, int] | None:
    """The number of the carried value that a loop's condition says is less than a constant, and the constant."""
    node = condition.producer(condition.terminator.operands[0])
    if node is None or node.name != "stablehlo.compare" or _direction(node.op) != "LT" or node.operands[0] not in condition.arguments:
        return None
    end = constant_integer(node.op.operands[1])
    return None if end is None else (condition.arguments.index(node.operands[0]), end)


def counted_arguments(op: ir.Operation, body: Graph) -> dict[int, tuple[int, int]]:
    """The arguments of a loop's body that change by a constant in every trip: by how much, and from where."""
    found: dict[int, tuple[int, int]] = {}
    for argument, value, operand in zip(body.arguments, body.terminator.operands, op.operands, strict=True):
        node, start = body.producer(value), constant_integer(operand)
        if start is None or node is None or node.name != "stablehlo.add" or argument not in node.operands:
            continue
        step = constant_integer(body.values[node.operands[1 - node.operands.index(argument)]])
        if step is not None:
            found[argument] = step, start
    return found


def _direction(op: ir.Operation) -> str:
    return str(stablehlo.ComparisonDirectionAttr(op.attributes["comparison_direction"]).value)
