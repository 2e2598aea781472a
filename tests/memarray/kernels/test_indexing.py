"""Choosing by masks and converting indices against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import indexing
from tests.memarray.kernels.comparing import case, compare, expect, has_failed, parameters, plain, run_all

PLAIN = plain((3, 4))
F4, F8, I8, BOOL = PLAIN[6], PLAIN[7], PLAIN[1], PLAIN[0]
SCALAR, LINE = np.array(2, np.int8), np.array([1.5, 2, -3])
INDEX, FAR = np.array([[0, -1], [2, 1]]), np.array([-9, 5, 1, 12])

CASES = {
    "where": [
        *(case(BOOL, one, other) for one, other in zip(PLAIN, PLAIN[::-1], strict=True)),
        *(case(F4, I8, np.float32(2)), case(I8, SCALAR, F8), case(BOOL, LINE.reshape(3, 1), F4)),
    ],
    "select": [
        *(case((BOOL, ~BOOL[:1]), (one, other)) for one, other in zip(PLAIN, PLAIN[::-1], strict=True)),
        *(case((BOOL,), (F4,), 7.5), case((BOOL,), (I8,), np.float64(1.5)), case((BOOL[0], BOOL), (SCALAR, F4), default=np.int64(3))),
    ],
    "unravel_index": [
        case(INDEX % 5, (3, 4)),
        case(SCALAR, (3, 4), "F"),
        case(INDEX % 5, 12),
        case(np.arange(24, dtype=np.uint8), (2, 3, 4)),
        case(INDEX[:0], (2, 2)),
    ],
    "ravel_multi_index": [
        *(case((INDEX % 3, INDEX % 3), (3, 4)), case((INDEX % 3, SCALAR), (3, 4), order="F"), case((FAR, FAR), (3, 4), "clip")),
        *(case((FAR, FAR), (3, 4), ("wrap", "clip")), case(INDEX % 3, (3, 4)), case((FAR, FAR, SCALAR), (3, 4, 5), "wrap", "F")),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(indexing, name), getattr(np, name), CASES[name])


@pytest.mark.parametrize("name", [name for name in indexing.__all__ if name != "CHECKS"])
def test_parameters_are_numpys(name):
    ours, theirs = parameters(getattr(indexing, name)), parameters(getattr(np, name))
    assert [item for item in ours if item != "order"] == theirs


def test_all_have_cases():
    assert set(CASES) | {"CHECKS"} == set(indexing.__all__)


REFUSED = {
    "where": [case(BOOL, F4), case(BOOL, F4, LINE)],
    "select": [case((), ()), case((BOOL,), (F4, F4)), case((I8,), (F4,))],
    "unravel_index": [case(F4, (3, 4)), case(SCALAR, (3, 4), "odd")],
    "ravel_multi_index": [case((INDEX,), (3, 4)), case((F4, F4), (3, 4)), case((INDEX, INDEX), (3, 4), "odd")],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(getattr(np, name), item)
        with pytest.raises(theirs.type):
            run_all(getattr(indexing, name), [item])


CHECKED = {
    "unravel_index": (case(INDEX % 3, (3, 4)), case(SCALAR, 3), case(INDEX, (3, 4)), case(SCALAR, (1, 2))),
    "ravel_multi_index": (
        case((INDEX % 3, INDEX % 3), (3, 4)),
        case((FAR, FAR), (3, 4), "wrap"),
        case((INDEX, INDEX), (3, 4)),
        case((FAR, FAR), (3, 99), ("wrap", "raise")),
    ),
}


@pytest.mark.parametrize("name", CHECKED)
def test_checks_see_what_numpy_raises_for(name):
    check = indexing.CHECKS[name]
    for item in CHECKED[name]:
        try:
            expect(getattr(np, name), item)
        except check[1]:
            has_raised = True
        else:
            has_raised = False
        assert has_failed(check, getattr(indexing, name), *item.arguments, **item.params) is has_raised, str(item)


def test_checks_are_those_tested():
    assert set(CHECKED) == set(indexing.CHECKS)
