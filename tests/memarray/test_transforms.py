"""JAX's transformations of wrapped functions: equal to those of the function itself, and fitted to the limit as well."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import memarray


def plain(x, y):
    distances = ((x[:, None] - y[None]) ** 2).sum(-1)
    return jax.nn.logsumexp(-distances, axis=1).sum() + jnp.tanh(x).sum()


fitted = memarray.wrap(plain)
X, Y = np.random.default_rng(0).standard_normal((2, 6, 3)).astype(np.float32)
XS = np.stack([X, Y, X + 1])


def over_rows(fn):
    return lambda x, y: jax.lax.scan(lambda carry, row: (carry + fn(row[None] * carry, y), fn(row[None], y)), 1.0, x)


TRANSFORMS = {
    "call": lambda fn: fn(X, Y),
    "jit": lambda fn: jax.jit(fn)(X, Y),
    "jit without tracers": lambda fn: jax.jit(lambda: fn(X, Y))(),
    "grad": lambda fn: jax.grad(fn, argnums=(0, 1))(X, Y),
    "grad of one": lambda fn: jax.grad(fn, argnums=1)(X, Y),
    "value and grad": lambda fn: jax.value_and_grad(fn)(X, Y),
    "jit of grad": lambda fn: jax.jit(jax.grad(fn, argnums=(0, 1)))(X, Y),
    "grad of jit": lambda fn: jax.grad(jax.jit(fn))(X, Y),
    "jvp": lambda fn: jax.jvp(fn, (X, Y), (Y, X)),
    "jvp of one": lambda fn: jax.jvp(lambda x: fn(x, Y), (X,), (Y,)),
    "linearize": lambda fn: jax.linearize(fn, X, Y)[1](Y, X),
    "vmap": lambda fn: jax.vmap(fn, in_axes=(0, None))(XS, Y),
    "vmap of another axis": lambda fn: jax.vmap(fn, in_axes=(2, 1))(np.moveaxis(XS, 0, 2), np.moveaxis(XS, 0, 1)),
    "vmap of vmap": lambda fn: jax.vmap(jax.vmap(fn, in_axes=(0, None)), in_axes=(None, 0))(XS, XS),
    "vmap of grad": lambda fn: jax.vmap(jax.grad(fn), in_axes=(0, None))(XS, Y),
    "grad of vmap": lambda fn: jax.grad(lambda xs: jax.vmap(fn, in_axes=(0, None))(xs, Y).sum())(XS),
    "hessian": lambda fn: jax.hessian(fn)(X, Y),
    "reverse over forward": lambda fn: jax.jacrev(jax.jacfwd(fn))(X, Y),
    "grad of grad": lambda fn: jax.grad(lambda x: jax.grad(fn)(x, Y).sum())(X),
    "scan": lambda fn: over_rows(fn)(X, Y),
    "grad of scan": lambda fn: jax.grad(lambda x, y: over_rows(fn)(x, y)[0], argnums=(0, 1))(X, Y),
    "checkpoint": lambda fn: jax.grad(lambda x: jax.checkpoint(fn)(x, Y) ** 2)(X),
    "cond": lambda fn: jax.jit(lambda x: jax.lax.cond(x[0, 0] > 0, lambda: fn(x, Y), lambda: fn(Y, x)))(X),
    "eval_shape": lambda fn: jnp.zeros(jax.eval_shape(fn, X, Y).shape),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_equal_to_the_functions_own(name):
    actual, expected = TRANSFORMS[name](fitted), TRANSFORMS[name](jax.jit(plain))
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5), actual, expected)


def test_integer_arguments_and_results():
    def fn(x, index):
        return x[index] * 2, index + 1, x > 0

    index = jnp.array([2, 0])
    wrapped = memarray.wrap(fn)
    (values, indices, positive), tangents = jax.jvp(lambda x: wrapped(x, index), (jnp.arange(3.0),), (jnp.ones(3),))
    assert values.tolist() == [4, 0]
    assert indices.tolist() == [3, 1]
    assert positive.tolist() == [False, True, True]
    assert tangents[0].tolist() == [2, 2]
    assert [tangent.dtype for tangent in tangents[1:]] == [jax.dtypes.float0] * 2
    assert jax.grad(lambda x: wrapped(x, index)[0].sum())(jnp.arange(3.0)).tolist() == [2, 0, 2]


def test_rules_of_the_users_own_derivatives():
    @jax.custom_vjp
    def clipped(x):
        return x**2

    clipped.defvjp(lambda x: (x**2, x), lambda x, ct: (jnp.clip(ct * 2 * x, -1, 1),))

    @jax.custom_jvp
    def odd(x):
        return x * 3

    odd.defjvp(lambda primals, tangents: (odd(*primals), tangents[0] * 7))
    x = jnp.array([0.1, 5.0])
    np.testing.assert_allclose(jax.grad(lambda x: memarray.wrap(clipped)(x).sum())(x), [0.2, 1])
    np.testing.assert_allclose(jax.jit(jax.vmap(jax.grad(memarray.wrap(clipped))))(x), [0.2, 1])
    np.testing.assert_allclose(jax.jvp(memarray.wrap(odd), (x,), (jnp.ones(2),))[1], [7, 7])
    with pytest.raises(TypeError, match="custom_vjp"):
        jax.jvp(clipped, (x,), (x,))
    with pytest.raises(TypeError, match="custom_vjp"):
        jax.jvp(memarray.wrap(clipped), (x,), (x,))


@pytest.mark.parametrize("transform", [jax.grad, lambda fn: jax.jit(jax.grad(fn)), jax.hessian, lambda fn: jax.vmap(fn, in_axes=1)])
def test_closing_over_values_that_are_transformed(transform):
    def loss(wrap):
        return lambda weight: wrap(lambda x: jnp.tanh(x @ weight).sum())(X)

    weight = jnp.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(transform(loss(memarray.wrap))(weight), transform(loss(jax.jit))(weight), rtol=1e-4, atol=1e-5)


def test_closing_over_large_arrays_under_transformations():
    table = jnp.linspace(0, 1, 40_000)
    wrapped = memarray.wrap(lambda x: (x * table).sum())
    x = jnp.float32(2)
    np.testing.assert_allclose(jax.grad(wrapped)(x), table.sum(), rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.vmap(wrapped))(jnp.ones(3)), [float(table.sum())] * 3, rtol=1e-5)
    np.testing.assert_allclose(jax.grad(jax.grad(lambda x: wrapped(x) ** 2))(x), 2 * float(table.sum()) ** 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("transform", "shape"),
    [
        (jax.jit, (200,)),
        (jax.grad, (100,)),
        (lambda fn: jax.jit(jax.grad(fn)), (100,)),
        (jax.vmap, (2, 100)),
        (lambda fn: jax.vmap(jax.grad(fn)), (2, 50)),
    ],
)
def test_nothing_runs_unfitted(transform, shape):
    limited = memarray.wrap(lambda x: jnp.sin(x).sum(), memory_limit=500)
    assert limited(jnp.ones(100)).shape == ()  # 400 bytes: this fits, its gradient and a batch of it do not
    with pytest.raises(memarray.MemoryLimitError):
        transform(limited)(jnp.ones(shape))


def test_a_loop_of_the_fitted_program_is_in_the_users_jit():
    wrapped = memarray.wrap(plain, memory_limit="200kB")
    x, y = np.random.default_rng(1).standard_normal((2, 300, 4)).astype(np.float32)
    assert wrapped.plan(x, y).loops
    lowered = jax.jit(lambda x: wrapped(x, y) * 2).lower(x)
    assert "stablehlo.while" in lowered.as_text()
    np.testing.assert_allclose(lowered.compile()(x), 2 * plain(x, y), rtol=1e-4)


def test_a_gradient_is_split_too():
    wrapped = memarray.wrap(plain, memory_limit="200kB")
    x, y = np.random.default_rng(1).standard_normal((2, 300, 4)).astype(np.float32)
    np.testing.assert_allclose(jax.grad(wrapped)(x, y), jax.grad(plain)(x, y), rtol=1e-3, atol=1e-4)


def test_lowering_for_hardware_that_is_not_here():
    with pytest.raises(memarray.UnsupportedOpError, match="tpu"):
        jax.jit(fitted).trace(X, Y).lower(lowering_platforms=("tpu",))
