"""What an operation takes inside while it runs: the bodies of loops and branches, and the work space of library calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jaxlib.mlir import ir

from xla_passes.analysis.graph import Node
from xla_passes.analysis.liveness import CONTROL_FLOW, inner_bytes
from xla_passes.analysis.workspace import op_workspace_bytes, piece_workspace_bytes
from xla_passes.module import shape_of

_Shapes = tuple[tuple[int, ...], ...]
_Piece = tuple[ir.Operation, _Shapes, _Shapes]


@dataclass
class Inside:
    """The model that the planner uses: whether XLA fuses, and whether there are library calls that take work space (on the CPU)."""

    fuses: bool = True
    has_workspace: bool = False
    _known: dict[tuple[ir.Operation, str], int] = field(default_factory=dict, repr=False)
    _least: dict[ir.Operation, int] = field(default_factory=dict, repr=False)
    _pieces: dict[_Piece, int] = field(default_factory=dict, repr=False)

    def bytes(self, node: Node) -> int:
        """What a node takes inside."""
        if node.name != node.op.name:
            return 0  # it only stands for something that is planned, whose items say what it takes
        if node.name in CONTROL_FLOW:
            return inner_bytes(node, self.fuses, self.bytes)
        return max(0, op_workspace_bytes(node.op) - self._least_bytes(node)) if self.has_workspace else 0

    def known_bytes(self, node: Node) -> int:
        """The same, asked once: until it is forgotten."""
        key = node.op, node.name
        if key not in self._known:
            self._known[key] = self.bytes(node)
        return self._known[key]

    def piece_bytes(self, node: Node, operands: Sequence[Sequence[int]], results: Sequence[Sequence[int]]) -> int:
        """The work space of an operation on pieces of these shapes."""
        key = node.op, tuple(map(tuple, operands)), tuple(map(tuple, results))
        if key not in self._pieces:
            self._pieces[key] = max(0, piece_workspace_bytes(node.op, operands, results) - self._least_bytes(node))
        return self._pieces[key]

    def _least_bytes(self, node: Node) -> int:
        """The work space that pieces of a single element would take: nothing that a loop can do makes it smaller."""
        if node.op not in self._least:
            shapes = ([[1] * len(shape_of(value)) for value in values] for values in (node.op.operands, node.op.results))
            self._least[node.op] = piece_workspace_bytes(node.op, *shapes) if op_workspace_bytes(node.op) else 0
        return self._least[node.op]

    def keep(self, alive: set[ir.Operation]) -> None:
        """Forget all but these operations: another one may come to stand at the same place in memory."""
        self._known = {key: bytes_ for key, bytes_ in self._known.items() if key[0] in alive}
        self._least.clear()
        self._pieces.clear()
