"""`python -m memarray`."""

import subprocess
import sys

import jax
import numpy as np
import pytest

from memarray.__main__ import main, parse_spec

SOURCE = """
import dataclasses
import jax.numpy as jnp
from helper_of_example import three

@dataclasses.dataclass
class Thing:
    x: int

def square(x, y):
    return jnp.sort(jnp.abs(x[:, None] - y[None]).sum(-1), axis=1)[:, :three]

def printing(x):
    import jax
    jax.debug.print("{}", x)
    return x

number = 3
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "helper_of_example.py").write_text("three = 3\n")
    path = tmp_path / "example_of_cli.py"
    path.write_text(SOURCE)
    yield path
    sys.modules.pop("example_of_cli", None)
    sys.modules.pop("helper_of_example", None)


def test_a_plan(file, tmp_path, capsys):
    picture = tmp_path / "plan.svg"
    assert main(["plan", f"{file}:square", "f32[300,4]", "f32[200,4]", "--limit", "100kB", "--plot", str(picture)]) == 0
    out = capsys.readouterr().out
    assert "plan of `square`: fits, split" in out
    assert "limit         100.0 kB" in out
    assert picture.exists()


def test_what_does_not_fit(file, capsys):
    assert main(["plan", f"{file}:square", "f32[300,4]", "f32[200,4]", "--limit", "100"]) == 1
    assert "The smallest limit that works is" in capsys.readouterr().err
    assert main(["plan", f"{file}:printing", "f32[3]"]) == 1
    assert "debug_print" in capsys.readouterr().err


def test_wide_types_turn_x64_on_for_the_command_only(file, capsys):
    before = jax.config.jax_enable_x64
    assert main(["plan", f"{file}:square", "f64[30,4]", "f64[20,4]"]) == 0
    assert "arguments 1.6 kB" in capsys.readouterr().out
    assert jax.config.jax_enable_x64 == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["square", "f32[3]"], "expected a file and a function"),
        (["missing.py:square"], "is not a file"),
        (["{file}:cube"], 'has no function "cube"; it has Thing, printing, square'),
        (["{file}:number"], "has no function"),
        (["{file}:square", "f32"], 'expected a dtype and a shape, such as "f32[1000,64]"'),
        (["{file}:square", "f31[3]"], 'unknown dtype "f31"'),
        (["{file}:square", "--limit", "12 parsecs"], "memory limit '12 parsecs' could not be read"),
    ],
)
def test_mistakes(file, capsys, arguments, message):
    assert main(["plan", *[text.format(file=file) for text in arguments]]) == 2
    assert message in capsys.readouterr().err


def test_specs():
    assert parse_spec(" i32 [ 2, 30 ] ") == jax.ShapeDtypeStruct((2, 30), np.int32)
    assert parse_spec("float16[]") == jax.ShapeDtypeStruct((), np.float16)
    assert parse_spec("bf16[1_000]").dtype.name == "bfloat16"
    assert parse_spec("pred[0]") == jax.ShapeDtypeStruct((0,), bool)


def test_as_a_command(file):
    command = [sys.executable, "-W", "error", "-m", "memarray"]
    shown = subprocess.run([*command, "plan", f"{file}:square", "f32[30,4]", "f32[20,4]"], check=True, capture_output=True, text=True)
    assert "nothing was split" in shown.stdout
    assert subprocess.run(command, check=False, capture_output=True, text=True).returncode == 2
