"""Statistics, signals and random numbers: moments, sorts, windows, running sums, histograms, transforms."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.programs.checking import program, random_key, real, whole


@program(real(20011, 7))
def covariance_of_standardised_columns(x):
    z = (x - x.mean(0)) / x.std(0)
    return z.T @ jnp.tanh(z)


@program(real(60013), tolerance=1e-4)
def moments_of_a_random_walk(x):
    walk = jnp.cumsum(x)
    z = (walk - walk.mean()) / walk.std()
    return (z**3).mean(), (z**4).mean(), z.max()


@program(real(11, 6007))
def correlations(x):
    return jnp.corrcoef(jnp.tanh(x))


@program(real(101, 1), real(1, 601), is_exact=True)
def medians(a, b):
    return jnp.median(jnp.sin(a + b), axis=1)


@program(real(101, 1), real(1, 601), is_exact=True)
def quantiles_of_columns(a, b):
    return jnp.quantile(jnp.sin(a + b), jnp.array([0.1, 0.5, 0.9]), axis=0)


@program(real(101, 1), real(1, 601), is_exact=True)
def ranks(a, b):
    return jnp.argsort(jnp.argsort(jnp.sin(a + b), 1), 1)[:, ::100]


@program(real(101, 4), real(4, 2003), tolerance=1e-4)
def running_sum_along(a, b):
    return jnp.cumsum(a @ b, 1).max(1)


@program(real(2, 4), real(4, 50021), tolerance=1e-4)
def running_sums_of_few_long_rows(a, b):
    return jnp.cumsum(a @ b, 1).max(1)


@program(real(101, 4), real(4, 2003))
def running_maximum_across(a, b):
    return lax.cummax(a @ b, axis=0).sum(1)


@program(real(101, 4), real(4, 1024))
def power_spectrum(a, b):
    return (jnp.abs(jnp.fft.rfft(a @ b)) ** 2).mean(0)


@program(real(20011))
def windows_side_by_side(x):
    return jnp.stack([x[i : 20011 - 15 + i] for i in range(16)], 1).std(1)


@program(real(20011))
def sliding_maxima(x):
    return lax.reduce_window(x[:, None] * jnp.arange(1.0, 8), -jnp.inf, lax.max, (16, 1), (1, 1), "VALID").sum(1)


@program(real(211, 3), divisor=4)
def histogram_of_distances(x):
    return jnp.histogram(jnp.sqrt(((x[:, None] - x[None]) ** 2).sum(-1)), 16, range=(0, 8))[0]


@program(real(301, 3), real(301))
def variogram(x, z):
    distances = jnp.sqrt(((x[:, None] - x[None]) ** 2).sum(-1))
    chosen = jax.nn.one_hot(jnp.clip(distances * 4, 0, 15).astype(int), 16)
    return (chosen * ((z[:, None] - z[None]) ** 2)[..., None]).sum((0, 1)) / chosen.sum((0, 1))


@program(real(5003, 8), whole(50, 5003))
def sums_of_features_by_segment(x, segment):
    features = jnp.cos(x[:, :, None] * jnp.arange(1.0, 9)).reshape(-1, 64)
    return jax.ops.segment_sum(features, segment, 50)


@program(whole(3, 401, 23), is_exact=True)
def hamming_distances(x):
    return lax.sort((x[:, None] != x[None]).sum(-1), dimension=1)[:, ::50]


@program(random_key(), real(16))
def simulated_payoffs(key, strikes):
    paths = jnp.cumsum(jax.random.normal(jax.random.wrap_key_data(key), (5003, 12)), 1)
    return jnp.maximum(jnp.exp(paths / 4).mean(1)[:, None] - strikes, 0).mean(0), paths.max(0)


@program(random_key())
def columns_of_random_numbers(key):
    return (jax.random.normal(jax.random.wrap_key_data(key), (401, 301)) ** 2).sum(0)
