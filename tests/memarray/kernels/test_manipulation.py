"""Joining, repeating, shifting and padding against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import manipulation
from tests.memarray.kernels.comparing import case, compare, each, expect, parameters, plain, run_all

PLAIN, LINES, CUBE = plain((3, 4)), plain((5,)), plain((2, 3, 4), [np.float32])[0]
F4, F8, C8, I8, U64, BOOL = PLAIN[6], PLAIN[7], PLAIN[8], PLAIN[1], PLAIN[4], PLAIN[0]
SCALAR, EMPTY = np.array(3, np.int8), np.zeros((0, 4), np.float32)
BITS = np.arange(30, dtype=np.uint8).reshape(5, 6) * 9
F4_TYPE = np.dtype(np.float32)

JOINED = [
    *(case((one, other)) for one, other in zip(PLAIN, PLAIN[::-1], strict=True)),
    *(case((F8, F4), dtype=F4_TYPE), case((CUBE, CUBE)), case((I8,)), case((F4, I8), dtype=np.dtype(np.int8), casting="unsafe")),
]
ALONG = [*JOINED, case((CUBE, CUBE[:, :1]), 1), case((EMPTY, F8), 0), case((F4, LINES[1]), None), case((F8, F8), axis=-1), case(CUBE)]
STACKED = [*JOINED, case(LINES[:3]), case((SCALAR, SCALAR)), case(CUBE)]
PAD_WIDTHS = (2, (1, 3), ((0, 2), (3, 1)))
PLACES = (1, -1, (1,), (0, 3, 3), (-1, 0), slice(None, None, 2), (True, False, True, False))

CASES = {
    "concatenate": ALONG,
    "stack": [*JOINED, case((F8, F4), -1), case((SCALAR, SCALAR)), case((F8, F8), 1)],
    "hstack": STACKED,
    "vstack": STACKED,
    "dstack": [item for item in STACKED if not item.params],
    "column_stack": [case((LINES[1], LINES[7])), case((F4, LINES[7][:3])), case((SCALAR, SCALAR)), case((F4, F4))],
    "tile": [
        *each(PLAIN[:7], 2),
        case(F4, (2, 1, 3)),
        case(LINES[1], (2, 2)),
        case(SCALAR, 3),
        case(F4, 0),
        case(EMPTY, (2, 1)),
        case(F4, ()),
    ],
    "roll": [
        *each(PLAIN[:7], 1),
        *(
            case(F4, -5, 1),
            case(F4, (1, 2), (0, 1)),
            case(F4, 2, (0, 1)),
            case(F4, (1, 1), 0),
            case(EMPTY, 1),
            case(EMPTY, 3, 0),
            case(SCALAR, 1),
        ),
    ],
    "resize": [*each(PLAIN[:7], (2, 7)), case(F4, 3), case(EMPTY, (2, 2)), case(F4, (0, 3)), case(F4, (5, 5, 5)), case(SCALAR, 3)],
    "delete": [
        *(case(F4, place, axis=1) for place in PLACES),
        case(F4, 3),
        case(CUBE, (0, -1), -2),
        case(I8, slice(8, 2, -1)),
        case(LINES[7], (1, 1, 2)),
    ],
    "insert": [
        *(case(F4, place, np.float64(7), axis=1) for place in PLACES),
        *(case(F4, place, I8[:, :2], axis=1) for place in ((1, 3), (3, 1), (2, 2), slice(1, 3))),
        *(
            case(F4, 1, I8[:, 0], axis=1),
            case(F4, 1, I8[0], axis=0),
            case(F4, (1,), I8[:, :2], axis=1),
            case(F4, 2, I8[:2], axis=0),
            case(F4, 4, F8[0]),
        ),
        *(
            case(LINES[1], (0, 5), np.array([300, 7])),
            case(CUBE, -1, F4[0, :3], 2),
            case(LINES[7], 5, SCALAR),
            case(LINES[7], (2,), LINES[1]),
        ),
    ],
    "tril": [*each(PLAIN), case(F4, 1), case(F4, -1), case(CUBE), case(LINES[7]), case(EMPTY)],
    "triu": [*each(PLAIN), case(F4, 1), case(F4, -1), case(CUBE), case(LINES[7]), case(EMPTY)],
    "diag": [*each(PLAIN), *each(LINES), case(F4, 1), case(F4, -2), case(LINES[7], 2), case(LINES[7], -1), case(F4, 9)],
    "diagflat": [case(F4), case(SCALAR, 1), case(LINES[0], -2)],
    "packbits": [
        case(BITS % 5),
        *each(PLAIN[:5], axis=1),
        case(BOOL, 0, "little"),
        case(LINES[0]),
        case(EMPTY.astype(bool), axis=0),
        case(SCALAR),
    ],
    "unpackbits": [
        *(case(BITS), case(BITS, axis=1), case(BITS, 0, bitorder="little"), case(BITS, 1, 11), case(BITS, 1, -5), case(BITS, count=300)),
        *(case(BITS[:, :0], axis=1), case(BITS[0, 0].reshape(()))),
    ],
    "pad": [
        *(case(array, width) for array in PLAIN for width in PAD_WIDTHS),
        *(case(array, 2, constant_values=1) for array in PLAIN),
        *(
            case(F4, ((1, 2), (0, 1)), constant_values=((1, 2), (3, 4))),
            case(F4, 0),
            case(SCALAR, 2),
            case(CUBE, 1, "edge"),
            case(EMPTY, 1),
        ),
        *(
            case(array, width, mode)
            for array in (F4, I8)
            for mode in ("edge", "reflect", "symmetric", "wrap")
            for width in (*PAD_WIDTHS, 9)
        ),
        *(case(array, 3, mode, reflect_type="odd") for array in (F4, I8) for mode in ("reflect", "symmetric")),
        *(case(array, width, "linear_ramp", end_values=5) for array in (F4, F8, I8, U64, C8) for width in PAD_WIDTHS),
        *(case(array, 2, mode) for array in (F4, F8, I8, U64) for mode in ("maximum", "minimum", "mean", "median")),
        *(case(array, ((1, 2), (2, 0)), mode, stat_length=2) for array in (F4, I8) for mode in ("maximum", "minimum", "mean", "median")),
        *(case(I8, {0: 2, -1: (1, 0)}), case(F4, 1, "mean", stat_length=((1, 2), (2, 1))), case(LINES[7], (2, 1), "wrap")),
    ],
}


def _numpys(name):
    """NumPy's function; what is a tuple here, to be hashable, has to be an array for some."""
    if name in ("insert", "delete"):
        return lambda a, places, *rest, **params: getattr(np, name)(
            a, np.array(places) if isinstance(places, tuple) else places, *rest, **params
        )
    return getattr(np, name)


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(manipulation, name), _numpys(name), CASES[name])


