"""One case of a function on JAX arrays against NumPy's: the same shapes and dtypes strictly, values by dtype, exceptions by their type."""

import warnings
from collections.abc import Callable
from functools import partial

import jax
import numpy as np

DTYPES = ("bool", "int8", "uint8", "int64", "float32", "float64", "complex64", "complex128")
_TOLERANCES = {"e": 4e-3, "f": 4e-6, "F": 4e-6, "d": 1e-12, "D": 1e-12}


def sample(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    """Random elements: small integers but for int8 and uint8, which overflow in products, and numbers near one."""
    rng = np.random.default_rng([seed, *shape])
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        low, high = (0, 100) if kind == "u" else (-100, 100)
        return rng.integers(low, high, shape).astype(dtype)
    values = rng.normal(size=shape)
    return (values + 1j * rng.normal(size=shape) if kind == "c" else values).astype(dtype)


def run(ours: Callable, *operands, **params):
    """The results of one traced and compiled call, as a tuple of NumPy arrays."""
    with jax.enable_x64(True):
        return _as_tuple(jax.tree.map(np.asarray, jax.jit(partial(ours, **params))(*operands)))


def run_numpy(theirs: Callable, *operands, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _as_tuple(theirs(*operands, **params))


def _as_tuple(found) -> tuple[np.ndarray, ...]:
    return tuple(map(np.asarray, found)) if isinstance(found, tuple) else (np.asarray(found),)


def assert_agrees(ours: Callable, theirs: Callable, *operands, slack: float = 1, **params) -> None:
    """`slack` times the dtype's tolerance, relative to the largest element that NumPy gives."""
    assert_same(run(ours, *operands, **params), run_numpy(theirs, *operands, **params), slack=slack)


def assert_same(found: tuple[np.ndarray, ...], expected: tuple[np.ndarray, ...], slack: float = 1) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        tolerance = slack * _TOLERANCES.get(one.dtype.char, 0)
        finite = np.abs(other[np.isfinite(other)])
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * float(finite.max(initial=0)))


def _public(error: Exception) -> type[Exception]:
    """The exception's class, or what it is derived from where NumPy keeps that to itself."""
    return next(kind for kind in type(error).__mro__ if not kind.__name__.startswith("_") and kind.__name__ != "UFuncTypeError")


def assert_refuses(ours: Callable, theirs: Callable, *operands, **params) -> None:
    """Both raise, ours while it is traced, and what NumPy raises."""
    try:
        run_numpy(theirs, *operands, **params)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        expected = error
    else:
        raise AssertionError(f"NumPy raises nothing for {[np.shape(x) for x in operands]}, {params}")
    with jax.enable_x64(True):
        try:
            jax.eval_shape(partial(ours, **params), *operands)
        except _public(expected):
            pass
        else:
            raise AssertionError(f"nothing raised where NumPy says {expected!r}")
