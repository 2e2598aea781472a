"""What "auto" reads, from folders laid out like the kernel's."""

import os

import jax

import memarray
from memarray._free_memory import free_bytes, host_free_bytes

MIB = 2**20


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_available_memory_without_cgroups(tmp_path):
    write(tmp_path, proc__meminfo="MemTotal:       1000 kB\nMemFree: 10 kB\nMemAvailable:    640 kB\n")
    assert host_free_bytes(tmp_path / "proc", tmp_path / "none") == 640 * 1024


def test_cgroup_version_2_with_a_tighter_parent(tmp_path):
    write(
        tmp_path,
        proc__meminfo="MemAvailable: 1048576 kB\n",
        proc__self__cgroup="0::/slice/job\n",
        cg__slice__memory_dot_max=f"{100 * MIB}\n",
        cg__slice__memory_dot_current=f"{90 * MIB}\n",
        cg__slice__memory_dot_stat=f"anon 1\ninactive_file {30 * MIB}\n",
        cg__slice__job__memory_dot_max="max\n",
        cg__slice__job__memory_dot_current=f"{80 * MIB}\n",
        cg__slice__job__memory_dot_stat="inactive_file 0\n",
    )
    assert host_free_bytes(tmp_path / "proc", tmp_path / "cg") == 40 * MIB  # pages of files that can be dropped are free


def test_cgroup_version_1_seen_from_inside_a_container(tmp_path):
    write(
        tmp_path,
        proc__meminfo="MemAvailable: 1048576 kB\n",
        proc__self__cgroup="5:cpu:/docker/abc\n4:memory:/docker/abc\n0::/\n",
        cg__memory__memory_dot_limit_in_bytes=f"{200 * MIB}",
        cg__memory__memory_dot_usage_in_bytes=f"{50 * MIB}",
        cg__memory__memory_dot_stat="inactive_file 7\ntotal_inactive_file 0\n",
    )
    assert host_free_bytes(tmp_path / "proc", tmp_path / "cg") == 150 * MIB


def test_a_full_cgroup_still_gives_a_limit(tmp_path):
    write(
        tmp_path,
        proc__meminfo="MemAvailable: 1048576 kB\n",
        proc__self__cgroup="0::/\n",
        cg__memory_dot_max="100",
        cg__memory_dot_current="200",
        cg__memory_dot_stat="inactive_file 0\n",
    )
    assert host_free_bytes(tmp_path / "proc", tmp_path / "cg") == 1


def test_systems_without_proc(tmp_path):
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < host_free_bytes(tmp_path, tmp_path) <= physical


def test_this_machine():
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert MIB < free_bytes(jax.devices()[0]) <= physical


def test_auto_counts_arguments_that_are_on_the_device_already():
    x = jax.numpy.ones(4 * MIB)
    plan = memarray.plan(lambda x: x.sum(), x, memory_limit="auto")
    without = memarray.plan(lambda x: x.sum(), jax.ShapeDtypeStruct(x.shape, x.dtype), memory_limit="auto")
    assert plan.limit_bytes > x.nbytes
    assert "auto" in str(plan)
    assert "auto" in str(without)
