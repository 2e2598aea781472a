"""The plain NumPy programs with either import, in this process and at small sizes; and the script that compares them at larger ones."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import memarray

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "examples" / "both_imports.py"


def load_script() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("both_imports", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["both_imports"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


both_imports = load_script()


@pytest.fixture(autouse=True)
def settings():
    kept = memarray.config.eager_bytes, memarray.config.memory_limit
    yield
    memarray.config.eager_bytes, memarray.config.memory_limit = kept


@pytest.fixture(params=["small at once", "all recorded"])
def either_way(request):
    if request.param == "all recorded":
        memarray.config.eager_bytes = 0


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as a user runs it, with what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", both_imports.CASES)
def test_both_imports_give_equal_results(name, either_way):
    case = both_imports.CASES[name]
    expected, actual = (both_imports.load_program(name, library)(case.quick) for library in ("numpy", "memarray"))
    assert all(isinstance(value, memarray.ndarray) for value in actual.values())
    found = both_imports.difference(expected, actual)
    assert found.share <= case.tolerance, found


def test_there_is_a_case_for_each_program():
    assert sorted(both_imports.CASES) == sorted(path.stem for path in both_imports.PROGRAMS.glob("*.py"))


@pytest.mark.parametrize("name", both_imports.CASES)
def test_programs_know_nothing_of_memarray(name):
    source = (both_imports.PROGRAMS / f"{name}.py").read_text()
    assert source.count("import numpy as np\n") == 1
    assert "memarray" not in source


class TestTheDifference:
    def test_is_a_share_of_the_largest_element(self):
        found = both_imports.difference({"a": np.array([1.0, -4.0])}, {"a": np.array([1.0, -3.0])})
        assert (found.share, found.where) == (0.25, "a")

    @pytest.mark.parametrize(
        "actual",
        [{"a": np.array([1, 3])}, {"a": np.array([1.0, 2.0])}, {"a": np.array([[1, 2]])}, {"b": np.array([1, 2])}, {}],
        ids=["values", "dtype", "shape", "name", "nothing"],
    )
    def test_has_no_bound_where_results_are_no_match(self, actual):
        assert both_imports.difference({"a": np.array([1, 2])}, actual).share == np.inf

    def test_a_nan_matches_nothing(self):
        assert both_imports.difference({"a": np.array([1.0, 2.0])}, {"a": np.array([1.0, np.nan])}).share == np.inf


def test_the_script_compares_in_processes_of_their_own():
    done = run_script("--quick", "k_means", "kernel_ridge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "k_means" in done.stdout
    assert "FAILED" not in done.stdout


@pytest.mark.parametrize(("share", "peak_bytes"), [(0.1, 10**6), (0.0, 10**9)], ids=["results", "memory"])
def test_the_script_fails_where_a_check_does(monkeypatch, share, peak_bytes):
    case = both_imports.CASES["heat_equation"]
    ran = both_imports.Run(1.0, 1.0, peak_bytes)
    outcome = both_imports.Outcome(case, case.quick, ran, ran, both_imports.Difference(share, "plate"))
    monkeypatch.setattr(both_imports, "compare", lambda *_, **__: outcome)
    monkeypatch.setattr(sys, "argv", ["both_imports.py", "--limit", "100MB", "heat_equation"])
    assert both_imports.main() == 1


def test_an_unknown_program_is_an_error():
    done = run_script("no_such_program")
    assert done.returncode == 2
    assert "no_such_program" in done.stderr
