"""Taking, choosing and putting by indices and masks against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import indexing
from tests.memarray.kernels.comparing import case, compare, each, expect, has_failed, numbers, parameters, plain, run_all

PLAIN, SPICED = plain((3, 4)), numbers((3, 4))
F4, F8, C8, I8, BOOL = PLAIN[6], PLAIN[7], PLAIN[8], PLAIN[1], PLAIN[0]
SCALAR, EMPTY = np.array(2, np.int8), np.zeros((0, 4), np.float32)
INDEX, FAR = np.array([[0, -1], [2, 1]]), np.array([-9, 5, 1, 12])
ORDER, LINE = np.argsort(F8, 1), np.array([1.5, 2, -3])
NAN = np.array([complex(np.nan, 1), complex(1, np.nan), 1 + 1j, 2 - 1j, 1 - 1j])

CASES = {
    "take": [
        *each(PLAIN, INDEX),
        *(
            case(F4, INDEX, 1),
            case(F4, SCALAR, axis=0),
            case(F4, np.int64(-1), axis=1),
            case(F4, FAR, mode="wrap"),
            case(F4, FAR, 1, mode="clip"),
        ),
        *(
            case(SCALAR, INDEX * 0),
            case(EMPTY, INDEX, 1),
            case(EMPTY, INDEX[:0]),
            case(F4, BOOL, axis=0),
            case(F4, INDEX.astype(np.uint8) % 3, axis=0),
        ),
    ],
    "take_along_axis": [
        *each(PLAIN, ORDER),
        *(case(F4, ORDER % 3, 0), case(F4, ORDER[:1, :2], axis=1), case(F4, INDEX.reshape(-1), None), case(F4, -1 - ORDER, axis=1)),
        *(case(F4[:1], ORDER, 1), case(EMPTY, np.zeros((1, 4), np.int64)[:0], 0), case(F4, ORDER.astype(np.uint8), 1)),
    ],
    "where": [
        *(case(BOOL, one, other) for one, other in zip(PLAIN, PLAIN[::-1], strict=True)),
        *(case(F4, I8, np.float32(2)), case(I8, SCALAR, F8), case(BOOL, LINE.reshape(3, 1), F4)),
    ],
    "select": [
        *(case((BOOL, ~BOOL[:1]), (one, other)) for one, other in zip(PLAIN, PLAIN[::-1], strict=True)),
        *(case((BOOL,), (F4,), 7.5), case((BOOL,), (I8,), np.float64(1.5)), case((BOOL[0], BOOL), (SCALAR, F4), default=np.int64(3))),
    ],
    "choose": [
        *(case(np.array([0, 1, 1, 0]), (one, other)) for one, other in zip(PLAIN, PLAIN[::-1], strict=True)),
        *(case(FAR, (I8, F4, C8), mode="wrap"), case(FAR, (I8, F4, SCALAR), mode="clip"), case(I8 % 3, F4), case(BOOL, (F4, I8))),
    ],
    "clip": [
        *(case(array, array.dtype.type(0), array.dtype.type(1)) for array in SPICED),
        *(case(array, None, array[0]) for array in SPICED),
        *(
            case(NAN, NAN[::-1].copy(), None),
            case(NAN, max=NAN[2:3]),
            case(F4, min=np.float32(np.nan)),
            case(I8, F4, None),
            case(F4),
            case(F4, F8, I8[0]),
        ),
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


def _written(name):
    """What a function that writes into its first argument makes of it."""

    def write(a, *arguments, **params):
        a = a.copy()
        getattr(np, name)(a, *arguments, **params)
        return a

    return write


MASK = F8 > 0
WRITTEN = {
    "put": [
        *each(PLAIN, INDEX, LINE.astype(np.int8)),
        case(F4, FAR, F8, "wrap"),
        case(F4, FAR, F8, mode="clip"),
        case(F4, SCALAR, SCALAR),
        case(F4, INDEX, EMPTY),
    ],
    "put_along_axis": [
        *each(PLAIN, ORDER, I8, 1),
        *(case(F4, ORDER[:, :2], np.float64(3), 1), case(F4, ORDER[:1] % 3, LINE[0:1], 0), case(F4, INDEX.reshape(-1), SCALAR, None)),
        case(F4, ORDER[:, :1], F8[:, :1], -1),
    ],
    "place": [
        *(case(array, MASK, other[0]) for array, other in zip(PLAIN, PLAIN[::-1], strict=True) if np.can_cast(other.dtype, array.dtype)),
        case(F8, I8, LINE),
        case(F8, F4, F4[:1, :1]),
        case(F4, MASK & False, EMPTY),
    ],
    "putmask": [
        *(case(array, MASK, array[1]) for array in PLAIN),
        case(F8, I8, LINE),
        case(F8, MASK, F4),
        case(F4, MASK, EMPTY),
        case(F4, MASK, SCALAR),
    ],
    "copyto": [
        *(case(array, array[::-1].copy(), where=MASK) for array in PLAIN),
        *(case(F8, I8[0]), case(F4, F8), case(I8, F8, "unsafe"), case(F4, SCALAR, where=MASK[0]), case(I8, 3), case(F4, F8[None])),
    ],
}


@pytest.mark.parametrize("name", WRITTEN)
def test_gives_the_array_that_numpy_writes(name):
    compare(getattr(indexing, name), _written(name), WRITTEN[name])


@pytest.mark.parametrize("name", [name for name in indexing.__all__ if name not in ("CHECKS", "clip")])
def test_parameters_are_numpys(name):
    ours, theirs = parameters(getattr(indexing, name)), parameters(getattr(np, name))
    assert [item for item in ours if item != "order"] == theirs


def test_all_have_cases():
    assert set(CASES) | set(WRITTEN) | {"CHECKS"} == set(indexing.__all__)


REFUSED = {
    "take": [case(F4, F4), case(EMPTY, INDEX), case(F4, INDEX, 2), case(F4, INDEX, mode="odd")],
    "take_along_axis": [case(F4, F4, 0), case(F4, INDEX[0], 1), case(F4, ORDER, 2), case(F4, ORDER[:2], 1), case(F4, INDEX, None)],
    "where": [case(BOOL, F4), case(BOOL, F4, LINE)],
    "select": [case((), ()), case((BOOL,), (F4, F4)), case((I8,), (F4,))],
    "choose": [case(F4, (F4, F4)), case(INDEX, (F4, F4)), case(BOOL, ())],
    "clip": [case(F4, SCALAR, SCALAR, min=SCALAR), case(F4, LINE, LINE)],
    "unravel_index": [case(F4, (3, 4)), case(SCALAR, (3, 4), "odd")],
    "ravel_multi_index": [case((INDEX,), (3, 4)), case((F4, F4), (3, 4)), case((INDEX, INDEX), (3, 4), "odd")],
    "put": [case(F4, F4, F4), case(EMPTY, INDEX, F4)],
    "put_along_axis": [case(F4, F4, F4, 0), case(F4, ORDER, F4, 2), case(F4, INDEX[0], F4, 1)],
    "place": [case(F4, MASK[0], F4), case(F4, MASK, F8)],
    "putmask": [case(F4, MASK[0], F4), case(F4, MASK, F8)],
    "copyto": [case(I8, F4), case(F4, LINE), case(F4, F4, where=I8), case(F4, F4, where=LINE > 0)],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(_written(name) if name in WRITTEN else getattr(np, name), item)
        with pytest.raises(theirs.type):
            run_all(getattr(indexing, name), [item])


CHECKED = {
    "take": (case(F4, INDEX), case(F4, INDEX, 1), case(F4, INDEX + 1, 0), case(F4, INDEX - 13)),
    "take_along_axis": (case(F4, ORDER, 1), case(F4, ORDER), case(F4, ORDER, 0), case(F4, ORDER[0] + 9, None)),
    "put_along_axis": (
        case(F4, ORDER, F4, 1),
        case(F4, -1 - ORDER, F4, axis=1),
        case(F4, ORDER, F4, 0),
        case(F4, ORDER[0] + 9, F4[0], None),
    ),
    "put": (case(F4, INDEX, F4), case(F4, FAR, F4, "wrap"), case(F4, FAR, F4), case(F4, FAR - 12, F4)),
    "place": (case(F8, MASK, LINE), case(F4, MASK & False, EMPTY), case(F4, MASK, EMPTY)),
    "choose": (case(BOOL, (F4, F4)), case(FAR, (F4, F4), mode="clip"), case(FAR, (F4, F4)), case(-BOOL.astype(int), (F4, F4))),
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
            expect(_written(name) if name in WRITTEN else getattr(np, name), item)
        except check[1]:
            has_raised = True
        else:
            has_raised = False
        assert has_failed(check, getattr(indexing, name), *item.arguments, **item.params) is has_raised, str(item)


def test_checks_are_those_tested():
    assert set(CHECKED) == set(indexing.CHECKS)
