"""custom_call: batches of JAX's own linear algebra and the right-hand sides of its solvers; other calls and random numbers stay whole."""

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np
import pytest
from jax import lax
from jax.experimental.layout import Layout, with_layout_constraint
from jaxlib import lapack
from jaxlib.mlir import ir

from tests.helpers import compile_module, random_array, run, spec
from tests.xla_passes.split.splitting import Place, assert_agree, places, split, value_at
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import main_block, parse, walk
from xla_passes.pipeline import run_passes
from xla_passes.split.factors import Kind
from xla_passes.split.rules import RULES
from xla_passes.split.rules.calls import target_of

FACTORS = RULES["stablehlo.custom_call"].factors


def lowered(function, *arguments, platform="cpu", x64=False):
    """The canonical module that JAX compiles; exporting is for calls only that JAX will know for years."""
    shapes = [spec(np.shape(item), item.dtype) for item in arguments]
    with jax.enable_x64(x64):
        module = parse(jax.jit(function).trace(*shapes).lower(lowering_platforms=(platform,)).as_text())
    run_passes(module, canonicalise_passes())
    return module


def is_call(value: ir.Value) -> bool:
    return value.owner.name == "stablehlo.custom_call"


def regular(*shape: int, dtype=np.float32):
    """Matrices that are far from singular."""
    return random_array(shape, dtype) + 4 * np.eye(*shape[-2:], dtype=dtype)


def bidiagonal(a):
    return lax.linalg.tridiagonal_solve(a[..., 0, :], a[..., 1, :] + 5, a[..., 2, :], a[..., :3])


