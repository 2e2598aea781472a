"""How glibc's allocator is kept from holding on to the work space of library calls while a fitted program runs."""

import contextlib
import ctypes
import functools
import threading
from collections.abc import Callable, Iterator

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_MIB = 1 << 20

_lock = threading.Lock()
_users = 0


@functools.cache
def _mallopt() -> Callable[[int, int], int] | None:
    """The C library's `mallopt`, where that is glibc."""
    library = ctypes.CDLL(None)
    return library.mallopt if hasattr(library, "gnu_get_libc_version") else None


@contextlib.contextmanager
def freed_at_once() -> Iterator[None]:
    """While inside, blocks of a MiB and more go back to the system when they are freed.

    By default each thread keeps freed blocks of up to 32 MiB, and a loop over library calls piles them up: 80 to 106 MB in a chain of sort,
    products and top-k that takes 28 to 34 MB so (glibc 2.36). Afterwards the thresholds are the largest that glibc would have come to by
    itself: with small ones the user's own array arithmetic would slow down.
    """
    global _users  # noqa: PLW0603  # the setting is the process's, not ours
    mallopt = _mallopt()
    if mallopt is None:
        yield
        return
    with _lock:
        _users += 1
        if _users == 1:
            mallopt(_M_MMAP_THRESHOLD, _MIB)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                mallopt(_M_MMAP_THRESHOLD, 32 * _MIB)
                mallopt(_M_TRIM_THRESHOLD, 64 * _MIB)
