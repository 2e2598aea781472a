"""The same statements run by NumPy and by memarray: every value, view relation and error must be the same."""

import contextlib
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

import memarray

SETTINGS = {"recorded": 0, "small things at once": 4096}
_NO_VARIABLES = {"np", "sliding_window_view", "__builtins__", "__warningregistry__"}
Names = dict[str, Any]


@contextlib.contextmanager
def eager_bytes(count: int) -> Iterator[None]:
    """Set `config.eager_bytes` for a block."""
    before = memarray.config.eager_bytes
    memarray.config.eager_bytes = count
    try:
        yield
    finally:
        memarray.config.eager_bytes = before


class Comparison:
    """Two worlds of variables, one of NumPy's arrays and one of memarray's, in which the same statements run."""

    def __init__(self, *, messages: bool = True) -> None:
        self.numpy: Names = {"np": np, "sliding_window_view": np.lib.stride_tricks.sliding_window_view}
        self.ours: Names = {"np": memarray, "sliding_window_view": memarray.lib.stride_tricks.sliding_window_view}
        self.source: list[str] = []
        self.messages = messages

    def run(self, source: str) -> bool:
        """Run statements in both worlds. They must raise the same error, or none.

        An index that is computed may turn out to be out of bounds only when it is evaluated: then the worlds differ from there on, and the
        answer is false.
        """
        self.source.append(source)
        expected = _outcome(source, self.numpy)
        found = _outcome(source, self.ours)
        if not self.messages and expected and found:
            return True  # which of several errors comes first is nobody's business
        if expected and not found and expected[0] == "IndexError" and self.pending():
            found = _outcome("np.compute(*arrays)", {"np": memarray, "arrays": self.pending()})
            assert found, f"{self}\n  NumPy: {expected}"
            assert found[0] == "IndexError", f"{self}\n  memarray: {found}\n  NumPy:    {expected}"
            return False
        assert found == expected, f"{self}\n  memarray: {found}\n  NumPy:    {expected}"
        return True

    def check_layout(self) -> None:
        """Shapes, dtypes, strides, what is a view of what, what can be written to. Evaluates nothing."""
        for name, expected in self._variables():
            ours, theirs = describe(self.ours[name]), describe(expected)
            assert ours == theirs, f"{self}\n  {name}\n  memarray: {ours}\n  NumPy:    {theirs}"
        arrays = [name for name, value in self._variables() if isinstance(value, np.ndarray)]
        for first, second in itertools.combinations(arrays, 2):
            expected = np.shares_memory(self.numpy[first], self.numpy[second])
            assert memarray.shares_memory(self.ours[first], self.ours[second]) == expected, f"{self}\n  {first} and {second} share memory"

    def check_values(self) -> None:
        """The elements of all variables."""
        for name, expected in self._variables():
            check_equal(self.ours[name], expected, f"{self}\n  {name}")

    def pending(self) -> list[Any]:
        """The lazy arrays of all variables."""
        return lazy_arrays(list(self.ours.values()))

    def _variables(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in self.numpy.items() if name not in _NO_VARIABLES]

    def __str__(self) -> str:
        return "\n  " + "\n  ".join(self.source)


def check_snippets(text: str, *, layout: bool = True) -> None:
    """Run snippets, which blank lines separate, each in worlds of its own, and compare all they leave: the values last, in one program."""
    comparisons = []
    for snippet in text.strip().split("\n\n"):
        comparison = Comparison()
        comparison.run(snippet)
        if layout:
            comparison.check_layout()
        comparisons.append(comparison)
    memarray.compute(*[array for comparison in comparisons for array in comparison.pending()])
    for comparison in comparisons:
        comparison.check_values()


def check_errors(text: str, *, messages: bool = True) -> None:
    """Run snippets of one line each, all of which raise the same error, in the same words if `messages`."""
    for line in text.strip().splitlines():
        expected, found = _outcome(line, Comparison().numpy), _outcome(line, Comparison().ours)
        assert expected, f"{line}: no error"
        assert found, f"{line}: NumPy raises {expected}"
        assert found[: 1 + messages] == expected[: 1 + messages], f"{line}\n  memarray: {found}\n  NumPy:    {expected}"


def lazy_arrays(value: Any) -> list[Any]:
    """The lazy arrays in a value."""
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in lazy_arrays(part)]
    return [value] if isinstance(value, memarray.ndarray) else []


def describe(value: Any) -> Any:
    """What is known of a value without its elements: the same for NumPy's and ours."""
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(describe, value)]
    if isinstance(value, np.generic) or (isinstance(value, memarray.ndarray) and type(value) is not memarray.ndarray):
        return "scalar", value.dtype
    if isinstance(value, (np.ndarray, memarray.ndarray)):
        return (
            ("shape", value.shape),
            ("dtype", value.dtype),
            ("strides", value.strides if value.size else "any"),
            ("is writeable", value.flags.writeable),
            ("is a view", value.base is not None),
        )
    return type(value).__name__


def check_equal(found: Any, expected: Any, message: str) -> None:
    """Equal values, of one kind: arrays and scalars by element, NaNs equal each other, the sign of zero counts."""
    if isinstance(expected, (list, tuple)):
        assert len(found) == len(expected), message
        for one, other in zip(found, expected, strict=True):
            check_equal(one, other, message)
    elif isinstance(expected, (np.ndarray, np.generic)):
        value = np.asarray(found)
        assert (value.shape, value.dtype) == (expected.shape, expected.dtype), f"{message}: {value!r} is not {expected!r}"
        rounding = 32 * float(np.finfo(value.dtype).eps) if value.dtype.kind in "fc" else 0  # XLA multiplies by reciprocals, and fuses
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=1) if rounding else 0
        np.testing.assert_allclose(value, expected, rtol=rounding, atol=rounding * scale, err_msg=message)
        if value.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(value[value == 0]), np.signbit(expected[expected == 0]), err_msg=message)
    elif callable(expected):
        pass
    else:
        assert type(found) is type(expected), f"{message}: {type(found)} is not {type(expected)}"
        assert found == expected, f"{message}: {found!r} is not {expected!r}"


def _outcome(source: str, names: Names) -> tuple[str, str] | None:
    """The error that statements raise; None if they raise none."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(source, names)  # noqa: S102  # the statements are the test's own
    except Exception as error:  # noqa: BLE001  # whatever it is, the other side has to raise it too
        kind = "TypeError" if isinstance(error, TypeError) else type(error).__name__  # NumPy's ufuncs raise kinds of their own
        return kind, str(error).rstrip()
    return None
