"""Gradients of long scans of one sequence: what the forward pass stacked up is made again, a stretch at a time."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

import memarray
from tests.programs.checking import limit_for, program, real


@program(real(8, 16), real(16, 16) / 8, real(16), real(20_000, 1, 8), divisor=16)
def gradient_of_a_recurrent_network(first, recurrent, bias, xs):
    def loss(weights):
        def step(hidden, x):
            hidden = jnp.tanh(x @ weights[0] + hidden @ weights[1] + weights[2])
            return hidden, (hidden**2).sum()

        return lax.scan(step, jnp.zeros((1, 16)), xs)[1].mean()

    return jax.value_and_grad(loss)((first, recurrent, bias))


@program(real(8, 16), real(16, 16) / 8, real(16, 5), real(5_003, 1, 8), real(5_003, 5), divisor=8)
def gradient_of_a_recurrent_network_with_a_readout(first, recurrent, out, xs, ys):
    def loss(weights):
        _, hidden = lax.scan(lambda h, x: (jnp.tanh(x @ weights[0] + h @ weights[1]),) * 2, jnp.zeros((1, 16)), xs)
        return ((jax.nn.softmax(hidden[:, 0] @ weights[2]) - ys) ** 2).mean()

    return jax.grad(loss)((first, recurrent, out))


@program(real(8, 16), real(16, 16) / 8, real(16, 16) / 8, real(5_003, 1, 8), divisor=8)
def gradient_of_two_layers(first, one, other, xs):
    def loss(weights):
        _, hidden = lax.scan(lambda h, x: (jnp.tanh(x @ weights[0] + h @ weights[1]),) * 2, jnp.zeros((1, 16)), xs)
        last, _ = lax.scan(lambda h, x: (jnp.tanh(x + h @ weights[2]), None), jnp.zeros((1, 16)), hidden)
        return (last**2).sum()

    return jax.grad(loss)((first, one, other))


@program(real(), real(5), real(5), divisor=64, is_exact=True)
def gradient_of_a_pendulums_path(stiffness, angle, speed):
    def miss(stiffness):
        def step(state, _):
            angle, speed = state
            speed = speed - 0.005 * stiffness * jnp.sin(angle)
            angle = angle + 0.01 * speed
            return (angle, speed - 0.005 * stiffness * jnp.sin(angle)), None

        return (lax.scan(step, (angle, speed), None, length=20_000)[0][0] ** 2).sum()

    return jax.value_and_grad(miss)(stiffness)


@program(real(64, 6), real(64), divisor=8)
def gradient_through_an_optimiser(x, y):
    """The step size that makes five hundred steps of descent end lowest."""

    def after(log_rate):
        def loss(weights):
            return ((jnp.tanh(x @ weights) - y) ** 2).mean()

        def step(state, _):
            weights, speed = state
            speed = 0.9 * speed - jnp.exp(log_rate) * jax.grad(loss)(weights)
            return (weights + speed, speed), None

        return loss(lax.scan(step, (jnp.zeros(6), jnp.zeros(6)), None, length=503)[0][0])

    return jax.value_and_grad(after)(-3.0)


def prepare(divisor):
    """A long network's gradient compiled under its limit, for a fresh process that measures what it takes; and what was promised."""
    arguments = real(8, 16), real(16, 16) / 8, real(16), real(200_000, 4, 8)

    def gradient(first, recurrent, bias, xs):
        def loss(weights):
            step = functools.partial(_step, *weights)
            return (lax.scan(step, jnp.zeros((4, 16)), xs)[0] ** 2).sum()

        return jax.grad(loss)((first, recurrent, bias))

    arguments = [jax.device_put(each) for each in arguments]
    fitted = memarray.wrap(gradient, memory_limit=limit_for(gradient, arguments, divisor))
    plan = fitted.plan(*arguments)
    facts = {"promised_bytes": plan.peak_bytes - plan.argument_bytes, "unsplit_bytes": plan.unsplit_peak_bytes - plan.argument_bytes}
    return lambda: jax.block_until_ready(fitted(*arguments)), facts


def _step(first, recurrent, bias, hidden, x):
    return jnp.tanh(x @ first + hidden @ recurrent + bias), None
