"""Imports go one way, and private names of JAX stay in compat modules. The source is read, nothing is imported."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("memarray", "frontends", "xla_passes")
FORBIDDEN = {
    "memarray": (),
    "frontends": ("memarray", "xla_passes"),
    "xla_passes": ("memarray", "frontends", "jax", "torch", "torch_xla", "torchax"),
}
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in a file, with `from` names appended: `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def private_names(tree: ast.AST) -> Iterator[str]:
    """Private modules and names of jax and jaxlib that a file imports or reads as attributes of them."""
    for module in imported_modules(tree):
        first, *rest = module.split(".")
        if first in ("jax", "jaxlib") and any(part.startswith("_") for part in rest):
            yield module
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            base = ast.unparse(node.value)
            if base.split(".")[0] in ("jax", "jaxlib", "jnp", "ir", "stablehlo", "chlo", "sdy"):
                yield f"{base}.{node.attr}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way_and_private_names_stay_in_compat(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = path.relative_to(ROOT).parts[0]
    wrong = [module for module in imported_modules(tree) if module.split(".")[0] in FORBIDDEN[package]]
    assert not wrong, f"{package} must not import {wrong}"
    if path.name != "compat.py":
        assert not list(private_names(tree))


def test_rules_catch_what_they_are_for() -> None:
    tree = ast.parse("import jax._src.core\nfrom jaxlib.mlir._mlir_libs import x\nimport jax\njax._internal.f()\nfrom jax import numpy")
    assert list(private_names(tree)) == ["jax._src.core", "jaxlib.mlir._mlir_libs.x", "jax._internal"]
    assert "jax.numpy" in list(imported_modules(tree))
