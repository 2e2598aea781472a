"""Recording runs and allocates nothing; views of huge arrays cost nothing; what is recorded does not change afterwards."""

import copy
import inspect
import pickle

import numpy  # the name np is memarray's here
import pytest

import memarray as np
from memarray import _evaluate
from memarray._graph import held_bytes
from tests.memarray.array.comparing import eager_bytes

HUGE = (10**6, 10**6)  # eight terabytes


@pytest.fixture(autouse=True)
def recorded():
    with eager_bytes(0):
        yield


@pytest.fixture
def runs(monkeypatch):
    """The programs that were run."""
    found = []
    run = _evaluate._run
    monkeypatch.setattr(_evaluate, "_run", lambda *args: (found.append(args), run(*args))[1])
    return found


def test_recording_runs_and_allocates_nothing(runs):
    before = held_bytes()
    a = np.zeros(HUGE)
    b = a[::2].T[3:9, ::-1]
    b += 1
    a[5] = a[6] * 2
    a[a > 3] = 0
    a[[1, 2], :3] = 7
    a.T[...] = a
    a.sort()
    np.add.at(a, [0, 0], 1)
    np.copyto(a, 2, where=a < 1)
    total = (a + a.T).sum()
    assert not runs
    assert held_bytes() - before < 100  # the indices
    assert total.shape == ()


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (lambda: np.zeros(HUGE)[::2].T[3][:5], numpy.zeros(5)),
        (lambda: (np.full(HUGE, 2.5) + 1)[10:14:2, ::-1].T[5:7], numpy.full((2, 2), 3.5)),
        (lambda: (np.arange(1e6)[:, None] - np.arange(1e6)).T[7, :3], numpy.array([-7.0, -6, -5])),
        (lambda: (np.arange(1e6)[:, None] * np.arange(1e6))[[1, 5], [2, 3]], numpy.array([2.0, 15])),
        (lambda: (np.ones(HUGE) * 2).diagonal()[:2], numpy.full(2, 2.0)),
        (lambda: np.broadcast_to(np.arange(1e6), HUGE)[3, :3], numpy.arange(3.0)),
        (lambda: np.lib.stride_tricks.sliding_window_view(np.arange(1e6), 1000)[5, :3], numpy.array([5.0, 6, 7])),
    ],
)
def test_a_part_of_something_huge_is_all_that_is_computed(part, expected):
    with np.memory_limit("50MB"):
        numpy.testing.assert_array_equal(numpy.asarray(part()), expected)


def test_a_row_written_into_something_huge():
    with np.memory_limit("50MB"):
        a = np.zeros(HUGE)
        a[3] = 7.0
        assert float(a[2:5, :4].sum()) == 28


def test_what_is_recorded_keeps_the_values_of_its_moment():
    a = np.arange(4.0)
    doubled, duplicate, total, element = a * 2, a.copy(), a.sum(), a[1]
    a[...] = 100
    a += 1
    np.testing.assert_array_equal(doubled, [0, 2, 4, 6])
    np.testing.assert_array_equal(duplicate, [0, 1, 2, 3])
    assert (total, element) == (6, 1)
    np.testing.assert_array_equal(a, [101] * 4)


def test_numpy_arrays_are_copied_at_once():
    theirs = numpy.arange(3.0)
    ours = np.asarray(theirs)
    theirs[0] = 9
    ours[1] = 8
    back = numpy.asarray(ours)
    ours[2] = 7
    numpy.testing.assert_array_equal(theirs, [9, 1, 2])
    numpy.testing.assert_array_equal(back, [0, 8, 2])
    numpy.testing.assert_array_equal(ours, [0, 8, 7])
    assert back.flags.writeable
    assert not numpy.asarray(ours, copy=False).flags.writeable


def test_the_base_is_the_array_itself():
    a = np.zeros((2, 3))
    assert a.base is None
    for view in (a[0], a[0][1:], a.T.T, a.reshape(3, 2), a.view(), a[...], np.lib.stride_tricks.sliding_window_view(a, 2, axis=0)):
        assert view.base is a
    assert a.real is a
    assert a.squeeze() is a
    row = a[0]
    a.shape = (3, 2)
    assert row.base is a
    assert a.base is None
    a[0] = 5
    np.testing.assert_array_equal(row, [5, 5, 0])


def test_overlapping_windows_are_written_through():
    a = np.zeros(6)
    windows = np.lib.stride_tricks.sliding_window_view(a, 3, writeable=True)
    windows[::2, 1:].T[0] = 5
    windows[3, 2] = 1
    np.testing.assert_array_equal(a, [0, 5, 0, 5, 0, 1])


