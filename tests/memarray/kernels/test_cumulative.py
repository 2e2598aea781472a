"""Running totals against NumPy's, and folds against ufuncs."""

import jax.numpy as jnp
import numpy as np
import pytest

from memarray._kernels import cumulative
from tests.memarray.kernels.comparing import case, compare, each, numbers, parameters, plain, run_all

SPICED, PLAIN = numbers((3, 4)), plain((3, 4))
SCALAR, EMPTY = np.array(3, np.int8), np.zeros((0, 3), np.float32)
TOTALS = [
    *each(PLAIN),
    *each(SPICED[5:], 1),
    *(case(SCALAR), case(SCALAR, axis=-1), case(EMPTY), case(EMPTY, axis=0), case(PLAIN[6], axis=-2, dtype=np.dtype(np.float64))),
    *(case(PLAIN[1], 0, np.dtype(np.int8)), case(PLAIN[1], 0, np.dtype(np.bool_)), case(PLAIN[7], dtype=np.dtype(np.int32))),
]
OF_THE_STANDARD = [
    *each(PLAIN, axis=0),
    *(case(PLAIN[2][0]), case(SCALAR), case(PLAIN[1], axis=-1, include_initial=True), case(PLAIN[1][0], include_initial=True)),
    *(case(EMPTY, axis=0, include_initial=True), case(PLAIN[6], axis=0, dtype=np.dtype(np.float64), include_initial=True)),
]
CASES = {
    "cumsum": TOTALS,
    "cumprod": TOTALS,
    "nancumsum": TOTALS,
    "nancumprod": TOTALS,
    "cumulative_sum": OF_THE_STANDARD,
    "cumulative_prod": OF_THE_STANDARD,
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy_has_it(name):
    compare(getattr(cumulative, name), getattr(np, name), CASES[name])
    assert parameters(getattr(cumulative, name)) == parameters(getattr(np, name))


CUBE, WHERE = plain((2, 3, 4), [np.float64])[0], np.array([[True], [False], [True]])
# Not `arctan2` along the last axis of contiguous arrays: NumPy 2.4's own fold differs from its left fold there.
FOLDS = [
    case(CUBE, 1),
    case(CUBE),
    case(CUBE, axis=-2, keepdims=True),
    case(CUBE, 1, initial=np.float64(2)),
    case(EMPTY, initial=np.float32(2)),
]


@pytest.mark.parametrize("name", ["subtract", "arctan2", "hypot"])
def test_folds_are_the_ufuncs(name):
    fold, running = (
        lambda *arguments, fn=fn, **params: fn(getattr(jnp, name), *arguments, **params)
        for fn in (cumulative.ufunc_reduce, cumulative.ufunc_accumulate)
    )
    compare(fold, _named(getattr(np, name).reduce), FOLDS)
    compare(
        running,
        _named(getattr(np, name).accumulate),
        [case(CUBE, 1), case(CUBE), case(CUBE, axis=-2), case(EMPTY), case(CUBE[:, :, :0], 2)],
    )


def _named(method):
    def function(*arguments, **params):
        return method(*arguments, **params)

    return function


def test_folds_take_masks_and_several_axes():
    fold = lambda *arguments, **params: cumulative.ufunc_reduce(jnp.hypot, *arguments, **params)  # noqa: E731
    compare(
        fold, _named(np.hypot.reduce), [case(CUBE, axis=(0, 2)), case(CUBE, axis=None), case(CUBE, 1, where=WHERE, initial=np.float64(1))]
    )


def test_folds_refuse():
    def fold(*arguments, **params):
        return run_all(lambda *rest, **kw: cumulative.ufunc_reduce(jnp.subtract, *rest, **kw), [case(*arguments, **params)])

    with pytest.raises(ValueError, match="no identity"):
        fold(EMPTY)
    with pytest.raises(ValueError, match="'initial'"):
        fold(CUBE, 1, where=WHERE)
    with pytest.raises(np.exceptions.AxisError):
        fold(CUBE, 3)
    with pytest.raises(TypeError, match="cast the operand"):
        run_all(lambda a: cumulative.ufunc_reduce(jnp.equal, a), [case(CUBE)])
    with pytest.raises(TypeError, match="scalar"):
        run_all(lambda a: cumulative.ufunc_accumulate(jnp.subtract, a), [case(SCALAR)])
