"""The private names of JAX that this package needs, each with the reason. Nowhere else imports one.

Tried with jax 0.10.2.
"""

# What jax.jit keys its own cache of traces by: x64, matrix-product precision, promotion rules, axis names, meshes. Reading those settings
# one by one through `jax.config` costs 15 us a call and would miss new ones.
from jax._src.config import trace_context

# Whether no transformation is under way. Without it every call had to go through `Primitive.bind`, 10 us more; the public
# `unsafe_am_i_under_a_jit_DO_NOT_USE` sees jit only.
from jax._src.core import trace_state_clean

__all__ = ["trace_context", "trace_state_clean"]
