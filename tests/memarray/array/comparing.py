"""The same statements run by NumPy and by memarray: every value, view relation and error must be the same."""

import contextlib
import itertools
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy

import memarray

SETTINGS = {"recorded": 0, "at once": 4096}
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
        self.numpy: Names = {"np": numpy, "sliding_window_view": numpy.lib.stride_tricks.sliding_window_view}
        self.ours: Names = {"np": memarray, "sliding_window_view": memarray.lib.stride_tricks.sliding_window_view}
        self.source: list[str] = []
        self.messages = messages

    def run(self, source: str) -> None:
        """Run statements in both worlds. They must raise the same error, or none."""
        self.source.append(source)
        expected = _outcome(source, self.numpy)
        found = _outcome(source, self.ours)
        if not self.messages and expected and found:
            return  # which of several errors comes first is nobody's business
        assert found == expected, f"{self}\n  memarray: {found}\n  NumPy:    {expected}"

    def check_layout(self) -> None:
        """Shapes, dtypes, strides, what is a view of what, what can be written to. Evaluates nothing."""
        for name, expected in self._variables():
            ours, theirs = describe(self.ours[name]), describe(expected)
            assert ours == theirs, f"{self}\n  {name}\n  memarray: {ours}\n  NumPy:    {theirs}"
        arrays = [name for name, value in self._variables() if isinstance(value, numpy.ndarray)]
        for first, second in itertools.combinations(arrays, 2):
            expected = numpy.shares_memory(self.numpy[first], self.numpy[second])
            assert memarray.shares_memory(self.ours[first], self.ours[second]) == expected, f"{self}\n  {first} and {second} share memory"

    def check_values(self) -> None:
        """The elements of all variables."""
        for name, expected in self._variables():
            check_equal(self.ours[name], expected, f"{self}\n  {name}")

    def pending(self) -> list[Any]:
        """The lazy arrays of all variables."""
        return [each for name, _ in self._variables() for each in lazy_arrays(self.ours[name])]

    def _variables(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in self.numpy.items() if name not in _NO_VARIABLES]

    def __str__(self) -> str:
        return "\n  " + "\n  ".join(self.source)


def check_snippets(snippets: str | Iterable[str], *, layout: bool = True, messages: bool = True) -> None:
    """Run snippets, each in worlds of its own, and compare all that they leave: the values last, in one program."""
    lines = [line.strip() for line in snippets.splitlines() if line.strip()] if isinstance(snippets, str) else snippets
    comparisons = []
    for snippet in lines:
        comparison = Comparison(messages=messages)
        comparison.run(snippet)
        if layout:
            comparison.check_layout()
        comparisons.append(comparison)
    memarray.compute(*[array for comparison in comparisons for array in comparison.pending()])
    for comparison in comparisons:
        comparison.check_values()


def lazy_arrays(value: Any) -> list[Any]:
    """The lazy arrays in a value."""
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in lazy_arrays(part)]
    return [value] if isinstance(value, memarray.ndarray) else []


def describe(value: Any) -> Any:
    """What is known of a value without its elements: the same for NumPy's and ours."""
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(describe, value)]
    if isinstance(value, numpy.generic) or isinstance(value, memarray.ndarray) and type(value) is not memarray.ndarray:
        return "scalar", value.dtype
    if isinstance(value, (numpy.ndarray, memarray.ndarray)):
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
    elif isinstance(expected, (numpy.ndarray, numpy.generic)):
        value = numpy.asarray(found)
        assert (value.shape, value.dtype) == (expected.shape, expected.dtype), f"{message}: {value!r} is not {expected!r}"
        numpy.testing.assert_array_equal(value, expected, err_msg=message)
        if value.dtype.kind == "f":
            numpy.testing.assert_array_equal(numpy.signbit(value[value == 0]), numpy.signbit(expected[expected == 0]), err_msg=message)
    elif callable(expected):
        pass
    else:
        assert type(found) is type(expected), f"{message}: {type(found)} is not {type(expected)}"
        assert found == expected, f"{message}: {found!r} is not {expected!r}"


def _outcome(source: str, names: Names) -> tuple[str, str] | None:
    """The error that statements raise; None if they raise none."""
    try:
        with warnings.catch_warnings(), numpy.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(source, names)  # noqa: S102  # the statements are the test's own
    except Exception as error:  # noqa: BLE001  # whatever it is, the other side has to raise it too
        kind = "TypeError" if isinstance(error, TypeError) else type(error).__name__  # NumPy's ufuncs raise kinds of their own
        return kind, str(error).rstrip()
    return None
