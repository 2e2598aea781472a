"""Every operation of StableHLO and chlo, split along every axis of everything that its module computes: the results stay the same."""

import pytest
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, stablehlo

from tests.conformance.stablehlo_modules import CASES, Case
from tests.helpers import evaluate, run
from tests.xla_passes.split.splitting import assert_agree, places, split, value_at
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import parse, shape_of, walk
from xla_passes.patterns import function_blocks
from xla_passes.pipeline import run_passes

_ELSEWHERE = "needs another device, or the host, on the other side"
_QUANTISED = "the types of quantised numbers do not parse (jaxlib 0.10.2)"
WITHOUT_MODULE = {
    **dict.fromkeys(("stablehlo.infeed", "stablehlo.outfeed", "stablehlo.recv", "stablehlo.send"), _ELSEWHERE),
    **dict.fromkeys(("stablehlo.async_start", "stablehlo.async_done"), "XLA's CPU backend makes them itself, and takes none"),
    **dict.fromkeys(("stablehlo.after_all", "stablehlo.create_token"), "has no data"),
    **dict.fromkeys(("stablehlo.uniform_dequantize", "stablehlo.uniform_quantize"), _QUANTISED),
    "stablehlo.rng": "makes other numbers every time",
    "chlo.scan": "a StableHLO artifact cannot hold it (jaxlib 0.10.2)",
}
# Modules of which nothing splits, and why.
WHOLE = {
    "chlo.ragged_dot": "XLA's CPU backend cannot compile it, and JAX records a decomposition in its place",
    "set_dimension_size": "the size of what it makes is known only when it runs",
}


def outcome(case: Case, module: ir.Module):
    return (run if case.is_compiled else evaluate)(module, *case.arguments)


@pytest.mark.parametrize("name", CASES)
def test_split_anywhere(name: str) -> None:
    """In halves and, by the interpreter, in pieces of one."""
    case = CASES[name]
    module = parse(case.text)
    run_passes(module, canonicalise_passes())
    expected = outcome(case, module)
    seen = {str(module)}
    for place in places(module):
        size = shape_of(value_at(module, place))[place.axis]
        for pieces in (2,) if case.is_compiled else sorted({2, size}):
            try:
                made, _ = split(module, (place, pieces))
            except ValueError as error:
                assert "cannot be split: " in str(error)  # noqa: PT017  every axis that stays whole has a reason
                break
            if str(made) not in seen:
                seen.add(str(made))
                assert_agree(outcome(case, made), expected, is_exact=not case.is_compiled)
    assert (len(seen) == 1) == (name in WHOLE)


def test_every_operation_has_a_module() -> None:
    classes = [item for dialect in (stablehlo, chlo) for item in vars(dialect).values() if isinstance(item, type)]
    names = {item.OPERATION_NAME for item in classes if hasattr(item, "OPERATION_NAME")}
    found = set()
    for case in CASES.values():
        found |= {op.name for block in function_blocks(parse(case.text)) for op in walk(block)} - {"func.return"}
    assert found & set(WITHOUT_MODULE) == set()
    assert names - found == set(WITHOUT_MODULE)
