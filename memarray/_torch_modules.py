"""The modules that a function uses, and what it assigns to their attributes."""

import contextlib
import functools
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from frontends.torch_source import user_line
from memarray.errors import UnsupportedOpError


def modules_of(fn: Any) -> tuple[torch.nn.Module, ...]:
    """The modules that a function is, is bound to, closes over or names: their tensors are looked up at each call."""
    found: list[Any] = []
    while isinstance(fn, functools.partial):
        found += [*fn.args, *fn.keywords.values()]
        fn = fn.func
    found += [fn, getattr(fn, "__self__", None)]
    plain = inspect.unwrap(getattr(fn, "__func__", fn))
    code = getattr(plain, "__code__", None)
    if code is not None:
        found += [cell.cell_contents for cell in plain.__closure__ or () if _is_filled(cell)]
        found += [plain.__globals__.get(each) for each in code.co_names]
    return tuple({id(each): each for each in found if isinstance(each, torch.nn.Module)}.values())


@contextlib.contextmanager
def assignments_written(modules: Sequence[torch.nn.Module]) -> Iterator[None]:
    """A tensor assigned to a buffer while tracing is written into the buffer's own tensor instead: `self.mean = ...` is an update.

    Raises
    ------
    UnsupportedOpError
        For a tensor assigned to anything else, which would be without data afterwards.
    """
    places = [(module, table) for outer in modules for module in outer.modules() for table in _tables(module)]
    before = [dict(table) for _, table in places]
    try:
        yield
    finally:
        changed = []
        for (module, table), old in zip(places, before, strict=True):
            for name, value in list(table.items()):
                if isinstance(value, torch.Tensor) and old.get(name) is not value:
                    changed.append((module, name, old.get(name), value))
                    if name in old:
                        table[name] = old[name]
                    else:
                        del table[name]
    for module, name, old_value, value in changed:
        _write(module, name, old_value, value)


def _tables(module: torch.nn.Module) -> tuple[dict[str, Any], ...]:
    return module._buffers, module._parameters, module.__dict__


def _write(module: torch.nn.Module, name: str, old: Any, new: torch.Tensor) -> None:
    if not isinstance(old, torch.Tensor) or old.shape != new.shape or old.dtype != new.dtype:
        what = f"a tensor of shape {tuple(old.shape)} and {old.dtype}" if isinstance(old, torch.Tensor) else f"{old!r}"
        raise UnsupportedOpError(
            f"`{type(module).__name__}.{name}` is {what}, and the wrapped function assigns a tensor of shape {tuple(new.shape)} and "
            f"{new.dtype} to it. Only a buffer can be assigned, with a tensor like it. Return the tensor, or register a buffer for it.",
            op="setattr",
            source_line=user_line(),
        )
    with torch.no_grad():
        old.copy_(new)


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # empty cells raise
    except ValueError:
        return False
    return True
