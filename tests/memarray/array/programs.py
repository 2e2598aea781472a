"""Random programs of view taking, reading and writing, as statements that NumPy and memarray both run."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

ARRAYS = (
    "np.arange(6)",
    "np.arange(6.).reshape(2, 3)",
    "np.arange(24).reshape(2, 3, 4)",
    "np.arange(12, dtype='f4').reshape(3, 4)",
    "np.arange(9.).reshape(3, 3)",
    "np.arange(4) * (1 + 2j)",
    "np.array([[True, False], [False, True]])",
    "np.array(5.)",
    "np.zeros((0, 3))",
    "np.ones((3, 1))",
    "np.arange(8, dtype='u1').reshape(2, 2, 2)",
)
IN_PLACE = ("+=", "-=", "*=", "//=", "%=", "/=", "|=", "^=", "**=")
ELEMENTWISE = (
    "{a} + {b}",
    "{a} * {b}",
    "{a} > {b}",
    "-{a}",
    "{a} == {b}",
    "np.maximum({a}, {b})",
    "np.where({a} > {b}, {a}, {b})",
    "abs({a})",
)
REDUCTIONS = ("{a}.sum()", "{a}.max()", "{a}.any()", "np.add.reduce({a})")
ALONG_AXES = (*REDUCTIONS, "{a}.sum(axis=0)", "{a}.min(axis=-1)")


def creation(draw: Draw) -> str:
    """A new array."""
    return draw(st.sampled_from(ARRAYS))


def view(draw: Draw, name: str, array: np.ndarray) -> str:
    """A view of an array, or a copy where NumPy gives one."""
    makers = [_sliced, _sliced, _rearranged, _reshaped, _other]
    return draw(st.sampled_from(makers))(draw, name, array)


def _sliced(draw: Draw, name: str, array: np.ndarray) -> str:
    return f"{name}[{basic_index(draw, array.shape)}]"


def _rearranged(draw: Draw, name: str, array: np.ndarray) -> str:
    if array.ndim < 2:
        return draw(st.sampled_from([f"{name}.T", f"np.flip({name})", f"{name}.squeeze()", f"np.atleast_2d({name})"]))
    axis = st.integers(-array.ndim, array.ndim - 1)
    first, second = draw(axis), draw(axis)
    order = draw(st.permutations(range(array.ndim)))
    choices = [
        f"{name}.T",
        f"{name}.mT",
        f"{name}.swapaxes({first}, {second})",
        f"np.moveaxis({name}, {first}, {second})",
        f"{name}.transpose({order})",
        f"np.flip({name}, {first})",
        f"np.rot90({name}, {draw(st.integers(0, 3))})",
        f"np.rollaxis({name}, {first})",
        f"{name}.diagonal({draw(st.integers(-1, 1))}, {first}, {second})",
        f"np.split({name}, [1], axis={first})[{draw(st.integers(0, 1))}]",
        f"np.array_split({name}, 2, axis={first})[{draw(st.integers(0, 1))}]",
    ]
    return draw(st.sampled_from(choices))


def _reshaped(draw: Draw, name: str, array: np.ndarray) -> str:
    size = array.size
    shapes = [(-1,), (size,), (1, size), (size, 1), (2, -1), (-1, 3), (2, 3), (3, 2), (2, 2, -1)]
    order = draw(st.sampled_from(["C", "C", "F", "A"]))
    choices = [
        f"{name}.reshape({draw(st.sampled_from(shapes))}, order={order!r})",
        f"{name}.ravel({draw(st.sampled_from(['C', 'F', 'A', 'K']))!r})",
        f"{name}.squeeze()",
        f"np.expand_dims({name}, {draw(st.integers(-array.ndim - 1, array.ndim))})",
        f"np.atleast_3d({name})",
        f"np.atleast_1d({name})",
    ]
    return draw(st.sampled_from(choices))


def _other(draw: Draw, name: str, array: np.ndarray) -> str:
    dtype = draw(st.sampled_from(["i1", "u1", "i4", "i8", "u8"])) if array.dtype.kind in "iu" else array.dtype.str
    window = draw(st.integers(1, 2))
    choices = [
        f"{name}.real",
        f"{name}.imag" if array.flags.c_contiguous or array.dtype.kind == "c" else f"{name}.real",
        f"{name}.view()",
        f"{name}.view({dtype!r})",
        f"np.broadcast_to({name}, {(2, *array.shape)})",
        f"sliding_window_view({name}, {window}, axis={draw(st.sampled_from([0, -1]))})",
        f"np.diagonal({name})",
        f"{name}.copy()",
        f"{name}.flatten({draw(st.sampled_from(['C', 'F']))!r})",
    ]
    return draw(st.sampled_from(choices))


def basic_index(draw: Draw, shape: tuple[int, ...]) -> str:
    """Integers, slices, an ellipsis, new axes; sometimes out of bounds or too many."""
    entries = [_basic_entry(draw, length) for length in shape[: draw(st.integers(0, len(shape)))]]
    if draw(st.integers(0, 3)) == 0:
        entries.insert(draw(st.integers(0, len(entries))), "...")
    if draw(st.integers(0, 3)) == 0:
        entries.insert(draw(st.integers(0, len(entries))), "None")
    return ", ".join(entries) or "..."


def _basic_entry(draw: Draw, length: int) -> str:
    if draw(st.booleans()):
        return str(draw(st.integers(-length, length)))
    bound = st.one_of(st.just(""), st.integers(-length - 1, length + 1).map(str))
    step = draw(st.sampled_from(["", ":1", ":2", ":-1", ":-2", ":3"]))
    return f"{draw(bound)}:{draw(bound)}{step}"


def any_index(draw: Draw, name: str, array: np.ndarray) -> str:
    """Every kind of index."""
    maker = draw(st.sampled_from([_fancy, _mixed, _mask, None]))
    return maker(draw, name, array) if maker else basic_index(draw, array.shape)


def _fancy(draw: Draw, name: str, array: np.ndarray) -> str:
    del name
    if not array.ndim:
        return draw(st.sampled_from(["()", "...", "None", "True", "False", "np.array(True)"]))
    return ", ".join(_integers(draw, length) for length in array.shape[: draw(st.integers(1, array.ndim))])


def _integers(draw: Draw, length: int) -> str:
    one = st.integers(-length, length - 1) if length and draw(st.integers(0, 9)) else st.integers(-length, length)
    values: Any = draw(st.one_of(st.lists(one, max_size=3), one, st.tuples(one, one, one, one)))
    if isinstance(values, tuple):
        return f"np.array({[list(values[:2]), list(values[2:])]})"
    wrapped = draw(st.sampled_from(["{}", "np.array({}, dtype=int)", "np.array({}, dtype='i1') + 0", "np.asarray({}, dtype=int)[::-1]"]))
    return wrapped.format(values) if isinstance(values, list) else draw(st.sampled_from([str(values), f"np.array({values})"]))


def _mixed(draw: Draw, name: str, array: np.ndarray) -> str:
    del name
    entries = []
    for length in array.shape[: draw(st.integers(0, array.ndim))]:
        entries.append(draw(st.sampled_from([_integers, _basic_entry]))(draw, length))
    for extra in draw(st.lists(st.sampled_from(["...", "None", "True"]), max_size=1)):
        entries.insert(draw(st.integers(0, len(entries))), extra)
    return ", ".join(entries) or "()"


def _mask(draw: Draw, name: str, array: np.ndarray) -> str:
    choices = [f"{name} > 2", f"{name} == {name}", f"{name} < 0", "True", "np.array(False)"]
    if array.ndim:
        values = draw(st.lists(st.booleans(), min_size=array.shape[0], max_size=array.shape[0]))
        choices += [f"np.array({values}, dtype=bool)", f"{values}", f"{name}.reshape(len({name}), -1).any(axis=1)"]
    if array.ndim > 1:
        values = draw(st.lists(st.booleans(), min_size=array.shape[1], max_size=array.shape[1]))
        choices += [f":, np.array({values}, dtype=bool)", f"0, np.array({values}, dtype=bool)"]
    return draw(st.sampled_from(choices))


def value_for(draw: Draw, names: list[str], target: str) -> str:
    """Something to assign to a part."""
    other = draw(st.sampled_from(names))
    return draw(st.sampled_from(["7", "2.5", "-1", "True", other, f"{target}", f"{target} * 2", f"{target}[::-1]", "np.array(3)"]))


def statement(draw: Draw, arrays: dict[str, Any]) -> str:
    """The next statement of a program, given NumPy's arrays so far."""
    new = f"v{len(arrays)}"
    if not arrays:
        return f"{new} = {creation(draw)}"
    name = draw(st.sampled_from(sorted(arrays)))
    array = arrays[name]
    kinds = ["create", "view", "view", "view", "get", "set", "set", "in place", "in place part", "compute", "function"]
    match draw(st.sampled_from(kinds)):
        case "create":
            return f"{new} = {creation(draw)}"
        case "view":
            return f"{new} = {view(draw, name, array)}"
        case "get":
            return f"{new} = np.array({name}[{any_index(draw, name, array)}], order='C')"
        case "set":
            target = f"{name}[{any_index(draw, name, array)}]"
            return f"{target} = {value_for(draw, sorted(arrays), target)}"
        case "in place":
            other = draw(st.sampled_from([*sorted(arrays), "2", "0.5", "True", f"{name}.T", f"{name}[::-1]"]))
            return f"{name} {draw(st.sampled_from(IN_PLACE))} {other}"
        case "in place part":
            operator = draw(st.sampled_from(IN_PLACE[:3]))
            return f"{name}[{any_index(draw, name, array)}] {operator} {draw(st.sampled_from(['2', '1.5', 'True']))}"
        case "compute":
            form = draw(st.sampled_from(ELEMENTWISE + (ALONG_AXES if array.ndim else REDUCTIONS)))
            return f"{new} = np.array({form.format(a=name, b=draw(st.sampled_from([*sorted(arrays), '2'])))}, order='C')"
        case _:
            return _in_place_function(draw, name, array)


def _in_place_function(draw: Draw, name: str, array: np.ndarray) -> str:
    positions = draw(st.lists(st.integers(-array.size, array.size - 1), max_size=3)) if array.size else []
    choices = [
        f"{name}.fill(3)",
        f"{name}.sort()",
        f"{name}.sort(0)",
        f"np.put({name}, {positions}, [1, 2])",
        f"{name}.flat = [1, 2, 3]",
        f"{name}.flat[{positions}] = 9",
        f"{name}.flat[::2] = [4, 5]",
        f"np.copyto({name}, 1, where={name} > 2)",
        f"np.putmask({name}, {name} > 2, [1, 2])",
        f"np.place({name}, {name} > 2, [1, 2])",
        f"np.fill_diagonal({name}, 4)",
        f"np.add({name}, 1, out={name})",
        f"np.{draw(st.sampled_from(['add', 'multiply']))}.at({name}, {any_index(draw, name, array)}, 2)",
        f"np.add({name}, 1, out={name}, where={name} > 2)",
        f"{name}.real = 2",
        f"{name}.shape = (-1,)",
        f"{name}.setflags(write=False)",
    ]
    return draw(st.sampled_from(choices))
