"""The JAX recorder: specs, trees, lifted constants, random keys, and what it refuses."""

import functools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from frontends import Spec, UnsupportedOpError, record_jax, trace_jax
from frontends.jax_recorder import BAKED_BYTES
from xla_passes.module import main_block, parse, source_line, type_bytes, walk

F32 = np.dtype(np.float32)


def largest_constant_bytes(recording):
    module = parse(recording.artifact)
    return max(type_bytes(op.results[0].type) for op in walk(main_block(module)) if op.name == "stablehlo.constant")


def test_specs_and_trees():
    def fn(pair, *, scale, unused):
        return {"sum": pair[0] + pair[1] * scale, "none": None, "again": pair[0]}

    x = jax.ShapeDtypeStruct((3, 4), F32)
    recording = record_jax(fn, ((x, np.zeros(4, np.float32)),), {"scale": 2.0, "unused": x})
    scale = Spec((), F32, is_weak=True)
    assert recording.arguments == (Spec((3, 4), F32), Spec((4,), F32), scale, Spec((3, 4), F32))  # kept, though unused
    assert recording.results == (Spec((3, 4), F32),) * 2
    assert jax.tree.unflatten(recording.out_tree, [1, 2]) == {"sum": 2, "none": None, "again": 1}
    module = parse(recording.artifact)
    assert len(main_block(module).arguments) == 4
    assert recording.argument_bytes == 4 * (12 + 4 + 1 + 12)


def test_large_constants_are_lifted_and_small_ones_stay():
    from_numpy = np.arange(BAKED_BYTES, dtype=np.float32)
    on_device = jnp.ones((BAKED_BYTES,))
    small = np.arange(5, dtype=np.float32)

    @jax.jit
    def inner(x):
        return x + on_device.sum()

    def fn(x):
        scanned = jax.lax.scan(lambda carry, row: (carry + row @ small, None), 0.0, jnp.zeros((2, 5)) + on_device[:5])[0]
        return inner(x) * from_numpy + scanned

    recording = record_jax(fn, (np.float32(1),), {})
    assert sorted(value.nbytes for value in recording.constants) == [4 * BAKED_BYTES] * 2
    assert any(value is on_device for value in recording.constants)
    assert recording.arguments[-1] == Spec((), F32)
    assert largest_constant_bytes(recording) < 100
    from_numpy[:] = 0  # what was recorded does not change with the user's array
    assert all(float(value[-1]) != 0 for value in recording.constants)


def test_many_small_constants_are_bounded_together():
    tables = [np.full(1000, i, np.float32) for i in range(64)]
    recording = record_jax(lambda x: sum((x * table for table in tables), x), (jnp.ones(1000),), {})
    kept = sum(table.nbytes for table in tables) - sum(value.nbytes for value in recording.constants)
    assert 0 < kept <= BAKED_BYTES


def test_random_keys_travel_as_words():
    recording = record_jax(lambda key: (jax.random.split(key, 3), jax.random.key_data(key)), (jax.random.key(0),), {})
    words = Spec((2,), np.dtype(np.uint32))
    assert recording.arguments == (words,)
    assert recording.results == (Spec((3, 2), words.dtype), words)
    assert [key is None for key in recording.in_keys + recording.out_keys] == [False, False, True]


def test_source_lines_are_the_users():
    recording = record_jax(lambda x: jnp.sin(x) @ x, (jnp.ones((3, 3)),), {})
    module = parse(recording.artifact)
    lines = [source_line(op) for op in walk(main_block(module))]
    assert len(lines) > 2
    assert {line.rsplit(":")[0] for line in lines} == {__file__}


def test_results_that_are_nothing_constants_or_arguments():
    assert record_jax(lambda _: None, (jnp.ones(3),), {}).results == ()
    recording = record_jax(lambda x: (x, 3, jnp.zeros(2)), (jnp.ones(3),), {})
    assert recording.results == (Spec((3,), F32), Spec((), np.dtype(np.int32), is_weak=True), Spec((2,), F32))


def test_library_calls_without_a_guarantee_are_let_through():
    assert record_jax(lambda x: jax.scipy.linalg.qr(x, pivoting=True), (jnp.ones((3, 3)),), {}).results[2].shape == (3,)


@pytest.mark.parametrize(
    ("op", "fn"),
    [
        ("debug_print", lambda x: (jax.debug.print("{}", x), x)[1]),
        ("debug_callback", lambda x: (jax.debug.callback(lambda _: None, x), x)[1]),
        ("pure_callback", lambda x: jax.pure_callback(lambda y: y, x, x)),
        ("pure_callback", lambda x: jax.lax.scan(lambda c, y: (jax.pure_callback(lambda z: z, c, c), y), x[0], x)),
    ],
)
def test_callbacks_are_refused_with_their_line(op, fn):
    with pytest.raises(UnsupportedOpError, match="outside of the wrapped function") as caught:
        record_jax(fn, (jnp.ones(3),), {})
    assert caught.value.op == op
    assert caught.value.source_line.startswith(__file__)
    again = pickle.loads(pickle.dumps(caught.value))  # our own bytes
    assert (str(again), again.op, again.source_line) == (str(caught.value), caught.value.op, caught.value.source_line)


def test_refs_inside_are_fine_and_from_outside_are_refused():
    def inside(x):
        ref = jax.new_ref(x)
        ref[0] = 5.0
        return ref[...]

    assert record_jax(inside, (jnp.ones(3),), {}).results == (Spec((3,), F32),)
    outside = jax.new_ref(jnp.ones(3))
    for fn, args in ((lambda x: outside[...] + x, (jnp.ones(3),)), (lambda ref: ref[...], (outside,))):
        with pytest.raises(UnsupportedOpError, match="return the new one"):
            record_jax(fn, args, {})


def test_names_of_functions():
    assert trace_jax(jnp.sin, (jnp.ones(3),), {}).name == "sin"
    assert trace_jax(functools.partial(jnp.sin), (jnp.ones(3),), {}).name == "sin"
