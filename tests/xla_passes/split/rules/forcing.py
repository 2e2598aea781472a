"""What the tests of the rules share: every operation of a name in a module split along one of its axes, and the results compared."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxlib.mlir import ir

from tests.helpers import evaluate
from tests.xla_passes.split.splitting import assert_agree, canonical
from xla_passes.module import clone, main_block, shape_of
from xla_passes.plan import Loop
from xla_passes.split.forced import forced_loop
from xla_passes.split.loops import emit

PIECES = (2, 3, 1000)  # most axes in these tests are of prime length; the last makes pieces of one


def split_all(module: ir.Module, name: str, axis: int, pieces: int) -> tuple[ir.Module, list[Loop]]:
    """A copy in which every operation of that name is in a loop over `axis` of its first result, or is small and read by loops alone."""
    copy = clone(module)
    shapes = {shape_of(op.results[0]) for op in _named(copy, name)}  # what a loop leaves over is smaller
    loops: list[Loop] = []
    before = len(_named(copy, name)) + 1
    while left := [op for op in _named(copy, name) if shape_of(op.results[0]) in shapes and not _is_read_by_loops_alone(op)]:
        assert len(left) < before, f"{name} is still there after {loops[-1]}"
        before = len(left)
        loops.append(emit(forced_loop(main_block(copy), left[-1].results[0], axis, pieces)))
        copy.operation.verify()
    return copy, loops


def _named(module: ir.Module, name: str) -> list[ir.Operation]:
    return [op.operation for op in main_block(module).operations if op.operation.name == name]


def _is_read_by_loops_alone(op: ir.Operation) -> bool:
    """The readers are in the regions of loops, so that their parents are not the block that holds the operation."""
    return all(use.owner.operation.parent != op.parent for result in op.results for use in result.uses)


def check_pieces(
    function: Callable,
    *arguments: np.ndarray,
    op: str,
    axis: int = 0,
    kind: str = "parallel",
    pieces: Sequence[int] = PIECES,
    x64: bool = False,
    is_exact: bool = True,
    run: Callable[..., list[np.ndarray]] = evaluate,
) -> None:
    """Split all operations named `op`, in so many pieces each, and compare with the module as it is; loops have to be of that kind."""
    module = canonical(function, *arguments, x64=x64)
    expected = run(module, *arguments)
    for number in pieces:
        splits, loops = split_all(module, op, axis, number)
        assert loops
        assert all(kind in loop.kind.split("+") for loop in loops)
        assert_agree(run(splits, *arguments), expected, is_exact=is_exact)
