"""Arrays as text and in files; printing and saving evaluate."""

from typing import Any

import numpy as np

from memarray._array import ndarray
from memarray._creation import asarray
from memarray._host import host_function, wrap_results

array2string = host_function(np.array2string)
array_repr = host_function(np.array_repr)
array_str = host_function(np.array_str)
base_repr = np.base_repr
binary_repr = host_function(np.binary_repr)
format_float_positional = host_function(np.format_float_positional)
format_float_scientific = host_function(np.format_float_scientific)
save = host_function(np.save)
savetxt = host_function(np.savetxt)
savez = host_function(np.savez)
savez_compressed = host_function(np.savez_compressed)


def load(file: Any, mmap_mode: Any = None, allow_pickle: bool = False, **kwargs: Any) -> Any:
    """An array from a file of `save`; of `savez`, what NumPy gives, whose arrays `asarray` takes."""
    return _loaded(np.load(file, mmap_mode, allow_pickle, **kwargs))


def _loaded(found: Any) -> Any:
    return asarray(found) if isinstance(found, np.ndarray) else _Archive(found) if hasattr(found, "files") else found


class _Archive:
    """The arrays of a file of `savez`, by name."""

    def __init__(self, archive: Any) -> None:
        self._archive = archive
        self.files = archive.files

    def __getitem__(self, name: str) -> ndarray:
        return asarray(self._archive[name])

    def __contains__(self, name: str) -> bool:
        return name in self.files

    def __iter__(self) -> Any:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def keys(self) -> Any:
        """The names."""
        return self.files

    def items(self) -> Any:
        """Names and arrays."""
        return [(name, self[name]) for name in self.files]

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def __enter__(self) -> "_Archive":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def loadtxt(*args: Any, **kwargs: Any) -> Any:
    """An array of the numbers in a text file."""
    return wrap_results(np.loadtxt(*args, **kwargs))
