"""What "auto" means: the bytes that a device has free right now."""

import functools
import os
import time
from pathlib import Path
from typing import Any

# Reading /proc and the cgroup takes longer than dispatching a small program, and free memory is a moving target anyway.
MAXIMUM_AGE_SECONDS = 0.1
_last_read: dict[Any, tuple[float, int]] = {}


def free_bytes(device: Any) -> int:
    """Bytes free on a JAX device, at most MAXIMUM_AGE_SECONDS old."""
    now = time.monotonic()
    known = _last_read.get(device)
    if known is not None and now - known[0] < MAXIMUM_AGE_SECONDS:
        return known[1]
    found = host_free_bytes() if device.platform == "cpu" else _device_free_bytes(device)
    _last_read[device] = (now, found)
    return found


def host_free_bytes(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that this process can still take: available memory, or what is left of its cgroup's limit if that is less."""
    return max(1, min([_available_bytes(proc), *(_left_in(folder) for folder in _cgroup_folders(proc, cgroup))]))


def _device_free_bytes(device: Any) -> int:
    statistics = device.memory_stats() or {}
    if "bytes_limit" not in statistics:
        raise RuntimeError(
            f'memory limit "auto" needs to know the free memory of {device}, which its driver does not tell; name a limit, such as '
            'memory_limit="8GB"'
        )
    return max(1, statistics["bytes_limit"] - statistics.get("bytes_in_use", 0))


def _available_bytes(proc: Path) -> int:
    try:
        lines = (proc / "meminfo").read_text().splitlines()
    except OSError:
        return _physical_bytes()
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(values["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in values else _physical_bytes()


def _physical_bytes() -> int:
    """Free pages where the system counts them, else all of memory."""
    names = getattr(os, "sysconf_names", {})
    pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in names else "SC_PHYS_PAGES"
    if pages not in names:
        raise RuntimeError(
            'memory limit "auto" needs to know the free memory, which this system does not tell; name a limit, such as memory_limit="8GB"'
        )
    return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")


@functools.cache
def _cgroup_folders(proc: Path, cgroup: Path) -> tuple[Path, ...]:
    """The folders of this process's memory cgroup and its ancestors: each can have a limit of its own."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return ()
    folders: dict[Path, None] = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory") and "memory" not in controllers.split(","):
            continue
        root = cgroup if controllers == "" else cgroup / "memory"
        folder = root / path.lstrip("/")  # inside a container the path may be the host's; then only the root is there
        while folder != root:
            folders[folder] = None
            folder = folder.parent
        folders[root] = None
    return tuple(folder for folder in folders if folder.is_dir())


def _left_in(folder: Path) -> int:
    """Limit less usage of one cgroup, version 2 or 1; file pages that the kernel can drop do not count as used."""
    for limit_name, usage_name, cache_name in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            limit, usage = (folder / limit_name).read_text().strip(), int((folder / usage_name).read_text())
            statistics = (folder / "memory.stat").read_text().splitlines()
        except OSError:
            continue
        if limit == "max":
            break
        droppable = sum(int(line.split()[1]) for line in statistics if line.split()[0] == cache_name)
        return int(limit) - max(0, usage - droppable)
    return _UNLIMITED


_UNLIMITED = 2**63 - 1
