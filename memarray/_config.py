"""The settings a user can change: `memarray.config`, and the scoped `memarray.memory_limit`."""

import contextlib
import contextvars
import functools
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from memarray._units import parse_bytes

Limit = int | Literal["auto"]

SPLITS = ("when needed", "always")
REWRITES = ("all", "exact")
RECORDERS = ("jax", "torch-xla", "torchax")


@dataclass(frozen=True)
class Settings:
    """What decides how one call is fitted."""

    memory_limit: Limit
    rewrites: str
    split: str


def parse_limit(value: Any) -> Limit:
    """A limit in bytes, or "auto"."""
    if isinstance(value, str) and value.strip().lower() == "auto":
        return "auto"
    return parse_bytes(value)


class Config:
    """Process-wide settings; assign to its attributes.

    Attributes
    ----------
    memory_limit : int or str
        The limit of every call that is given none: bytes, text such as "2GB", or "auto" (the default), which is what the device has free.
    split : {"when needed", "always"}
        "always" splits whatever has an axis that splits, fitting or not: for tests.
    rewrites : {"all", "exact"}
        "exact" turns off the rewrites whose results differ by rounding.
    recorder : {"jax", "torch-xla", "torchax"}
        What records functions of torch tensors; "jax" (the default), which records everything else, stands for the first of the other two
        that is installed.
    eager_bytes : int
        Operations on evaluated lazy arrays that take at most these bytes together with their result run at once, by NumPy; 0 records
        everything.
    """

    __slots__ = ("_eager_bytes", "_memory_limit", "_recorder", "_rewrites", "_split")

    def __init__(self) -> None:
        self._memory_limit: Limit = "auto"
        self._split = "when needed"
        self._rewrites = "all"
        self._recorder = "jax"
        self._eager_bytes = 1 << 20  # NumPy is as fast up to half of it (benchmarks/lazy.py), and compiles nothing

    @property
    def memory_limit(self) -> Limit:
        """The limit in force here: the innermost `memarray.memory_limit` block's, else the process's."""
        scoped = _scoped_limit.get()
        return self._memory_limit if scoped is None else scoped

    @memory_limit.setter
    def memory_limit(self, value: Any) -> None:
        self._memory_limit = parse_limit(value)

    @property
    def split(self) -> str:
        """When to split: "when needed" or "always"."""
        return self._split

    @split.setter
    def split(self, value: Any) -> None:
        self._split = _one_of("split", value, SPLITS)

    @property
    def rewrites(self) -> str:
        """Which rewrites may fire: "all" or "exact"."""
        return self._rewrites

    @rewrites.setter
    def rewrites(self, value: Any) -> None:
        self._rewrites = _one_of("rewrites", value, REWRITES)

    @property
    def recorder(self) -> str:
        """What records functions of torch tensors: "torch-xla", "torchax", or "jax" for whichever of them is installed."""
        return self._recorder

    @recorder.setter
    def recorder(self, value: Any) -> None:
        self._recorder = _one_of("recorder", value, RECORDERS)

    @property
    def eager_bytes(self) -> int:
        """Up to how many bytes, operands and result together, an operation on evaluated lazy arrays runs at once."""
        return self._eager_bytes

    @eager_bytes.setter
    def eager_bytes(self, value: Any) -> None:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"config.eager_bytes = {value!r}; expected an int of bytes, 0 to record everything")
        if operator.index(value) < 0:
            raise ValueError(f"config.eager_bytes = {value!r}; expected 0 or more bytes")
        self._eager_bytes = operator.index(value)

    def __repr__(self) -> str:
        return (
            f"memarray.config(memory_limit={self.memory_limit!r}, split={self.split!r}, rewrites={self.rewrites!r}, "
            f"recorder={self.recorder!r}, eager_bytes={self.eager_bytes!r})"
        )


config = Config()
_scoped_limit: contextvars.ContextVar[Limit | None] = contextvars.ContextVar("memarray_memory_limit", default=None)


@contextlib.contextmanager
def memory_limit(limit: Any) -> Iterator[None]:
    """Set the memory limit for the calls in a ``with`` block, in this thread (or asyncio task) only.

    Parameters
    ----------
    limit : int or str or None
        Bytes, text such as "256MB", or "auto"; None leaves the configured limit as it is.

    Examples
    --------
    >>> with memarray.memory_limit("256MB"):
    ...     y = f(x)
    """
    token = _scoped_limit.set(_scoped_limit.get() if limit is None else parse_limit(limit))
    try:
        yield
    finally:
        _scoped_limit.reset(token)


def current_settings(limit: Limit | None) -> Settings:
    """The settings for a call whose own limit is `limit`, None for the configured one."""
    return _settings(config.memory_limit if limit is None else limit, config.rewrites, config.split)


_settings = functools.lru_cache(maxsize=1024)(Settings)  # building a dataclass takes longer than the rest of a dispatch's look-ups


def torch_recorder(own: str | None) -> str | None:
    """The recorder for a torch function whose own is `own`; None for whichever is installed."""
    chosen = config.recorder if own is None else own
    return None if chosen == "jax" else chosen


def parse_recorder(value: Any) -> str:
    """The name of a recorder."""
    return _one_of("recorder", value, RECORDERS)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"config.{name} = {value!r}; expected {' or '.join(map(repr, allowed))}")
    return value
