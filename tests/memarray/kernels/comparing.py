"""Kernels against NumPy: a chapter's cases are traced together, one compilation each, since that is what the time goes to."""

import inspect
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np

from tests.helpers import random_array

REAL = (np.bool_, np.int8, np.int64, np.uint8, np.uint64, np.float16, np.float32, np.float64)
NUMBERS = (*REAL, np.complex64, np.complex128)
FLOATS = (np.float16, np.float32, np.float64)
INEXACT = (*FLOATS, np.complex64, np.complex128)

_TOLERANCE = {"f2": 4e-3, "f4": 2e-5, "f8": 1e-12, "c8": 2e-5, "c16": 1e-12}
_LEFT_OUT = {"out", "order", "subok", "like", "overwrite_input"}


@dataclass(frozen=True)
class Case:
    """A call of a NumPy function: arrays (in tuples, too) and NumPy scalars are operands, the rest is static."""

    arguments: tuple[object, ...]
    params: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = [f"{item.dtype}{list(item.shape)}" if isinstance(item, np.ndarray) else repr(item) for item in self.arguments]
        return f"({', '.join(shown)}, {self.params})"


def case(*arguments: object, **params: object) -> Case:
    return Case(arguments, params)


def each(arrays: Iterable[np.ndarray], *rest: object, **params: object) -> list[Case]:
    """A case for each first argument."""
    return [Case((array, *rest), params) for array in arrays]


def numbers(shape: Sequence[int], dtypes: Iterable[type] = NUMBERS, seed: int = 0) -> list[np.ndarray]:
    """An array of each dtype, with ties; those that can be have a NaN, an infinity and both zeros if they are large enough."""
    return [_spiced(random_array(shape, dtype, seed)) for dtype in dtypes]


def plain(shape: Sequence[int], dtypes: Iterable[type] = NUMBERS, seed: int = 0) -> list[np.ndarray]:
    """An array of each dtype, with ties among integers, all of it finite."""
    return [np.asarray(random_array(shape, dtype, seed)) for dtype in dtypes]


def _spiced(array: np.ndarray) -> np.ndarray:
    array = np.array(array)
    if array.dtype.kind in "fc" and array.size > 6:
        flat = array.reshape(-1)
        flat[1], flat[3], flat[4], flat[5] = np.nan, np.inf, 0.0, -0.0
        flat[6] = flat[2]
    return array


def _leaves(case: Case) -> tuple[list[object], object]:
    return jax.tree.flatten((case.arguments, case.params))


def _replay(kernel: Callable, case: Case, arrays: Sequence[object]) -> object:
    """The kernel called with these arrays in the place of the case's own."""
    leaves, tree = _leaves(case)
    following = iter(arrays)
    arguments, params = jax.tree.unflatten(tree, [next(following) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])
    return kernel(*arguments, **params)


def run_all(kernel: Callable, cases: Sequence[Case]) -> list[object]:
    """The kernel's results, all traced and compiled as one program."""

    def program(operands: list[list[object]]) -> list[object]:
        return [_replay(kernel, item, arrays) for item, arrays in zip(cases, operands, strict=True)]

    with jax.enable_x64(True):
        results = jax.jit(program)([[leaf for leaf in _leaves(item)[0] if isinstance(leaf, np.ndarray)] for item in cases])
        return jax.tree.map(np.asarray, results)


def expect(function: Callable, item: Case) -> object:
    """What NumPy gives, without its warnings about NaN and the like."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*item.arguments, **item.params)


def assert_same(actual: object, expected: object, told: str, tolerance: float = 1) -> None:
    """Equal structure, shapes and dtypes; integers exactly, floats up to a tolerance of their dtype."""
    if isinstance(expected, tuple | list):
        assert isinstance(actual, tuple | list), told
        assert len(actual) == len(expected), told
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other, told, tolerance)
        return
    expected = np.asarray(expected)
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), told
    near = _TOLERANCE.get(expected.dtype.str[1:], 0) * tolerance
    np.testing.assert_allclose(actual, expected, rtol=near, atol=near, err_msg=told)


def compare(kernel: Callable, function: Callable, cases: Sequence[Case], tolerance: float = 1) -> None:
    """The kernel gives for all cases what NumPy's function gives."""
    for actual, item in zip(run_all(kernel, cases), cases, strict=True):
        assert_same(actual, expect(function, item), str(item), tolerance)


def parameters(function: Callable) -> list[str]:
    """The names of a function's parameters in order, without those that kernels leave out."""
    return [name for name in inspect.signature(function).parameters if name not in _LEFT_OUT]


def has_failed(check: tuple, kernel: Callable, *arguments: object, **params: object) -> bool:
    """What a check says of a call, traced."""
    item = Case(arguments, params)

    def checked(*arguments: object, **params: object) -> object:
        results = kernel(*arguments, **params)
        return check[0](results if isinstance(results, tuple) else (results,), *arguments, **params)

    (failed,) = run_all(checked, [item])
    assert failed.shape == ()
    assert failed.dtype == np.bool_
    return bool(failed)
