"""Softmax and what is like it: consumers that need the result of a reduction over the axis that is split."""

import jax
import jax.numpy as jnp

from tests.programs.checking import program, real, whole


@program(real(401, 16), real(503, 16), real(503, 8))
def softmax_of_square_scores(q, x, v):
    return jax.nn.softmax(q @ x.T, 1) @ v


@program(real(5003, 8), real(31, 8), real(31, 8))
def softmax_of_many_short_rows(q, x, v):
    return jax.nn.softmax(q @ x.T, 1) @ v


@program(real(2, 8), real(50021, 8), real(50021, 3), tolerance=1e-4)
def softmax_of_few_long_rows(q, x, v):
    return jax.nn.softmax(q @ x.T, 1) @ v


@program(real(1, 8), real(50021, 8), tolerance=1e-4)
def variance_of_one_long_row(a, b):
    scores = a @ b.T
    return ((scores - scores.mean(1, keepdims=True)) ** 2).sum(1)


@program(real(31, 8), real(8, 5003), real(5003, 3), tolerance=1e-4)
def layer_norm_then_product(a, b, v):
    scores = a @ b
    centred = scores - scores.mean(1, keepdims=True)
    return (centred / jnp.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)) @ v


@program(real(101, 16), real(16, 4001), whole(4001, 101))
def cross_entropy(hidden, weights, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(hidden @ weights), labels[:, None], 1).mean()


@program(real(101, 16), real(16, 4001), whole(4001, 101), divisor=4)
def cross_entropy_gradient(hidden, weights, labels):
    def loss(hidden, weights):
        return -(jax.nn.one_hot(labels, 4001) * jax.nn.log_softmax(hidden @ weights)).sum(1).mean()

    return jax.value_and_grad(loss, (0, 1))(hidden, weights)


@program(real(401, 64), real(401, 64))
def contrastive_gradient(a, b):
    def loss(a, b):
        scores = a @ b.T / 8
        return -(jnp.diag(jax.nn.log_softmax(scores, 1)) + jnp.diag(jax.nn.log_softmax(scores, 0))).mean()

    return jax.value_and_grad(loss, (0, 1))(a, b)


@program(real(3, 211, 16), real(3, 211, 16), real(3, 211, 16))
def causal_attention_of_several_heads(q, k, v):
    scores = jnp.einsum("hqd,hkd->hqk", q, k) / 4
    scores = jnp.where(jnp.tril(jnp.ones((211, 211), bool)), scores, -jnp.inf)
    return jnp.einsum("hqk,hkd->hqd", jax.nn.softmax(scores), v)


@program(real(1, 211, 3, 16), real(1, 211, 3, 16), real(1, 211, 3, 16))
def attention_as_jax_has_it(q, k, v):
    return jax.nn.dot_product_attention(q, k, v, is_causal=True, implementation="xla")


@program(real(401, 16), real(401, 16), real(401, 16), tolerance=1e-4)
def attention_gradient(q, k, v):
    def loss(q, k, v):
        return jnp.tanh(jax.nn.softmax(q @ k.T / 4, 1) @ v).sum()

    return jax.value_and_grad(loss, (0, 1, 2))(q, k, v)


@program(real(2, 211, 16), real(2, 211, 16), real(2, 211, 16), tolerance=1e-4)
def causal_attention_gradient(q, k, v):
    def loss(q, k, v):
        scores = jnp.where(jnp.tril(jnp.ones((211, 211), bool)), jnp.einsum("hqd,hkd->hqk", q, k) / 4, -jnp.inf)
        return (jnp.einsum("hqk,hkd->hqd", jax.nn.softmax(scores), v) ** 2).sum()

    return jax.value_and_grad(loss, (0, 1, 2))(q, k, v)
