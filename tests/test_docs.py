"""The documents name what there is: every public name has its row, every row its name, every linked file is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import memarray
from xla_passes.split.rules import RULES

ROOT = Path(__file__).parent.parent
DOCUMENTS = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))


def test_the_table_of_public_names_is_all() -> None:
    rows = re.findall(r"^\| `memarray\.(\w+)", (ROOT / "docs" / "api.md").read_text(), flags=re.MULTILINE)
    assert sorted(rows) == sorted(memarray.__all__)


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
    assert list(memarray.__all__) == sorted(memarray.__all__)


def test_links_between_documents_lead_somewhere() -> None:
    links = [(document, target) for document in DOCUMENTS for target in re.findall(r"\]\(([^)#\s]+)", document.read_text())]
    local = [(document, target) for document, target in links if not target.startswith(("http://", "https://"))]
    broken = [f"{document.name}: {target}" for document, target in local if not (document.parent / target).exists()]
    assert not broken


def test_the_documents_name_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z]+)", document.read_text()))
        assert named <= targets, f"{document.name} names {sorted(named - targets)}"


def test_the_example_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    source = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL).group(1)
    q, x = np.random.default_rng(0).standard_normal((2, 50, 6), dtype=np.float32)
    names = {"q": q, "x": x}
    exec(compile(source, "README.md", "exec"), names)  # noqa: S102 - what the README tells people to type
    expected = np.sort(((q[:, None] - x[None]) ** 2).sum(-1))[:, :10]
    np.testing.assert_allclose(-names["values"], expected, rtol=1e-5)
    assert "256.0 MB" in capsys.readouterr().out
