"""One operation written out with what it reads and what reads it, split along each of its axes in a copy of its own: one compilation for all."""

import itertools
import re
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np

from tests.helpers import run
from tests.xla_passes.split.splitting import assert_agree
from xla_passes.module import main_block, parse
from xla_passes.split.loops import emit
from xla_passes.split.planner import forced_loop

PIECES = (3, 2, 1000)  # taken in turn; the last makes pieces of one unit


def split_everywhere(
    arguments: Mapping[str, tuple[str, np.ndarray]],
    lines: Sequence[str],
    result: str,
    axes: Mapping[tuple[str, int], str],
    *,
    is_exact: bool = True,
    evaluate=run,
) -> None:
    """Compare copies of a program with the program.

    `lines` are its operations, `result` the type of what the last of them computes. In each copy one axis of one of the values that they
    name is split: `axes` says which kind of loop that makes, or why there is none.
    """
    values = [value for _, value in arguments.values()]
    refused = [(name, axis, kind) for (name, axis), kind in axes.items() if not _is_kind(kind)]
    kinds = [(name, axis, kind) for (name, axis), kind in axes.items() if _is_kind(kind)]
    wanted = [(*each, count) for each, count in zip(kinds, itertools.cycle(PIECES), strict=False)]
    module = _copies(arguments, lines, result, len(wanted) + 1)
    block = main_block(module)
    ops = [view.operation for view in block.operations]
    (expected,) = evaluate(_copies(arguments, lines, result, 1), *values)
    for name, axis, reason in refused:
        try:
            loop = emit(forced_loop(block, ops[_line_of(lines, name)].results[0], axis, 2))
        except ValueError as error:
            assert reason in str(error), f"{name}, axis {axis}: {error}"
        else:
            raise AssertionError(f"{name}, axis {axis}: {loop.kind}")
    for copy, (name, axis, kind, count) in enumerate(wanted):
        value = ops[(copy + 1) * len(lines) + _line_of(lines, name)].results[0]
        loop = emit(forced_loop(block, value, axis, count))
        assert kind in loop.kind.split("+"), f"{name}, axis {axis}: {loop.kind}"
    module.operation.verify()
    for found, (name, axis, kind, count) in zip(evaluate(module, *values)[1:], wanted, strict=True):
        try:
            assert_agree([_widened(found)], [_widened(expected)], is_exact=is_exact)
        except AssertionError as error:
            raise AssertionError(f"{name}, axis {axis}, {kind}, {count} pieces: {error}") from error


def _widened(array: np.ndarray) -> np.ndarray:
    """NumPy does not know bfloat16's NaN."""
    return array.astype(np.float32) if array.dtype == jnp.bfloat16 else array


def _is_kind(outcome: str) -> bool:
    return outcome in ("parallel", "reduction", "sequential")


def _line_of(lines: Sequence[str], name: str) -> int:
    return next(at for at, line in enumerate(lines) if line.startswith(f"%{name} "))


def _copies(arguments: Mapping[str, tuple[str, np.ndarray]], lines: Sequence[str], result: str, count: int):
    names = "|".join(re.match(r"%(\w+)", line).group(1) for line in lines)
    text = []
    for copy in range(count):
        text += [re.sub(rf"%({names})\b", rf"%\1_{copy}", line) for line in lines]
    last = re.match(r"%(\w+)", lines[-1]).group(1)
    returned = ", ".join(f"%{last}_{copy}" for copy in range(count))
    types = ", ".join([result] * count)
    signature = ", ".join(f"%{name}: {kind}" for name, (kind, _) in arguments.items())
    body = "\n".join(text)
    return parse(f"func.func public @main({signature}) -> ({types}) {{\n{body}\nreturn {returned} : {types}\n}}")
