"""A read-only snapshot of one block, in plain Python: analyses ask it thousands of questions, and MLIR objects answer slowly."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jaxlib.mlir import ir

from xla_passes.module import type_bytes


@dataclass(frozen=True)
class Node:
    """One operation: the numbers of the values that it reads (those that its regions capture last) and of its results."""

    index: int
    op: ir.Operation
    name: str
    operands: tuple[int, ...]
    captures: tuple[int, ...]
    results: tuple[int, ...]

    @functools.cached_property
    def reads(self) -> tuple[int, ...]:
        """Everything that must be there when the operation runs."""
        return self.operands + self.captures


@dataclass(frozen=True)
class Graph:
    """A block's operations in order, and its values by number; `bytes` is what a value takes were it materialised."""

    block: ir.Block
    nodes: tuple[Node, ...]
    values: tuple[ir.Value, ...]
    shapes: tuple[tuple[int, ...], ...]
    bytes: tuple[int, ...]
    owner: tuple[int, ...]  # index of the node that computes the value, -1 for arguments and for values of outer blocks
    arguments: tuple[int, ...]
    number: dict[ir.Value, int] = field(repr=False)
    found: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)  # what analyses keep about this snapshot

    @functools.cached_property
    def users(self) -> tuple[tuple[int, ...], ...]:
        """For each value, the indices of the nodes that read it, in order."""
        readers: list[list[int]] = [[] for _ in self.values]
        for node in self.nodes:
            for value in dict.fromkeys(node.reads):
                readers[value].append(node.index)
        return tuple(tuple(row) for row in readers)

    @functools.cached_property
    def descendants(self) -> tuple[int, ...]:
        """For each node, those that need something that is computed from its results: as the bits of an integer."""
        found = [0] * len(self.nodes)
        for node in reversed(self.nodes):
            for value in node.results:
                for user in self.users[value]:
                    found[node.index] |= found[user] | 1 << user
        return tuple(found)

    @functools.cached_property
    def outer(self) -> frozenset[int]:
        """The block's arguments, and values of outer blocks."""
        return frozenset(value for value, owner in enumerate(self.owner) if owner < 0)

    @functools.cached_property
    def protected(self) -> frozenset[int]:
        """Values that may not be written over: the program's arguments and what belongs to outer blocks."""
        return self.outer if self.terminator.name != "stablehlo.return" else self.outer - set(self.arguments)

    def can_take_over(self, value: int, result: int) -> bool:
        """Whether a result may have the buffer of a value that nobody reads afterwards."""
        return self.bytes[value] == self.bytes[result] and value not in self.protected

    def producer(self, value: int) -> Node | None:
        """The node that computes a value; None for arguments and values of outer blocks."""
        return self.nodes[self.owner[value]] if self.owner[value] >= 0 else None

    @property
    def terminator(self) -> Node:
        """The operation that returns the block's results."""
        return self.nodes[-1]

    @functools.cached_property
    def outputs(self) -> frozenset[int]:
        """The values that the block returns."""
        return frozenset(self.terminator.operands)


def captured_values(op: ir.Operation) -> Iterator[ir.Value]:
    """The values that the regions of `op` read from outside of `op`."""
    for region in op.regions:
        for block in region.blocks:
            inner: set[ir.Value] = set(block.arguments)
            for child in block.operations:
                for value in (*child.operation.operands, *captured_values(child.operation)):
                    if value not in inner:
                        yield value
                inner.update(child.operation.results)


@functools.lru_cache(maxsize=1 << 12)
def _measure(kind: ir.Type) -> tuple[tuple[int, ...], int]:
    """The shape and bytes of values of a type: there are many values and few types, and asking MLIR is slow."""
    return tuple(kind.shape) if isinstance(kind, ir.RankedTensorType) else (), type_bytes(kind)


def snapshot(block: ir.Block) -> Graph:
    """The block as it is now; it has to be taken anew once the block changes."""
    number: dict[ir.Value, int] = {}
    owner: list[int] = []

    def numbered(value: ir.Value, node_index: int = -1) -> int:
        if value not in number:
            number[value] = len(number)
            owner.append(node_index)
        return number[value]

    arguments = tuple(numbered(value) for value in block.arguments)
    nodes = []
    for index, view in enumerate(block.operations):
        op = view.operation
        operands = tuple(numbered(value) for value in op.operands)
        captures = tuple(dict.fromkeys(numbered(value) for value in captured_values(op))) if len(op.regions) else ()
        results = tuple(numbered(value, index) for value in op.results)
        nodes.append(Node(index, op, op.name, operands, captures, results))
    values = tuple(number)
    measured = [_measure(value.type) for value in values]
    return Graph(
        block=block,
        nodes=tuple(nodes),
        values=values,
        shapes=tuple(shape for shape, _ in measured),
        bytes=tuple(size for _, size in measured),
        owner=tuple(owner),
        arguments=arguments,
        number=number,
    )
