"""What every recorder returns: the program as StableHLO, and how the caller's arguments and results map to it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spec:
    """Shape and dtype of one argument or result of the recorded program."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_weak: bool = False  # JAX's weak type: a Python scalar's dtype, which gives way in promotion

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class Recording:
    """One function, recorded for arguments of given shapes and dtypes.

    The program's arguments are `constants`, then the leaves of the caller's `(args, kwargs)` in the order of `in_tree`. Every one is kept,
    used or not: the caller holds it on the device either way. Random keys go in and come out as their raw words; `in_keys` and `out_keys`
    hold each leaf's key implementation, or None for leaves that are no keys.
    """

    name: str
    definition: str | None  # `file:line` where the function is defined
    artifact: bytes  # StableHLO portable artifact
    arguments: tuple[Spec, ...]  # of the constants too
    results: tuple[Spec, ...]
    constants: tuple[Any, ...]  # arrays that the function closes over, lifted to leading arguments
    in_tree: Any
    out_tree: Any
    in_keys: tuple[Any, ...]
    out_keys: tuple[Any, ...]

    @property
    def argument_bytes(self) -> int:
        """Bytes of all arguments, lifted constants included."""
        return sum(spec.nbytes for spec in self.arguments)

    @property
    def output_bytes(self) -> int:
        """Bytes of all results."""
        return sum(spec.nbytes for spec in self.results)
