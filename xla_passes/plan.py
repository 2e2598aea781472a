"""What goes in and out of `fit` besides modules: the compiler's report, the plan that was made, and why none could be."""

from dataclasses import dataclass, field

from jaxlib.mlir import ir


@dataclass(frozen=True)
class Report:
    """The compiler's verdict on one module, in bytes, with the work space that it leaves out."""

    argument_bytes: int
    output_bytes: int
    temp_bytes: int
    alias_bytes: int = 0
    peak_memory_bytes: int = 0
    workspace_bytes: int = 0
    program: object = field(default=None, compare=False, repr=False)  # the compiled program, for whoever runs it

    @property
    def peak_bytes(self) -> int:
        """Upper bound of what the program holds on its device while it runs."""
        held = self.argument_bytes + self.output_bytes + self.temp_bytes - self.alias_bytes
        return max(held, self.peak_memory_bytes) + self.workspace_bytes


@dataclass(frozen=True)
class Loop:
    """One loop that was built: `axis` of the value `op` computes, cut into `pieces` of at most `piece_length`."""

    op: str
    source_line: str | None
    shape: tuple[int, ...]
    axis: int
    kind: str  # the kinds of what the loop does with its pieces: "parallel", "reduction", "sequential", joined by "+"
    axis_length: int
    piece_length: int
    pieces: int
    bytes_before: int
    bytes_piece: int
    recomputed: tuple[str, ...] = ()  # what is computed again in this loop rather than kept
    depth: int = 0  # 0 for a loop of the program itself, 1 for a loop in its body, ...


@dataclass(frozen=True)
class Rewrite:
    """One rewrite that fired."""

    name: str
    source_line: str | None
    is_exact: bool


@dataclass(frozen=True)
class Blocked:
    """A large value that no loop could shrink, and why."""

    op: str
    source_line: str | None
    shape: tuple[int, ...]
    bytes: int
    reason: str


@dataclass(frozen=True)
class Step:
    """One step of the program in order: what is live while `op` runs, by the estimate."""

    op: str
    source_line: str | None
    live_bytes: int


@dataclass(frozen=True)
class Plan:
    """How a module was made to fit, and the compiler's word for it."""

    limit_bytes: int
    report: Report
    unsplit: Report | None  # None where the compiler refused the unsplit program
    unsplit_estimate_bytes: int
    loops: tuple[Loop, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    steps_before: tuple[Step, ...] = ()
    steps_after: tuple[Step, ...] = ()
    estimate_bytes: int = 0  # the temporaries of the fitted program, by the estimate
    estimated_seconds: float | None = None  # rough, to compare plans by; None for a program as it was written


@dataclass(frozen=True)
class Fit:
    """A module under its limit, its plan, and every fit that was compiled on the way (each serves some limit)."""

    module: ir.Module
    plan: Plan
    tried: "tuple[Fit, ...]" = ()


class CannotFitError(Exception):
    """No plan keeps the module under the limit; `tried` holds those that were compiled."""

    def __init__(
        self,
        message: str,
        *,
        op: str,
        source_line: str | None,
        shape: tuple[int, ...],
        needed_bytes: int,
        limit_bytes: int,
        smallest_limit_bytes: int,
        unsplit_peak_bytes: int,
        blocked: tuple[Blocked, ...] = (),
        tried: tuple[Fit, ...] = (),
    ) -> None:
        super().__init__(message)
        self.op = op
        self.source_line = source_line
        self.shape = shape
        self.needed_bytes = needed_bytes
        self.limit_bytes = limit_bytes
        self.smallest_limit_bytes = smallest_limit_bytes
        self.unsplit_peak_bytes = unsplit_peak_bytes
        self.blocked = blocked
        self.tried = tried
