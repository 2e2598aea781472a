"""A torch program as plain data: calls of ATen operations on numbered values. It goes to a recorder's process, and needs no torch itself.

Values are numbered: arguments first, then results of the calls in order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ref:
    """A value, by its number."""

    index: int


@dataclass(frozen=True)
class TensorSpec:
    """Shape and dtype (of torch) of one value."""

    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True)
class Call:
    """One operation.

    `args` and `kwargs` are trees of lists and tuples with `Ref` for values. `results` has a spec for each result, None where it is no
    tensor; an operation that gives a tuple has several.
    """

    op: str  # "aten.add.Tensor"
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[TensorSpec | None, ...]
    is_several: bool
    source_line: str | None


@dataclass(frozen=True)
class TorchProgram:
    """What a torch function computes, with everything that it mutates as further outputs."""

    name: str
    arguments: tuple[TensorSpec, ...]
    calls: tuple[Call, ...]
    outputs: tuple[Ref, ...]
    results: tuple[TensorSpec, ...]  # what the outputs are like


@dataclass(frozen=True)
class Unsupported:
    """What a recorder answers when it cannot lower a program."""

    op: str
    reason: str
    source_line: str | None


def map_leaves(tree: Any, function: Callable[[Any], Any]) -> Any:
    """A tree of lists, tuples and dicts with `function` of each leaf."""
    if isinstance(tree, (list, tuple)):
        return (tuple if isinstance(tree, tuple) else list)(map_leaves(each, function) for each in tree)  # (not torch.fx's)
    if isinstance(tree, dict):
        return {key: map_leaves(each, function) for key, each in tree.items()}
    return function(tree)
