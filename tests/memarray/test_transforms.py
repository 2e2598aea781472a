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


def weighted_kernel(x, weights, scale):
    kernel = jnp.exp(-((x[:, None] - x[None]) ** 2).sum(-1) / (2 * scale**2))
    return (weights * (kernel @ weights)).sum()


X300, WEIGHTS, DIRECTIONS = np.random.default_rng(2).standard_normal((3, 300, 3)).astype(np.float32)
SCALE = np.float32(1.5)
SCALES = np.array([0.5, 1, 2], np.float32)
# Of f(x, weights, scale), whose kernel matrix takes 360 kB.
DERIVATIVES = {
    "call": lambda f: f(X300, WEIGHTS, SCALE),
    "grad": lambda f: jax.grad(f, argnums=(0, 1, 2))(X300, WEIGHTS, SCALE),
    "value and grad": lambda f: jax.value_and_grad(f, argnums=2)(X300, WEIGHTS, SCALE),
    "vjp": lambda f: jax.vjp(f, X300, WEIGHTS, SCALE)[1](np.float32(2)),
    "jvp": lambda f: jax.jvp(f, (X300, WEIGHTS, SCALE), (DIRECTIONS, WEIGHTS, SCALE)),
    "hessian-vector product": lambda f: jax.jvp(lambda x: jax.grad(f)(x, WEIGHTS, SCALE), (X300,), (DIRECTIONS,))[1],
    "reverse over reverse": lambda f: jax.grad(lambda x: (jax.grad(f)(x, WEIGHTS, SCALE) * DIRECTIONS).sum())(X300),
    "second derivative": lambda f: jax.grad(jax.grad(f, argnums=2), argnums=2)(X300, WEIGHTS, SCALE),
    "jit of grad": lambda f: jax.jit(jax.grad(f))(X300, WEIGHTS, SCALE),
    "vmap": lambda f: jax.vmap(f, (None, None, 0))(X300, WEIGHTS, SCALES),
    "vmap of grad": lambda f: jax.vmap(jax.grad(f, argnums=2), (None, None, 0))(X300, WEIGHTS, SCALES),
    "scan": lambda f: jax.lax.scan(lambda total, scale: (total + f(X300, WEIGHTS, scale), None), 0.0, SCALES)[0],
    "descent in a scan": lambda f: jax.lax.scan(
        lambda scale, _: (scale - 1e-5 * jax.grad(f, argnums=2)(X300, WEIGHTS, scale),) * 2, SCALE, None, length=3
    ),
}


def fitted_programs(function):
    """The programs that were compiled for a traced function and for those derived from it."""
    programs = list(function._programs.values())
    return programs + [program for derived in function._derived.values() for program in fitted_programs(derived)]


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derived_functions_are_split_too(name):
    limit = 100_000
    wrapped = memarray.wrap(weighted_kernel, memory_limit=limit)
    actual, expected = DERIVATIVES[name](wrapped), DERIVATIVES[name](jax.jit(weighted_kernel))
    served = [
        program.serve(limit) for entry in wrapped._entries.values() for program in fitted_programs(entry.function) if program.compilations
    ]
    assert any(one.plan.loops for one in served)
    assert all(one.peak_bytes <= limit for one in served)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * np.abs(b).max()), actual, expected)


@pytest.mark.parametrize("derive", [jax.grad, jax.hessian, lambda f: jax.jacfwd(jax.grad(f))])
def test_derivatives_inside_of_the_wrapped_function(derive):
    derived = derive(lambda scale: weighted_kernel(jnp.asarray(X300), WEIGHTS, scale))
    wrapped = memarray.wrap(derived, memory_limit=100_000)
    assert wrapped.plan(SCALE).loops
    np.testing.assert_allclose(wrapped(SCALE), jax.jit(derived)(SCALE), rtol=1e-4)


@pytest.mark.parametrize("columns", [3, 8])
def test_a_kernel_too_large_to_hold_and_its_gradient_fit(columns):
    """100,000 points: a kernel matrix of 40 GB, under 512 MB. The same program at 1,500 points computes what float64 does."""
    wrapped = memarray.wrap(jax.value_and_grad(weighted_kernel, argnums=(0, 2)), memory_limit="512MB")
    float32 = jnp.float32
    plan = wrapped.plan(*(jax.ShapeDtypeStruct(shape, float32) for shape in ((100_000, columns), (100_000, 2), ())))
    assert plan.fits
    assert plan.unsplit_peak_bytes > 40e9

    generator = np.random.default_rng(0)
    x, weights = generator.standard_normal((1500, columns), np.float32), generator.random((1500, 2), np.float32)
    value, (by_x, by_scale) = wrapped.with_limit("1MB")(x, weights, SCALE)
    x, weights, scale = x.astype(np.float64), weights.astype(np.float64), float(SCALE)
    squares = ((x[:, None] - x[None]) ** 2).sum(-1)
    terms = np.exp(-squares / (2 * scale**2)) * (weights @ weights.T)
    exact_by_x = -2 * (x * terms.sum(1)[:, None] - terms @ x) / scale**2
    np.testing.assert_allclose(value, terms.sum(), rtol=1e-5)
    np.testing.assert_allclose(by_x, exact_by_x, rtol=0, atol=1e-5 * np.abs(exact_by_x).max())
    np.testing.assert_allclose(by_scale, (terms * squares).sum() / scale**3, rtol=1e-5)


def test_lowering_for_hardware_that_is_not_here():
    with pytest.raises(memarray.UnsupportedOpError, match="tpu"):
        jax.jit(fitted).trace(X, Y).lower(lowering_platforms=("tpu",))
