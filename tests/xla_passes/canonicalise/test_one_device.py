"""Programs that JAX spreads over a mesh of one device: nothing of that is left, and they compute the same."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from tests.helpers import assert_same_bits, op_names, random_array, record, run, spec
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone


def spread(x: jax.Array) -> tuple[jax.Array, ...]:
    """Constraints, and every collective that `shard_map` knows."""
    mesh = Mesh(np.array(jax.devices()[:1]), ("a",))
    rows = NamedSharding(mesh, P("a"))

    def piece(t: jax.Array) -> tuple[jax.Array, ...]:
        return (
            jnp.sin(t) * jax.lax.psum(t.sum(), "a") + jax.lax.pmax(t.max(), "a"),
            jax.lax.all_gather(t, "a", tiled=True) + jax.lax.axis_index("a"),
            jax.lax.ppermute(t, "a", [(0, 0)]) + jax.lax.psum_scatter(t, "a", tiled=True),
            jax.lax.ppermute(t, "a", []) + jax.lax.all_to_all(t, "a", 0, 0, tiled=True),
        )

    y = jax.lax.with_sharding_constraint(jnp.tanh(x), rows)
    mapped = jax.shard_map(piece, mesh=mesh, in_specs=P("a"), out_specs=P("a"), check_vma=False)
    return tuple(jax.lax.with_sharding_constraint(z, NamedSharding(mesh, P())) for z in mapped(y))


def test_nothing_is_spread_over_one_device() -> None:
    module = record(spread, spec((8, 4)))
    canonical = clone(module)
    for each in canonicalise_passes():
        each.run(canonical)
        canonical.operation.verify()
    assert {"all_reduce", "all_gather", "sdy.sharding_constraint"} <= set(op_names(module))
    allowed = {"tanh", "sine", "reduce", "add", "maximum", "multiply", "constant", "broadcast_in_dim"}
    assert set(op_names(canonical)) <= allowed
    x = random_array((8, 4))
    assert_same_bits(run(canonical, x), run(module, x))
