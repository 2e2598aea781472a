"""The passes' command line, and that the FileCheck collector fails what should fail."""

import io
from pathlib import Path

import pytest

from tests.xla_passes.conftest import check
from xla_passes.opt import main, registry, run_passes

PROGRAM = """func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %unread = stablehlo.cosine %x : tensor<4xf32>
  return %x : tensor<4xf32>
}
"""


def test_runs_the_named_passes_on_each_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.mlir"
    path.write_text(f"{PROGRAM}// -----\n{PROGRAM}", encoding="utf-8")
    assert main(["--pass", "dead-code", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("func.func") == 2
    assert "cosine" not in printed
    assert run_passes(printed, []) == printed


def test_reads_the_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PROGRAM))
    assert main(["--canonicalise"]) == 0
    assert "cosine" not in capsys.readouterr().out


def test_an_unknown_pass_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no pass quick; there are .*dead-code"):
        run_passes(PROGRAM, ["quick"])


def test_every_pass_has_one_name_and_a_filecheck_case_beside_its_tests() -> None:
    checked = "".join(path.read_text(encoding="utf-8").splitlines()[0] for path in Path(__file__).parent.rglob("*.mlir"))
    assert {name for name in registry() if f"--pass {name}" not in checked} == set()


def test_filecheck_says_what_did_not_match(tmp_path: Path) -> None:
    path = tmp_path / "case.mlir"
    path.write_text("// CHECK: stablehlo.sine\n// CHECK-NOT: cosine\n", encoding="utf-8")
    assert check(path, "stablehlo.sine\n") == ""
    assert "Couldn't match" in check(path, "stablehlo.tanh\n")
    assert "cosine" in check(path, "stablehlo.sine\nstablehlo.cosine\n")