@pytest.mark.parametrize(
    "use",
    [
        lambda a, i: a[i],
        lambda a, i: a.__setitem__(i, 1),
        lambda a, i: a.reshape(2, 5).T.__setitem__((i, 0), 1),
        lambda a, i: np.add.at(a, i, 1),
        lambda a, i: np.put(a, i, 3),
        lambda a, i: np.put_along_axis(a, i, 3, 0),
        lambda a, i: a[i[2]],
    ],
)
def test_a_computed_index_out_of_bounds_is_an_error_at_evaluation_that_names_the_line(use):
    a = np.zeros(10)
    found = use(a, np.arange(3) * 5)
    line = inspect.getsourcelines(use)[1]
    for _ in range(2):
        with pytest.raises(IndexError, match=rf"out of bounds for axis 0 with size \d+ \(recorded at {__file__}:{line}\)"):
            float((a if found is None else found).sum())


def test_a_known_index_out_of_bounds_is_an_error_at_once(runs):
    a = np.zeros(10) + 1
    for key in (10, [0, -11], numpy.array([10]), np.array([3, 10]), (slice(None), 0)):
        with pytest.raises(IndexError):
            a[key]
        with pytest.raises(IndexError):
            a[key] = 1
    assert not runs


def test_complex_numbers_into_real_arrays_warn(setting):
    a = np.zeros(3)
    for key, value in ((0, np.array(2j)), (slice(None), np.array([1, 2j, 3])), ([0], numpy.complex64(1j)), (a == 0, np.array([1j]))):
        with pytest.warns(numpy.exceptions.ComplexWarning, match="discards the imaginary part"):
            a[key] = value
    with pytest.warns(numpy.exceptions.ComplexWarning) as caught:
        np.array([1j]).astype(float)
    assert caught[0].filename == __file__


def test_copies_and_pickles(setting):
    a = np.arange(6.0).reshape(2, 3)
    for duplicate in (copy.copy(a), copy.deepcopy(a), pickle.loads(pickle.dumps(a)), a.copy(), np.array(a)):  # our own
        assert duplicate.base is None
        duplicate[0] = 9
    np.testing.assert_array_equal(a, numpy.arange(6.0).reshape(2, 3))
    transposed = pickle.loads(pickle.dumps(a.T[1:]))
    np.testing.assert_array_equal(transposed, numpy.arange(6.0).reshape(2, 3).T[1:])
    total = pickle.loads(pickle.dumps(a.sum()))
    assert type(total) is type(a.sum())


def test_scalars_are_values(setting):
    total = np.arange(4.0).sum()
    same = total
    total += 1
    assert (same, total) == (6, 7)
    assert {total: "seven"}[7.0] == "seven"
    assert repr(total) == "np.float64(7.0)"
    assert f"{total:.2f} {total}" == "7.00 7.0"
    with pytest.raises(TypeError):
        np.add(1, 2, out=total)
    count = np.arange(4).sum()
    assert list(range(count)) == [0, 1, 2, 3, 4, 5]
    assert "abcdefg"[count] == "g"


@pytest.mark.parametrize("key", [(), ..., np.array(True)])
def test_scalars_can_be_written_to_by_index(setting, key):  # NumPy: TypeError
    total = np.arange(4.0).sum()
    same, array = total, np.asarray(total)
    total[key] = 3
    assert (same, array) == (3, 6)


def test_scalars_are_not_numpys():  # documented: `numpy.isscalar` and `isinstance` know NumPy's own classes only
    total = np.arange(4.0).sum()
    assert isinstance(total, np.ndarray)
    assert not isinstance(total, (float, numpy.generic))


def test_broadcast_arrays_gives_read_only_views_in_a_list(setting):  # NumPy: writeable with a warning, in a tuple
    a = np.arange(3.0)
    first, second = found = np.broadcast_arrays(a, a[:, None])
    assert isinstance(found, list)
    assert np.shares_memory(first, a)
    with pytest.raises(ValueError, match="read-only"):
        second[0] = 1


def test_objects_are_refused(setting):
    for value in ([None, 1], [{}], numpy.array([object()]), ["a"], numpy.array(["2020"], "M8")):
        with pytest.raises(TypeError, match="memarray has no dtype"):
            np.array(value)
    with pytest.raises(ValueError, match="inhomogeneous"):
        np.array([[1, 2], [3]])
    with pytest.raises(ValueError, match="inhomogeneous"):
        np.array([np.zeros(2), np.zeros(3)])
