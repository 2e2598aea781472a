import collections

import jax.numpy as jnp

CHECKS = collections.defaultdict(lambda: (lambda r, *a, **k: jnp.zeros((), bool), ValueError, "x"))


def __getattr__(name):
    n = name.replace("linalg_", "")
    if __name__.endswith("linalg") or name.startswith("linalg_"):
        return getattr(jnp.linalg, n)
    if __name__.endswith(".fft"):
        return getattr(jnp.fft, n)
    return getattr(jnp, n, None) or (lambda *a, **k: 1 / 0)
