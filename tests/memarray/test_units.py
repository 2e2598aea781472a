"""Bytes as text and back."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memarray._units import format_bytes, parse_bytes

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@given(st.integers(1, 2**62), st.sampled_from([int, np.int64, np.uint64, str, lambda n: f"{n}B", lambda n: f" {n} b "]))
def test_whole_numbers_are_bytes(count, as_type):
    assert parse_bytes(as_type(count)) == count
    assert type(parse_bytes(as_type(count))) is int


@given(
    st.decimals("0.5", "10000", places=3),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["", " "]),
    st.sampled_from([str, str.lower, str.upper]),
)
def test_units_are_exact_and_rounded_down(number, unit, space, case):
    exact = Fraction(number) * UNITS[unit]
    if exact >= 1:
        assert parse_bytes(case(f"{number}{space}{unit}")) == exact.__floor__()


def test_named_examples():
    assert [parse_bytes(text) for text in ("256MB", "256MiB", "2GB", "1.5 GiB", ".5kB", "3.KiB")] == [
        256_000_000,
        2**28,
        2 * 10**9,
        3 * 2**29,
        500,
        3072,
    ]
    assert parse_bytes(2e9) == 2_000_000_000


@pytest.mark.parametrize(
    "text", ["12 parsecs", "", "MB", "1e9", "-1", "-3MB", "0x10", "1,000", "1.2.3MB", "NaN", "inf GB", "5G", "٣MB0", "0", "0MB", "0.1B"]
)
def test_nonsense_text(text):
    with pytest.raises(ValueError, match=re.escape(repr(text))) as caught:
        parse_bytes(text)
    assert "expected bytes" in str(caught.value)


@pytest.mark.parametrize("value", [0, -1, 0.0, 1.5, float("nan"), float("inf"), np.int64(-5), np.float64("nan")])
def test_nonsense_numbers(value):
    with pytest.raises(ValueError, match=r"memory limit .* expected bytes"):
        parse_bytes(value)


@pytest.mark.parametrize("value", [True, np.True_, b"1MB", None, [1], 1j, object(), np.ones(2), np.ones(1)])
def test_nonsense_types(value):
    with pytest.raises(TypeError, match=r"memory limit .* expected bytes"):
        parse_bytes(value)


@given(st.integers(0, 10**17))
def test_formatting_is_close_and_short(count):
    text = format_bytes(count)
    number, unit = text.split()
    scale = {**UNITS, "PB": 10**15}[unit]
    assert abs(float(number) * scale - count) <= scale * 0.0501
    assert len(number) <= 6
