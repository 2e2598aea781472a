"""`jax.checkpoint`: what it computes again is not what was computed before, also with barriers of one operand each."""

import jax
import jax.numpy as jnp
import numpy as np

from tests.helpers import compile_module, op_names, random_array, record, spec
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone, main_block, walk


def loss(x: jax.Array, w: jax.Array) -> jax.Array:
    """Two checkpointed blocks of two layers each."""

    @jax.checkpoint
    def block(x: jax.Array, w: jax.Array) -> jax.Array:
        return jnp.tanh(jnp.tanh(x @ w[0]) @ w[1])

    return (block(block(x, w[:2]), w[2:]) ** 2).sum()


def test_what_is_computed_again_stays_apart() -> None:
    """XLA merges neither, and needs no more memory than with JAX's barriers, which hold all that a block takes."""
    module = record(jax.grad(loss, argnums=1), spec((512, 32)), spec((4, 32, 32)))
    canonical = clone(module)
    for each in canonicalise_passes():
        each.run(canonical)
        canonical.operation.verify()
    barriers = [op for op in walk(main_block(canonical)) if op.name == "stablehlo.optimization_barrier"]
    assert op_names(module).count("optimization_barrier") == 2
    assert len(barriers) >= 4
    assert all(len(op.operands) == 1 for op in barriers)
    before, after = (compile_module(each) for each in (module, canonical))
    assert after.as_text().count(" tanh(") == before.as_text().count(" tanh(") > 4
    assert after.memory_analysis().temp_size_in_bytes <= before.memory_analysis().temp_size_in_bytes
    x, w = random_array((512, 32)), random_array((4, 32, 32), seed=1)
    np.testing.assert_allclose(*(np.asarray(each(x, w)[0]) for each in (after, before)), rtol=1e-4, atol=1e-4)
