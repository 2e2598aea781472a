"""Lines of the user's code: in the present call stack, and in a traceback."""

import functools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import torch

_HERE = Path(__file__).parent
_TORCH = Path(torch.__file__).parent
_NOT_THE_USERS = (
    str(_TORCH),
    str(_TORCH.parent / "array_api_compat"),  # a layer between the user's code and torch
    str(_HERE),
    str(_HERE.parent / "memarray"),
    str(_HERE.parent / "xla_passes"),
    "<",
)


def _is_users(filename: str) -> bool:
    return not filename.startswith(_NOT_THE_USERS) and not filename.endswith("contextlib.py")


def user_line() -> str | None:
    """`file:line` of the innermost frame of the present stack that is the user's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if _is_users(frame.f_code.co_filename):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return None


def line_of(error: BaseException) -> str | None:
    """`file:line` of the innermost frame of a traceback that is the user's."""
    found = None
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if _is_users(code.co_filename):
            found = f"{code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


_FRAME = re.compile(r'File "([^"]*)", line (\d+), in (.*)')


def frames_in(stack_trace: str | None) -> list[tuple[str, str]]:
    """The user's frames in a stack as Python prints it, outermost first: `file:line`, and the name of the function."""
    return [(f"{file}:{line}", name.strip()) for file, line, name in _FRAME.findall(stack_trace or "") if _is_users(file)]


@functools.lru_cache(maxsize=4096)
def at_line(source_line: str | None) -> Callable[..., Any]:
    """What calls a function from a frame at a line of the user's, so that a tracer notes that line."""
    if not source_line:
        return _call
    file, _, line = source_line.rpartition(":")
    names: dict[str, Any] = {}
    code = "\n" * (int(line) - 1) + "def call(function, *args, **kwargs): return function(*args, **kwargs)"
    exec(compile(code, file, "exec"), names)  # noqa: S102  # the code is the line above
    found: Callable[..., Any] = names["call"]
    return found


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)
