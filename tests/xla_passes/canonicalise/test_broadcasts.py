"""Random chains of operations that rearrange elements, composed, against the reference interpreter."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import assert_same_bits, evaluate, op_names
from xla_passes.canonicalise.broadcasts import ComposeBroadcasts
from xla_passes.canonicalise.dead_code import DeadCode
from xla_passes.module import clone, parse

SIZES = st.sampled_from((1, 1, 2, 3))


def text_of(shape: tuple[int, ...]) -> str:
    return "tensor<" + "".join(f"{size}x" for size in shape) + "f32>"


@st.composite
def chains(draw: st.DrawFn) -> tuple[str, tuple[int, ...]]:
    """A program of broadcasts, reshapes and transposes in a row, all of whose values are returned, and its argument's shape."""
    first = shape = tuple(draw(st.lists(SIZES, max_size=3)))
    lines, results = [], [("%v0", shape)]
    for number in range(draw(st.integers(1, 6))):
        before = text_of(shape)
        kind = draw(st.sampled_from(("broadcast", "units", "flatten", "transpose")))
        if kind == "broadcast" and len(shape) < 5:
            rank = draw(st.integers(len(shape), 5))
            dims = sorted(draw(st.permutations(range(rank)))[: len(shape)])
            into = [draw(SIZES) for _ in range(rank)]
            for size, dim in zip(shape, dims, strict=True):
                into[dim] = size if size != 1 else into[dim]
            shape = tuple(into)
            operation = f"broadcast_in_dim %v{number}, dims = {dims}"
        elif kind == "transpose":
            order = list(draw(st.permutations(range(len(shape)))))
            shape = tuple(shape[dim] for dim in order)
            operation = f"transpose %v{number}, dims = {order}"
        elif kind == "flatten":
            shape = (int(np.prod(shape, dtype=int)),)
            operation = f"reshape %v{number}"
        else:
            long = [size for size in shape if size != 1]
            for _ in range(draw(st.integers(0, 2))):
                long.insert(draw(st.integers(0, len(long))), 1)
            shape = tuple(long)
            operation = f"reshape %v{number}"
        lines.append(f"%v{number + 1} = stablehlo.{operation} : ({before}) -> {text_of(shape)}")
        results.append((f"%v{number + 1}", shape))
    names, types = ", ".join(name for name, _ in results), ", ".join(text_of(shape) for _, shape in results)
    body = "\n".join(lines)
    return f"func.func public @main(%v0: {text_of(first)}) -> ({types}) {{\n{body}\nreturn {names} : {types}\n}}", first


@settings(max_examples=150, deadline=None)
@given(chains())
def test_chains_compute_the_same(case: tuple[str, tuple[int, ...]]) -> None:
    text, shape = case
    module = parse(text)
    composed = clone(module)
    ComposeBroadcasts().run(composed)
    composed.operation.verify()
    x = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    assert_same_bits(evaluate(composed, x), evaluate(module, x))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(SIZES, st.booleans()), min_size=1, max_size=5))
def test_broadcasts_in_any_number_of_steps_are_one(dims: list[tuple[int, bool]]) -> None:
    """However many steps it takes to broadcast, the last value is one broadcast of the first."""
    shape = tuple(size for size, kept in dims if kept)
    units = tuple(size if kept else 1 for size, kept in dims)
    full = tuple(4 if size == 1 else size for size, _ in dims)
    places = [i for i, (_, kept) in enumerate(dims) if kept]
    every = list(range(len(dims)))
    text = f"""func.func public @main(%x: {text_of(shape)}) -> {text_of(full)} {{
      %0 = stablehlo.reshape %x : ({text_of(shape)}) -> {text_of(units)}
      %1 = stablehlo.broadcast_in_dim %0, dims = {every} : ({text_of(units)}) -> {text_of(units)}
      %2 = stablehlo.broadcast_in_dim %1, dims = {every} : ({text_of(units)}) -> {text_of(tuple(size for size, _ in dims))}
      %3 = stablehlo.broadcast_in_dim %2, dims = {every} : ({text_of(tuple(size for size, _ in dims))}) -> {text_of(full)}
      return %3 : {text_of(full)}
    }}"""
    module = parse(text)
    ComposeBroadcasts().run(module)
    DeadCode().run(module)
    assert op_names(module) == ([] if shape == full else ["broadcast_in_dim"])
    x = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    expected = np.broadcast_to(np.expand_dims(x, [i for i in every if i not in places]), full)
    assert_same_bits(evaluate(module, x), [np.ascontiguousarray(expected)])
