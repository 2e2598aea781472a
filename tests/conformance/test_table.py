"""docs/operations.md has a row for each op of the dialects, and none for others. `make conformance` writes it."""

import re

from tests.conformance.table import PAGE, blamed, operation_names
from tests.conformance.trial import NO_LOOP, Refusal


def test_the_page_has_every_operation_in_order():
    named = re.findall(r"^\| `((?:stablehlo|chlo)\.[\w-]+)`", PAGE.read_text(), flags=re.MULTILINE)
    assert named == operation_names()


def test_a_refusal_is_of_the_operations_that_it_names():
    reason = "stablehlo.sort: the dimension that is sorted; stablehlo.fft: a dimension that is transformed"
    assert list(blamed(Refusal("stablehlo.abs", "", reason))) == [
        ("stablehlo.sort", "the dimension that is sorted"),
        ("stablehlo.fft", "a dimension that is transformed"),
    ]
    assert list(blamed(Refusal("stablehlo.abs", "", NO_LOOP))) == [("stablehlo.abs", NO_LOOP)]
