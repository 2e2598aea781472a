"""The demo from end to end: a fresh process on the real data under a tight limit, a hopeless limit, and checks that catch what is wrong."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "examples" / "knn_flights.py"


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The demo as a user runs it, with what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, str(DEMO), *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    """The demo as a module."""
    spec = importlib.util.spec_from_file_location("knn_flights", DEMO)
    module = importlib.util.module_from_spec(spec)
    sys.modules["knn_flights"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_finds_the_nearest_flights_under_the_limit(tmp_path: Path) -> None:
    """300 queries want a 404 MB distance matrix; 64 MB have to do, and the demo's own checks have to hold."""
    picture = tmp_path / "memory.png"
    done = run_demo("--queries", "300", "--limit", "64MB", "--out", str(picture))
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = done.stdout.splitlines()[-3:]
    assert all(line.startswith("ok ") for line in verdicts), done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_limit_below_the_arguments_is_refused_before_running(tmp_path: Path) -> None:
    """The flights alone are 17.5 MB."""
    done = run_demo("--queries", "300", "--limit", "10MB", "--out", str(tmp_path / "memory.png"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "10" in done.stdout
    assert "running" not in done.stdout
    assert "Traceback" not in done.stderr


def test_the_check_of_the_neighbours_catches_a_wrong_one(demo: ModuleType) -> None:
    generator = np.random.default_rng(3)
    points = generator.standard_normal((400, 5), dtype=np.float32)
    queries = points[:30]
    squares = ((queries[:, None].astype(np.float64) - points[None]) ** 2).sum(-1)
    indices = np.argsort(squares)[:, : demo.NEIGHBOURS]
    values = -np.take_along_axis(squares, indices, 1).astype(np.float32)
    assert demo.check_neighbours(queries, points, values, indices).holds

    swapped = indices.copy()
    swapped[:, -1] = np.argsort(squares)[:, demo.NEIGHBOURS]
    assert not demo.check_neighbours(queries, points, values, swapped).holds
    farther = -np.take_along_axis(squares, swapped, 1).astype(np.float32)
    assert not demo.check_neighbours(queries, points, farther, swapped).holds
    repeated = indices.copy()
    repeated[:, 1] = repeated[:, 0]
    assert not demo.check_neighbours(queries, points, values, repeated).holds


def test_the_check_of_the_memory_counts_arguments_and_rise(demo: ModuleType) -> None:
    limit_bytes = 256 * 10**6
    assert demo.check_memory(limit_bytes // 2, limit_bytes // 2, limit_bytes).holds
    assert not demo.check_memory(limit_bytes, demo.PROCESS_OVERHEAD_BYTES + 1, limit_bytes).holds


def test_the_resident_peak_sees_memory_that_is_gone_again(demo: ModuleType) -> None:
    peak = demo.ResidentPeak()
    array = np.ones(50 * 10**6, np.uint8)
    del array
    assert peak.rise_bytes() >= 45 * 10**6
