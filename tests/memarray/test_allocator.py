"""The allocator's thresholds are set while a program runs, and only then."""

import ctypes
import sys
from pathlib import Path

import pytest

from memarray._allocator import freed_at_once

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="the setting is glibc's")
BLOCK = 8 << 20


def mapped_bytes() -> int:
    """The process's address space."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * 4096


def grows_by_mapping() -> bool:
    """Whether freeing a block of 8 MiB gives its address space back at once."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    block = libc.malloc(BLOCK)
    held = mapped_bytes()
    libc.free(block)
    return held - mapped_bytes() >= BLOCK


def test_blocks_go_back_while_inside_and_are_kept_afterwards():
    assert sys.platform == "linux"
    with freed_at_once():
        with freed_at_once():
            assert grows_by_mapping()
        assert grows_by_mapping()
    guard = bytearray(BLOCK)  # keeps the heap's top from being trimmed
    assert not grows_by_mapping()
    assert len(guard) == BLOCK
