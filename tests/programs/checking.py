"""What a whole program has to hold under a limit: it fits, it was split, and its results are those of the unsplit program."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import numpy as np

import memarray
from memarray._plan import Plan

PLENTY = 10**13  # bytes: under this limit nothing is split


@dataclass(frozen=True)
class Program:
    """A user's function with its arguments, and the part of its unsplit temporaries that it has to do with.

    `is_exact`: no float is summed in another order, so the results are equal to the bit. Otherwise they may differ by `tolerance`, in
    units of the largest magnitude in the result.
    """

    function: Callable
    arguments: tuple[np.ndarray, ...]
    divisor: int = 8
    is_exact: bool = False
    tolerance: float = 1e-5


PROGRAMS: dict[str, Program] = {}


def program(*arguments: np.ndarray, **how: object) -> Callable:
    """Register a function with its arguments; `how` as for `Program`."""

    def register(function: Callable) -> Callable:
        assert function.__name__ not in PROGRAMS
        PROGRAMS[function.__name__] = Program(function, arguments, **how)
        return function

    return register


def real(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal random numbers."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def whole(high: int, *shape: int, seed: int = 0) -> np.ndarray:
    """Random integers in [0, high)."""
    return np.random.default_rng([seed, high, *shape]).integers(0, high, shape).astype(np.int32)


def random_key(seed: int = 0) -> np.ndarray:
    """The data of one of JAX's random keys."""
    return np.asarray(jax.random.key_data(jax.random.key(seed)))


def unsplit_plan(function: Callable, arguments: Sequence[object]) -> Plan:
    """The plan of the program as written."""
    return memarray.plan(function, *arguments, memory_limit=PLENTY)


def limit_for(function: Callable, arguments: Sequence[object], divisor: int) -> int:
    """Arguments and outputs, and one part in `divisor` of what the unsplit program takes besides them."""
    plan = unsplit_plan(function, arguments)
    held = plan.argument_bytes + plan.output_bytes
    return held + (plan.unsplit_peak_bytes - held) // divisor


def assert_equal(actual: object, expected: object, tolerance: float) -> None:
    """Trees of arrays: the same structure, dtypes and shapes, NaN and infinities where they were, numbers to within the tolerance."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(*(map(np.asarray, jax.tree.leaves(tree)) for tree in (actual, expected)), strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        if not tolerance or one.dtype.kind in "biu":
            assert one.tobytes() == other.tobytes()
        else:
            size = np.abs(other[np.isfinite(other)]).max(initial=0)
            np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * size)


def check(tested: Program, divisor: int | None = None) -> Plan:
    """Plan, run and compare; the plan."""
    limit = limit_for(tested.function, tested.arguments, divisor or tested.divisor)
    fitted = memarray.wrap(tested.function, memory_limit=limit)
    plan = fitted.plan(*tested.arguments)
    assert plan.fits
    assert plan.peak_bytes <= limit < plan.unsplit_peak_bytes
    assert plan.loops
    expected = memarray.wrap(tested.function, memory_limit=PLENTY)(*tested.arguments)
    assert_equal(fitted(*tested.arguments), expected, 0 if tested.is_exact else tested.tolerance)
    return plan
