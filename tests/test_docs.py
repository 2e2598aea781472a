"""The documents name what there is: every public name has its row, every row its name, every linked file is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import memarray
from memarray._absent import ABSENT
from tests.numpy_table import MARK, PAGE, names_of, tables
from xla_passes.split.rules import RULES

ROOT = Path(__file__).parent.parent
DOCUMENTS = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))


def test_the_table_of_public_names_is_all() -> None:
    rows = re.findall(r"^\| `memarray\.(\w+)", (ROOT / "docs" / "api.md").read_text(), flags=re.MULTILINE)
    assert sorted(rows) == sorted(name for name in memarray.__all__ if name.startswith("__") or not hasattr(np, name))


def test_the_table_of_numpys_names_is_as_generated() -> None:
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2].strip() == tables().strip()


def test_every_name_of_numpys_is_there_or_absent_for_a_reason() -> None:
    assert not set(ABSENT) & set(memarray.__all__)
    assert not [name for name in names_of(np) if not hasattr(memarray, name) and name not in ABSENT]
    with pytest.raises(AttributeError, match=r"numpy\.matrix is discouraged"):
        memarray.matrix  # noqa: B018  # asking is the point


def test_the_page_of_what_splits_names_every_operation_with_a_rule() -> None:
    named = re.findall(r"`((?:stablehlo|chlo)\.\w+)`", (ROOT / "docs" / "splitting.md").read_text())
    assert sorted(named) == sorted(RULES)


def reasons() -> Iterator[str]:
    """Why an axis is blocked, as the rules say it in plans."""
    for path in (ROOT / "xla_passes" / "split" / "rules").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("blocked", "_batch_rule"):
                yield from (each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str))


def test_the_page_of_what_splits_has_every_reason() -> None:
    found = set(reasons())
    assert "the dimension that is sorted" in found
    page = (ROOT / "docs" / "splitting.md").read_text()
    assert not [reason for reason in found if f'"{reason}"' not in page]


def test_all_is_sorted() -> None:
    assert list(memarray.__all__) == sorted(set(memarray.__all__))


def test_links_between_documents_lead_somewhere() -> None:
    links = [(document, target) for document in DOCUMENTS for target in re.findall(r"\]\(([^)#\s]+)", document.read_text())]
    local = [(document, target) for document, target in links if not target.startswith(("http://", "https://"))]
    broken = [f"{document.name}: {target}" for document, target in local if not (document.parent / target).exists()]
    assert not broken


def test_the_documents_name_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
        assert named <= targets, f"{document.name} names {sorted(named - targets)}"


BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)


def test_the_first_example_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    try:
        exec(compile(BLOCKS[0].replace("20_000", "50").replace("100_000", "90"), "README.md", "exec"), names)  # noqa: S102 - what the README tells people to type
    finally:
        memarray.config.memory_limit = "auto"
    rng = np.random.default_rng(0)
    q, x = rng.normal(size=(50, 16)), rng.normal(size=(90, 16))
    expected = ((q[:, None] - x[None]) ** 2).sum(-1).argsort(axis=1)[:, :10]
    np.testing.assert_array_equal(names["nearest"], expected)
    assert "256.0 MB" in capsys.readouterr().out


def test_the_second_example_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    q, x = np.random.default_rng(0).standard_normal((2, 50, 6), dtype=np.float32)
    names = {"q": q, "x": x}
    exec(compile(BLOCKS[1], "README.md", "exec"), names)  # noqa: S102 - what the README tells people to type
    expected = np.sort(((q[:, None] - x[None]) ** 2).sum(-1))[:, :10]
    np.testing.assert_allclose(-names["values"], expected, rtol=1e-5)
    assert "256.0 MB" in capsys.readouterr().out
