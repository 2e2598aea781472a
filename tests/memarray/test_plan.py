"""Plans: their numbers, the note, the table for notebooks, the picture."""

import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memarray
from memarray._plan import Plan
from xla_passes import Loop, Report, Rewrite
from xla_passes.plan import Blocked, Step
from xla_passes.plan import Plan as PassesPlan

X = jax.ShapeDtypeStruct((500, 8), np.float32)
Y = jax.ShapeDtypeStruct((700, 8), np.float32)


def nearest(x, y):
    return jax.lax.top_k(-jnp.abs(x[:, None] - y[None]).sum(-1), 5)


@pytest.fixture(scope="module")
def split():
    return memarray.plan(nearest, X, Y, memory_limit="300kB")


@pytest.fixture(scope="module")
def whole():
    return memarray.plan(nearest, X, Y, memory_limit="1GB")


def nested():
    """A plan with everything that can be in one."""
    outer = Loop("stablehlo.dot_general", "/a/b.py:7", (1000, 70, 3), 0, "parallel", 1000, 300, 4, 840_000, 252_000, ("kernel",))
    inner = Loop("stablehlo.exponential", None, (300, 70), 1, "parallel+reduction", 70, 1, 70, 84_000, 1_200, (), 1)
    passes = PassesPlan(
        500_000,
        Report(1000, 200, 30, peak_memory_bytes=1300),
        None,
        10**9,
        (outer, inner),
        (Rewrite("top-k", "/a/b.py:9", True), Rewrite("distance", None, False)),
        (Blocked("stablehlo.cholesky", "/a/b.py:11", (40, 40), 6400, "its matrix axes need all of it"),),
        tuple(Step("stablehlo.add", "/a/b.py:3", size) for size in (0, 10, 10**9, 10)),
        (Step("stablehlo.while", "/a/b.py:3", 1000),),
    )
    return Plan.of("f<x>", passes, 500_000, is_auto=False)


def test_numbers(split, whole):
    assert split.fits
    assert split.argument_bytes == 4 * 8 * 1200
    assert split.output_bytes >= 500 * 5 * 8
    assert split.peak_bytes <= split.limit_bytes == 300_000 < split.unsplit_peak_bytes == whole.peak_bytes
    assert split.peak_bytes <= split.argument_bytes + split.output_bytes + split.temp_bytes + split.workspace_bytes
    assert not split.unsplit_is_estimate


def test_loops_name_the_users_lines(split):
    (loop,) = [loop for loop in split.loops if loop.depth == 0]
    assert loop.source_line.startswith(__file__)
    assert loop.axis_length in (500, 700)
    assert loop.pieces * loop.piece_length >= loop.axis_length
    assert loop.bytes_piece < loop.bytes_before


def test_the_note(split):
    text = str(split)
    assert text.startswith("plan of `nearest`: fits, split into ")
    for part in (
        r"unsplit peak +1\.\d MB",
        r"limit +300\.0 kB",
        r"fitted peak +\d+\.\d kB = arguments 38\.4 kB",
        r"loop over axis \d of stablehlo",
    ):
        assert re.search(part, text), part
    assert "test_plan.py:23" in text


def test_the_note_of_an_unsplit_program(whole):
    assert str(whole).startswith("plan of `nearest`: fits; nothing was split\n")
    assert "loop over" not in str(whole)
    assert whole.loops == ()


def test_the_note_with_all_that_can_be_in_one():
    assert (
        str(nested())
        == """\
plan of `f<x>`: fits, split into 2 loops
  unsplit peak  1.0 GB (an estimate: the compiler refused it)
  limit         500.0 kB
  fitted peak   1.3 kB = arguments 1.0 kB + outputs 200 B + temporaries 30 B, as the compiler shares them
loop over axis 0 of stablehlo.dot_general [1000, 70, 3] at /a/b.py:7
  parallel: 4 pieces of 300, the last of 100; 840.0 kB whole, 252.0 kB a piece
  recomputed in each piece: kernel
  loop over axis 1 of stablehlo.exponential [300, 70]
    parallel+reduction: 70 pieces of 1; 84.0 kB whole, 1.2 kB a piece
rewritten: top-k at /a/b.py:9 (exact)
rewritten: distance (equal up to rounding)
not split: stablehlo.cholesky [40, 40] at /a/b.py:11, 6.4 kB: its matrix axes need all of it"""
    )


def test_lines_are_relative_to_the_current_folder(split, monkeypatch, tmp_path):
    monkeypatch.chdir(__file__.rpartition("/")[0])
    assert "at test_plan.py:23" in str(split)
    monkeypatch.chdir(tmp_path)
    assert f"at {__file__}:23" in str(split)


def test_html_is_escaped_and_complete(split):
    page = nested()._repr_html_()
    assert "f&lt;x&gt;" in page
    assert "<x>" not in page
    for text in ("1.0 GB", "4 pieces of 300, the last of 100", "kernel", "cholesky"):
        assert text in page
    assert page.count("<div>") == page.count("</div>")
    assert "nearest" in split._repr_html_()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture(split, whole, tmp_path, ending):
    for i, plan in enumerate((split, whole, nested())):
        path = tmp_path / f"{i}.{ending}"
        plan.plot(path)
        assert path.stat().st_size > 5000


def test_matplotlib_is_optional():
    code = """
import sys
sys.modules["matplotlib"] = None  # what an import of a missing module finds
import jax.numpy as jnp, memarray
plan = memarray.plan(jnp.sin, 1.0)
try:
    plan.plot("x.png")
except ImportError as error:
    assert "pip install matplotlib" in str(error), error
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
