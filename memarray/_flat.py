"""Flat iteration: `a.flat`, an iterator and a flat view that can be read and written by index."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from memarray._array import ndarray
from memarray._indexing import value_to_assign
from memarray._operators import functions


class flatiter:  # noqa: N801  # NumPy's name
    """The elements of an array in C order."""

    def __init__(self, base: ndarray) -> None:
        self.base = base
        self._next = 0

    @property
    def index(self) -> int:
        """The position of the next element."""
        return self._next

    @property
    def coords(self) -> tuple[int, ...]:
        """The coordinates of the next element."""
        return tuple(int(each) for each in np.unravel_index(self._next, self.base.shape)) if self.base.shape else ()

    def copy(self) -> ndarray:
        """The elements as a flat array of their own."""
        return self.base.flatten()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._next >= self.base.size:
            raise StopIteration
        found = self.base[self.coords]
        self._next += 1
        return found

    def __len__(self) -> int:
        return self.base.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.base.flatten().__array__(dtype, copy)

    def __getitem__(self, key: Any) -> Any:
        found = self.base.reshape(-1)[key]
        return found.copy() if found.base is not None else found

    def __setitem__(self, key: Any, value: Any) -> None:
        self.base._check_writeable("underlying array")
        flat = self.base.flatten()
        given = value_to_assign(value, flat.dtype).reshape(-1)
        if not given.size:
            return
        target = flat[key]
        if given.size != 1 and target.ndim:
            count = target.size
            repeats = -(-count // given.size)
            given = functions["tile"](given, repeats)[:count].reshape(target.shape)
        flat[key] = given.reshape(()) if given.size == 1 else given
        self.base[...] = flat.reshape(self.base.shape)

    def __eq__(self, other: Any) -> Any:
        return self.base.flatten() == other

    def __ne__(self, other: Any) -> Any:
        return self.base.flatten() != other

    __hash__ = None  # type: ignore[assignment]  # as NumPy's
