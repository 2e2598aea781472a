"""What a pass is: a frozen dataclass that changes a module in place and says what it did."""

from typing import Protocol

from jaxlib.mlir import ir

from xla_passes.plan import Rewrite


class Pass(Protocol):
    """One transformation; the module is valid before and after it."""

    @property
    def name(self) -> str:
        """The name under which the command line and the plan know it."""
        ...

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place; the rewrites that fired, for the plan (none from mere clean-up)."""
        ...