@pytest.mark.parametrize("name", [name for name in manipulation.__all__ if name != "CHECKS"])
def test_parameters_are_numpys(name):
    assert parameters(getattr(manipulation, name)) == parameters(getattr(np, name))


def test_all_have_cases():
    assert set(CASES) | {"CHECKS"} == set(manipulation.__all__)


def test_padding_with_nothing_in_particular():
    (result,) = run_all(manipulation.pad, [case(F4, ((1, 0), (0, 2)), "empty")])
    np.testing.assert_array_equal(result[1:, :-2], F4)
    assert result.shape == (4, 6)
    with pytest.raises(NotImplementedError, match="by name"):
        run_all(manipulation.pad, [case(F4, 1, len)])


REFUSED = {
    "concatenate": [
        case(()),
        case((SCALAR, SCALAR)),
        case((F4, CUBE)),
        case((F4, F4), 2),
        case((F4, F8), dtype=np.dtype(int)),
        case((F4, F4[:2]), 1),
    ],
    "stack": [case(()), case((F4, F8[:1])), case((F4, F4), 3)],
    "roll": [case(F4, 1, 2), case(F4, (1, 2, 3), (0, 1))],
    "resize": [case(F4, (-1, 2))],
    "delete": [case(F4, 4, 1), case(F4, (0, -5), 1), case(F4, 0, 2), case(F4, (True,), 0), case(F4, 0.5)],
    "insert": [case(F4, 5, SCALAR, 1), case(F4, (0, 9), SCALAR, 1), case(F4, 0, SCALAR, 2), case(F4, (0, 1), LINES[7], 1)],
    "tril": [case(SCALAR)],
    "diag": [case(CUBE), case(SCALAR)],
    "packbits": [case(F4), case(BITS, bitorder="middle"), case(BITS, 2)],
    "unpackbits": [case(F4), case(BITS, count=-1000), case(BITS, bitorder="middle")],
    "pad": [
        case(F4, -1),
        case(F4, 1, "odd"),
        case(F4, ((1, 2), (3, 4), (5, 6))),
        case(EMPTY, ((1, 1), (0, 0)), "edge"),
        case(F4, 1, "edge", end_values=2),
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_numpy_does(name):
    for item in REFUSED[name]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # which one is the question
            expect(_numpys(name), item)
        with pytest.raises(theirs.type):
            run_all(getattr(manipulation, name), [item])
