"""The package itself: what it exports, and that it notices another package in the way of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

import memarray
from memarray._installation import check_siblings


def test_exports_are_sorted_and_there():
    assert sorted(memarray.__all__) == memarray.__all__
    assert all(hasattr(memarray, name) for name in memarray.__all__)


def test_siblings_are_found():
    check_siblings()


@pytest.mark.parametrize("name", ["frontends", "xla_passes"])
def test_a_package_in_the_way_is_named(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    home = str(Path(memarray.__file__).parents[1])
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {home!r}]; import memarray"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert f"memarray needs its own package `{name}` from {home}, but Python found another one in {tmp_path}" in found.stderr