FUNCTIONS = {
    "getrf": jnp.linalg.slogdet,
    "geqrf orgqr": jnp.linalg.qr,
    "geqp3": lambda a: jax.scipy.linalg.qr(a, pivoting=True),
    "ormqr": lambda a: jax.scipy.linalg.qr_multiply(a, a[..., :3], mode="left"),
    "potrf": lambda a: jnp.linalg.cholesky(a @ a.swapaxes(-1, -2)),
    "syevd": jnp.linalg.eigh,
    "gesdd": jnp.linalg.svd,
    "gesvd": lambda a: lax.linalg.svd(a, algorithm=lax.linalg.SvdAlgorithm.QR),
    "geev": jnp.linalg.eig,
    "gees": jax.vmap(jax.scipy.linalg.schur),
    "gehrd": lax.linalg.hessenberg,
    "sytrd": lax.linalg.tridiagonal,
    "trsm": lambda a: lax.linalg.triangular_solve(a, jnp.exp(a), left_side=True, lower=True),
    "gtsv": bidiagonal,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_batches_of_matrices(name):
    a = regular(5, 4, 4)
    module = lowered(lambda a: FUNCTIONS[name](jnp.sin(a)), a)
    calls = [place for place in places(module) if is_call(value_at(module, place))]
    targets = {target_of(value_at(module, place).owner.operation) for place in calls}
    assert {f"lapack_s{routine}_ffi" for routine in name.split()} <= targets
    expected = run(module, a)
    for place in calls:
        if place.axis == 0:
            splits, (loop,) = split(module, (place, 3))
            assert (loop.kind, loop.pieces) == ("parallel", 3)
    assert_agree(run(splits, a), expected, is_exact=name != "potrf")  # whose operand is a product


def test_every_routine_of_the_library_is_known():
    """Whose calls JAX says to be a batch's; the double and complex ones are called the same but for a letter."""
    tested = {f"lapack_s{routine}_ffi" for name in FUNCTIONS for routine in name.split()}
    singles = {name for name in lapack.batch_partitionable_targets() if name.startswith("lapack_s")}
    assert tested == singles


@pytest.mark.parametrize("dtype", [np.float64, np.complex64])
def test_element_types(dtype):
    a = regular(3, 2, 4, 4, dtype=dtype)
    module = lowered(lambda a: jnp.linalg.svd(-a)[1], a, x64=True)
    expected = run(module, a)
    calls = [place for place in places(module) if is_call(value_at(module, place)) and place.result == 1]
    assert [place.axis for place in calls] == [0, 1, 2]
    for place in calls[:2]:
        splits, _ = split(module, (place, 2))
        assert_agree(run(splits, a), expected, is_exact=True)


@pytest.mark.parametrize(("function", "left_side"), [("trsm", True), ("trsm", False), ("gtsv", True), ("ormqr", True), ("ormqr", False)])
def test_right_hand_sides(function, left_side):
    """They are columns, or rows where the unknown stands on the left."""
    a, b = regular(4, 4), random_array((4, 7) if left_side else (7, 4), seed=1)
    side = 1 if left_side else 0

    def solve(a, b):
        if function == "trsm":
            return lax.linalg.triangular_solve(a, jnp.sin(b), left_side=left_side)
        if function == "gtsv":
            return lax.linalg.tridiagonal_solve(a[0], a[1] + 5, a[2], jnp.sin(b))
        return jax.scipy.linalg.qr_multiply(a, jnp.sin(b), mode="left" if left_side else "right")[0]

    module = lowered(solve, a, b)
    expected = run(module, a, b)
    (place,) = [place for place in places(module) if value_at(module, place).owner.name == "stablehlo.sine" and place.axis == side]
    splits, (loop,) = split(module, (place, 3))
    assert loop.kind == "parallel"
    assert_agree(run(splits, a, b), expected, is_exact=False)
    with pytest.raises(ValueError, match="takes or makes all of it at once"):
        split(module, (Place(place.op, 0, 1 - side), 2))


def test_approximate_top_k():
    a = random_array((5, 40))
    module = lowered(lambda a: lax.approx_max_k(jnp.abs(a), 3), a)
    (place, *_) = [place for place in places(module) if is_call(value_at(module, place))]
    splits, _ = split(module, (place, 2))
    assert_agree(run(splits, a), run(module, a), is_exact=True)
    with pytest.raises(ValueError, match=r"stablehlo.custom_call: ApproxTopK takes or makes all of it at once"):
        split(module, (Place(place.op, 0, 1), 2))


def test_constraints_on_layouts():
    a = random_array((5, 4))
    module = lowered(lambda a: jnp.abs(with_layout_constraint(jnp.abs(a), Layout((1, 0)))), a)
    for place in places(module):
        splits, _ = split(module, (place, 2))
        assert_agree(run(splits, a), run(module, a), is_exact=True)


@pytest.mark.parametrize("platform", ["cuda", "rocm", "tpu"])
@pytest.mark.parametrize("name", ["getrf", "geqrf orgqr", "syevd", "gesdd"])
def test_batches_on_other_platforms(name, platform):
    """Every call that JAX makes there has its batch as a factor of all operands and results."""
    module = lowered(FUNCTIONS[name], regular(5, 4, 4), platform=platform)
    calls = [op for op in walk(main_block(module)) if op.name == "stablehlo.custom_call"]
    assert calls
    for call in calls:
        (factor,) = [factor for factor in FACTORS(call) if factor.kind is Kind.PARALLEL]
        assert (factor.size, {axis.dim for axis in (*factor.operands, *factor.results)}) == (5, {0})


def test_what_a_call_says_to_partitioners_is_not_repeated_for_pieces():
    module = lowered(jnp.linalg.qr, regular(5, 4, 4))
    place = next(place for place in places(module) if is_call(value_at(module, place)))
    splits, _ = split(module, (place, 2))
    calls = [
        op
        for op in walk(main_block(splits))
        if op.name == "stablehlo.custom_call" and ir.RankedTensorType(op.operands[0].type).shape[0] < 5
    ]
    assert calls
    for call in calls:
        assert "sdy.sharding_rule" not in call.attributes
        assert "operand_layouts" in call.attributes


UNKNOWN = """func.func public @main(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %a = stablehlo.abs %x : tensor<4x3xf32>
  %token = stablehlo.create_token : !stablehlo.token
  %0 = stablehlo.custom_call @mine(%a) : (tensor<4x3xf32>) -> tensor<4x3xf32>
  %1:2 = stablehlo.custom_call @noted(%0, %token) : (tensor<4x3xf32>, !stablehlo.token) -> (tensor<4x3xf32>, !stablehlo.token)
  %2 = stablehlo.custom_call @written(%1#0) {has_side_effect = true} : (tensor<4x3xf32>) -> tensor<4x3xf32>
  %3 = stablehlo.custom_call @grouped(%2) : (tensor<4x3xf32>) -> tuple<tensor<4x3xf32>, tensor<i32>>
  %4 = stablehlo.get_tuple_element %3[0] : (tuple<tensor<4x3xf32>, tensor<i32>>) -> tensor<4x3xf32>
  %5 = stablehlo.custom_call @Sharding(%4) {mhlo.sharding = "{replicated}"} : (tensor<4x3xf32>) -> tensor<4x3xf32>
  return %5 : tensor<4x3xf32>
}"""


def test_other_calls_stay_whole():
    module = parse(UNKNOWN)
    reasons = {
        (0, 0): "mine is not known to work on pieces",
        (2, 1): "mine is not known to work on pieces",
        (3, 0): "noted does more than compute arrays",
        (4, 0): "written does more than compute arrays",
    }
    for (op, axis), reason in reasons.items():
        with pytest.raises(ValueError, match=reason):
            split(module, (Place(op, 0, axis), 2))
    calls = [op for op in walk(main_block(module)) if op.name == "stablehlo.custom_call"]
    kinds = {target_of(call): {factor.kind for factor in FACTORS(call)} for call in calls}
    assert kinds.pop("Sharding") == {Kind.PARALLEL}
    assert set.union(*kinds.values()) == {Kind.BLOCKED}


SOLVED = """func.func public @main(%a: tensor<3x4x4xf32>, %b: {kind}) -> {kind} {{
  %c = stablehlo.negate %a : tensor<3x4x4xf32>
  %d = stablehlo.negate %b : {kind}
  %x = "stablehlo.triangular_solve"(%c, %d) <{{left_side = {side}, lower = true, unit_diagonal = false,
    transpose_a = #stablehlo<transpose TRANSPOSE>}}> : (tensor<3x4x4xf32>, {kind}) -> {kind}
  %y = stablehlo.negate %x : {kind}
  return %y : {kind}
}}"""


@pytest.mark.parametrize(("side", "shape"), [("true", (3, 4, 5)), ("false", (3, 5, 4))])
def test_triangular_systems(side, shape):
    module = parse(SOLVED.format(side=side, kind=f"tensor<{'x'.join(map(str, shape))}xf32>"))
    arguments = regular(3, 4, 4), random_array(shape, seed=1)
    expected = run(module, *arguments)
    free = shape.index(5)
    for axis, pieces in ((0, 2), (free, 3)):
        splits, (loop,) = split(module, (Place(2, 0, axis), pieces))
        assert (loop.kind, loop.axis_length) == ("parallel", shape[axis])
        assert_agree(run(splits, *arguments), expected, is_exact=False)
    for op, axis in ((0, 1), (0, 2), (1, 3 - free), (2, 3 - free)):
        with pytest.raises(ValueError, match=r"stablehlo.triangular_solve: a dimension of the system that is solved"):
            split(module, (Place(op, 0, axis), 2))


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda a: jnp.linalg.svd(a, compute_uv=False), (400, 8, 16)),
        (lambda b: jax.scipy.linalg.solve_triangular(jnp.eye(8), b), (8, 6400)),
    ],
    ids=["batch", "columns"],
)
def test_pieces_alone_are_turned_for_a_library_that_wants_columns(function, shape):
    """The argument stays as it is: no copy of all of it beside the loop."""
    a = random_array(shape)
    module = lowered(function, a)
    place = next(place for place in places(module) if is_call(value_at(module, place)) and place.axis == np.argmax(shape))
    splits, _ = split(module, (place, 40))
    assert compile_module(splits).memory_analysis().temp_size_in_bytes < a.nbytes / 4
    assert_agree(run(splits, a), run(module, a), is_exact=False)
