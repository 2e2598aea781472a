"""Fourier transforms against NumPy's."""

import numpy as np
import pytest

from memarray._kernels import fft
from tests.memarray.kernels.against_numpy import assert_agrees, assert_refuses, run, sample

DTYPES = ("bool", "int8", "int64", "float16", "float32", "float64", "complex64", "complex128")
ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
MANY_AXES = ("fftn", "ifftn", "rfftn", "irfftn")
NEED_REAL = {"rfft", "ihfft", "rfftn", "rfft2"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ONE_AXIS)
def test_dtypes_are_numpys(name, dtype) -> None:
    x = sample((2, 6), dtype)
    if name in NEED_REAL and np.dtype(dtype).kind == "c":
        assert_refuses(getattr(fft, name), getattr(np.fft, name), x)
    else:  # NumPy rounds the factor of float16 to float16
        assert_agrees(getattr(fft, name), getattr(np.fft, name), x, slack=1e3 if dtype == "float16" else 1)


PARAMS = [
    {"n": 3},
    {"n": 4, "axis": 0},
    {"n": 9},
    {"n": 1},
    {"axis": 0, "norm": "ortho"},
    {"axis": -2, "norm": "forward"},
    {"norm": "backward"},
    {"n": 7, "norm": "ortho"},
    {"n": 4, "norm": "forward"},
]


@pytest.mark.parametrize("params", PARAMS, ids=str)
@pytest.mark.parametrize("name", ONE_AXIS)
def test_lengths_axes_and_norms_are_numpys(name, params) -> None:
    for dtype in ("float64",) if name in NEED_REAL else ("complex128",):
        assert_agrees(getattr(fft, name), getattr(np.fft, name), sample((5, 6), dtype), **params)


@pytest.mark.parametrize("name", ONE_AXIS)
def test_no_transforms_of_something(name) -> None:
    assert_agrees(getattr(fft, name), getattr(np.fft, name), np.ones((0, 4)))


MANY_PARAMS = [
    {},
    {"axes": (0, 2)},
    {"axes": (2, -2)},
    {"axes": (1,)},
    {"axes": (1, 1)},
    {"axes": (0, 1, 0), "norm": "ortho"},
    {"s": (5, 3), "axes": (0, 1)},
    {"s": (-1, 6), "axes": (2, 1), "norm": "forward"},
    {"s": (3, 7)},
    {"s": (2, None), "axes": (0, 1)},
    {"norm": "ortho"},
]


@pytest.mark.parametrize("params", MANY_PARAMS, ids=str)
@pytest.mark.parametrize("name", MANY_AXES)
def test_transforms_of_many_axes_are_numpys(name, params) -> None:
    dtype = "float64" if name in NEED_REAL else "complex128"
    assert_agrees(getattr(fft, name), getattr(np.fft, name), sample((4, 5, 6), dtype), **params)


@pytest.mark.parametrize("dtype", ["int8", "float16", "float32"])
@pytest.mark.parametrize("name", ["fft2", "ifft2", "rfft2", "irfft2"])
def test_transforms_of_two_axes_are_numpys(name, dtype) -> None:
    x = sample((2, 3, 4), dtype)
    assert_agrees(getattr(fft, name), getattr(np.fft, name), x, slack=1e3 if dtype == "float16" else 1)
    assert_agrees(getattr(fft, name), getattr(np.fft, name), x, s=(2, 5), axes=(-1, 0), slack=1e3 if dtype == "float16" else 1)


@pytest.mark.parametrize("name", ["fftn", "rfftn", "irfftn"])
def test_four_axes_are_more_than_one_transform_of_xla(name) -> None:
    assert_agrees(getattr(fft, name), getattr(np.fft, name), sample((2, 3, 4, 5), "float64"))


@pytest.mark.parametrize("name", ["fftn", "ifftn"])
def test_over_no_axes_nothing_is_done(name) -> None:
    assert_agrees(getattr(fft, name), getattr(np.fft, name), sample((2,), "int8"), axes=())
    assert_agrees(getattr(fft, name), getattr(np.fft, name), sample((), "float32"))


@pytest.mark.parametrize("params", [{"axis": 2}, {"n": 2, "axis": 2}, {"n": 0}, {"n": -1}, {"n": 2.5}, {"norm": "other"}], ids=str)
@pytest.mark.parametrize("name", ["fft", "rfft", "irfft", "hfft"])
def test_what_numpy_refuses_along_an_axis(name, params) -> None:
    assert_refuses(getattr(fft, name), getattr(np.fft, name), np.ones((2, 3)), **params)


@pytest.mark.parametrize(
    "params",
    [{"axes": (0, 3)}, {"s": (1, 2), "axes": (0,)}, {"s": (2, 2), "axes": (0, 3)}, {"s": (0, 2), "axes": (0, 1)}, {"norm": "other"}],
)
@pytest.mark.parametrize("name", MANY_AXES)
def test_what_numpy_refuses_along_many(name, params) -> None:
    assert_refuses(getattr(fft, name), getattr(np.fft, name), np.ones((2, 3)), **params)


@pytest.mark.parametrize("name", ["rfftn", "irfftn"])
def test_real_transforms_need_an_axis(name) -> None:
    assert_refuses(getattr(fft, name), getattr(np.fft, name), np.ones(2), axes=())


@pytest.mark.parametrize("name", ONE_AXIS)
@pytest.mark.parametrize("shape", [(), (2, 0)])
def test_there_must_be_points(name, shape) -> None:
    assert_refuses(getattr(fft, name), getattr(np.fft, name), np.ones(shape))


@pytest.mark.parametrize("name", ["irfft", "hfft"])
def test_one_coefficient_says_no_length(name) -> None:
    assert_refuses(getattr(fft, name), getattr(np.fft, name), np.ones(1))


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
@pytest.mark.parametrize("params", [{"n": 1}, {"n": 8}, {"n": 9, "d": 0.1}, {"n": 6, "d": np.float32(0.3)}, {"n": 4, "d": 2j}], ids=str)
def test_frequencies_are_numpys(name, params) -> None:
    assert_agrees(getattr(fft, name), getattr(np.fft, name), **params)


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_need_a_count(name) -> None:
    for n in (2.5, 0):
        assert_refuses(getattr(fft, name), getattr(np.fft, name), n=n)


def test_frequencies_of_a_negative_count() -> None:
    assert_refuses(fft.fftfreq, np.fft.fftfreq, n=-1)
    assert_agrees(fft.rfftfreq, np.fft.rfftfreq, n=-4)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
@pytest.mark.parametrize("params", [{}, {"axes": 0}, {"axes": (-1,)}, {"axes": (0, 1)}, {"axes": (1, 1)}], ids=str)
def test_shifts_are_numpys(name, params) -> None:
    assert_agrees(getattr(fft, name), getattr(np.fft, name), sample((3, 4), "int8"), **params)
    assert_refuses(getattr(fft, name), getattr(np.fft, name), np.ones(3), axes=1)


def test_long_transforms_keep_their_precision() -> None:
    x = sample((1 << 12,), "float32")
    found = run(fft.irfft, run(fft.rfft, x)[0])[0]
    assert np.abs(found - x).max() < 2e-6
