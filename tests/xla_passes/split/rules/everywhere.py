"""An operation with what it reads and what reads it, split along each axis in a copy of its own: one compilation for all of them."""

import itertools
import re
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
import pytest

from tests.helpers import run
from tests.xla_passes.split.splitting import assert_agree
from xla_passes.module import main_block, parse
from xla_passes.split.forced import forced_loop
from xla_passes.split.loops import emit

KINDS = ("parallel", "reduction")
PIECES = (3, 2, 1000)  # taken in turn; the last makes pieces of one unit


def parallel(*axes: str) -> dict[str, str]:
    """Axes of values, such as "x0", that are split without anything handed on from piece to piece."""
    return dict.fromkeys(axes, "parallel")


def reduction(*axes: str) -> dict[str, str]:
    """Axes of values that are split into partial results."""
    return dict.fromkeys(axes, "reduction")


def because(reason: str, *axes: str) -> dict[str, str]:
    """Axes of values that are not split, and why."""
    return dict.fromkeys(axes, reason)


def split_everywhere(
    arguments: Mapping[str, tuple[str, np.ndarray]],
    lines: Sequence[str],
    result: str,
    axes: Mapping[str, str],
    *,
    is_exact: bool = True,
    evaluate=run,
) -> None:
    """Compare copies of a program with the program.

    `lines` are its operations, `result` the type of what the last of them computes. In each copy one axis of one of the values that they
    name is split: `axes` says which kind of loop that makes, or why there is none.
    """
    values = [value for _, value in arguments.values()]
    wanted = dict(zip((at for at, kind in axes.items() if kind in KINDS), itertools.cycle(PIECES), strict=False))
    module = _copies(arguments, lines, result, len(wanted) + 1)
    block = main_block(module)
    ops = [view.operation for view in block.operations]
    (expected,) = evaluate(_copies(arguments, lines, result, 1), *values)
    for at in axes.keys() - wanted.keys():
        with pytest.raises(ValueError, match=re.escape(axes[at])):
            forced_loop(block, ops[_line_of(lines, at[0])].results[0], int(at[1]), 2)
    for copy, (at, count) in enumerate(wanted.items(), start=1):
        value = ops[copy * len(lines) + _line_of(lines, at[0])].results[0]
        loop = emit(forced_loop(block, value, int(at[1]), count))
        assert axes[at] in loop.kind.split("+"), f"{at}: {loop.kind}"
    module.operation.verify()
    for found, (at, count) in zip(evaluate(module, *values)[1:], wanted.items(), strict=True):
        try:
            assert_agree([_widened(found)], [_widened(expected)], is_exact=is_exact)
        except AssertionError as error:
            raise AssertionError(f"{at} in {count} pieces: {error}") from error


def _widened(array: np.ndarray) -> np.ndarray:
    """NumPy does not know bfloat16's NaN."""
    return array.astype(np.float32) if array.dtype == jnp.bfloat16 else array


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
