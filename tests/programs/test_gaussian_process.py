"""The example from end to end on few points: it fits, learns, and its own checks hold; a limit that is too small is refused at once."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "gaussian_process.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("gaussian_process", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(example, monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gaussian_process.py", *arguments])
    return example.main()


def test_learns_under_the_limit(example, monkeypatch, capsys):
    """4,000 points and 100 inducing ones: the gradient as written takes 17 MB."""
    status = run(example, monkeypatch, "--points", "4000", "--inducing", "100", "--steps", "12", "--limit", "3MB")
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert "split into" in printed
    verdicts = printed.splitlines()[-4:]
    assert all(line.startswith("ok ") for line in verdicts), printed


def test_refuses_what_cannot_fit(example, monkeypatch, capsys):
    status = run(example, monkeypatch, "--points", "4000", "--inducing", "100", "--limit", "100kB")
    assert status == 2
    assert "smallest limit that works" in capsys.readouterr().out
