"""The table of rules: every name exists, every factor fits its operation, every operation is split somewhere in these tests."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import chlo, stablehlo

from tests.helpers import compile_module, random_array, record, run
from tests.xla_passes.split.programs import COMPILED, PROGRAMS
from tests.xla_passes.split.splitting import Place, assert_agree, canonical, split
from xla_passes import fit
from xla_passes.analysis.graph import captured_values
from xla_passes.analysis.liveness import CONTROL_FLOW
from xla_passes.module import main_block, parse, shape_of, walk
from xla_passes.plan import CannotFitError, Report
from xla_passes.split.factors import Axis, Kind, Window
from xla_passes.split.rules import RULES, elementwise

# One row an operation: its name, operands (f: float, i: integer, b: boolean, c: complex, s: scalar float), result, attributes.
UNARY_REAL = [
    "abs",
    "cbrt",
    "ceil",
    "cosine",
    "exponential",
    "exponential_minus_one",
    "floor",
    "log",
    "log_plus_one",
    "logistic",
    "negate",
    "round_nearest_afz",
    "round_nearest_even",
    "rsqrt",
    "sign",
    "sine",
    "sqrt",
    "tan",
    "tanh",
]
BINARY_REAL = ["add", "atan2", "divide", "maximum", "minimum", "multiply", "power", "remainder", "subtract"]
BINARY_WHOLE = ["and", "or", "xor", "shift_left", "shift_right_arithmetic", "shift_right_logical"]
CHLO_UNARY = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bessel_i1e",
    "cosh",
    "digamma",
    "erf",
    "erf_inv",
    "erfc",
    "lgamma",
    "sinh",
    "square",
    "tan",
]
ROWS = [
    *((f"stablehlo.{name}", "f", "f", "") for name in UNARY_REAL),
    *((f"stablehlo.{name}", "ff", "f", "") for name in BINARY_REAL),
    *((f"stablehlo.{name}", "ii", "i", "") for name in BINARY_WHOLE),
    *((f"stablehlo.{name}", "i", "i", "") for name in ("not", "popcnt", "count_leading_zeros")),
    *((f"stablehlo.{name}", "c", "f", "") for name in ("real", "imag")),
    ("stablehlo.complex", "ff", "c", ""),
    ("stablehlo.convert", "f", "i", ""),
    ("stablehlo.is_finite", "f", "b", ""),
    ("stablehlo.compare", "ff", "b", "comparison_direction = #stablehlo<comparison_direction LT>"),
    ("stablehlo.select", "bff", "f", ""),
    ("stablehlo.clamp", "sfs", "f", ""),
    ("stablehlo.reduce_precision", "f", "f", "exponent_bits = 5 : i32, mantissa_bits = 4 : i32"),
    *((f"chlo.{name}", "f", "f", "") for name in CHLO_UNARY),
    *((f"chlo.{name}", "ff", "f", "") for name in ("next_after", "polygamma", "zeta")),
    *((f"chlo.is_{name}", "f", "b", "") for name in ("inf", "neg_inf", "pos_inf")),
    *((f"chlo.{name}", "c", "c", "") for name in ("conj", "_asin_acos_kernel")),
    ("chlo.mulhi", "ii", "i", ""),
]
TYPES = {"f": "tensor<7x3xf32>", "i": "tensor<7x3xi32>", "b": "tensor<7x3xi1>", "c": "tensor<7x3xcomplex<f32>>", "s": "tensor<f32>"}


def elementwise_module(rows):
    """All the rows on the same few operands, each returned; their sources are computed, so that one loop can take in everything."""
    lines = [
        "%half = stablehlo.constant dense<0.5> : tensor<f32>",
        "%f = stablehlo.abs %x : tensor<7x3xf32>",
        "%i = stablehlo.convert %f : (tensor<7x3xf32>) -> tensor<7x3xi32>",
        "%b = stablehlo.compare LT, %x, %f : (tensor<7x3xf32>, tensor<7x3xf32>) -> tensor<7x3xi1>",
        "%c = stablehlo.complex %f, %x : tensor<7x3xcomplex<f32>>",
    ]
    for at, (name, operands, result, attributes) in enumerate(rows):
        values = ", ".join({"s": "%half"}.get(kind, f"%{kind}") for kind in operands)
        inner = f" <{{{attributes}}}>" if attributes else ""
        lines.append(f'%r{at} = "{name}"({values}){inner} : ({", ".join(TYPES[kind] for kind in operands)}) -> {TYPES[result]}')
    types = ", ".join(TYPES[result] for _, _, result, _ in rows)
    lines.append(f"return {', '.join(f'%r{at}' for at in range(len(rows)))} : {types}")
    body = "\n".join(lines)
    return parse(f"func.func public @main(%x: {TYPES['f']}) -> ({types}) {{\n{body}\n}}")


def test_every_elementwise_operation_in_one_loop():
    """One loop takes in all of them, whichever axis it is over."""
    assert {name for name, *_ in ROWS} == elementwise.NAMES
    module = elementwise_module([row for row in ROWS if row[0] != "chlo.mulhi"])  # XLA's CPU backend does not know it
    for axis in (1, 0):
        splits, (loop,) = split(module, (Place(1, 0, axis), 3))
        assert loop.pieces == 3
        left = {op.operation.name for op in main_block(splits).operations}
        assert left <= {"stablehlo.constant", "stablehlo.broadcast_in_dim", "stablehlo.while", "func.return"}
    x = random_array((7, 3))
    # XLA may contract a multiplication and an addition in one of the two and not in the other.
    assert_agree(run(splits, x), run(module, x), is_exact=False)


# JAX calls LAPACK for these on the CPU; torch-xla and other platforms record them.
FACTORED = """func.func public @main(%a: tensor<5x3x3xf32>, %b: tensor<5x3x2xf32>) -> tensor<5x3x2xf32> {
  %h = stablehlo.abs %a : tensor<5x3x3xf32>
  %l = stablehlo.cholesky %h, lower = true : tensor<5x3x3xf32>
  %x = "stablehlo.triangular_solve"(%l, %b) <{left_side = true, lower = true, unit_diagonal = false,
    transpose_a = #stablehlo<transpose NO_TRANSPOSE>}> : (tensor<5x3x3xf32>, tensor<5x3x2xf32>) -> tensor<5x3x2xf32>
  return %x : tensor<5x3x2xf32>
}"""


def test_factorisations_split_over_their_batch():
    module = parse(FACTORED)
    a = random_array((5, 3, 3))
    arguments = np.abs(a @ a.swapaxes(1, 2)) + 3 * np.eye(3, dtype=np.float32), random_array((5, 3, 2), seed=1)
    splits, (loop,) = split(module, (Place(1, 0, 0), 3))
    assert (loop.kind, loop.pieces) == ("parallel", 3)
    assert_agree(run(splits, *arguments), run(module, *arguments), is_exact=False)
    for axis in (1, 2):
        with pytest.raises(ValueError, match=r"stablehlo.cholesky: a dimension of the matrix that is factored"):
            split(module, (Place(0, 0, axis), 2))


@functools.cache
def dialect_names():
    classes = [item for dialect in (stablehlo, chlo) for item in vars(dialect).values() if isinstance(item, type)]
    return {item.OPERATION_NAME for item in classes if hasattr(item, "OPERATION_NAME")}


def test_every_rule_is_for_an_operation_that_exists():
    assert set(RULES) - dialect_names() == set()


@functools.cache
def known_modules():
    """The canonical modules of all programs, and what is written out here."""
    programs = {**PROGRAMS, **COMPILED}
    modules = {name: canonical(item.function, *item.arguments, x64=item.x64) for name, item in programs.items()}
    return {**modules, "elementwise": elementwise_module(ROWS), "factored": parse(FACTORED)}


@pytest.mark.parametrize("name", [*PROGRAMS, *COMPILED, "elementwise", "factored"])
def test_factors_fit_their_operation(name):
    for op in walk(main_block(known_modules()[name])):
        if op.name in RULES:
            check_factors(op)


def _shape(value):
    return shape_of(value) if isinstance(value.type, ir.RankedTensorType) else ()


def check_factors(op):
    """Axes within bounds; pieces that tile the results; each dimension in at most one factor, and those of results in one exactly."""
    factors = RULES[op.name].factors(op)
    read = [*op.operands, *(dict.fromkeys(captured_values(op)) if op.name in CONTROL_FLOW else ())]
    operands, results = [_shape(value) for value in read], [_shape(value) for value in op.results]
    for factor in factors:
        assert len(factor.operands) == len(operands)
        assert len(factor.results) == len(results)
        if factor.kind is Kind.BLOCKED:
            assert factor.reason
            continue
        for shape, axis in zip(operands, factor.operands, strict=True):
            if isinstance(axis, Window):
                assert axis.size == shape[axis.dim]
            elif axis:
                assert axis.shift >= 0
                assert axis.shift + axis.scale * factor.size <= shape[axis.dim]
        for shape, axis in zip(results, factor.results, strict=True):
            if axis:
                assert axis.shift == 0
                assert axis.scale * factor.size == shape[axis.dim]
        has_operand, has_result = any(factor.operands), any(factor.results)
        assert (has_operand, has_result) in {
            Kind.PARALLEL: [(True, True), (False, True)],  # a dynamic slice reads all of its operand
            Kind.SEQUENTIAL: [(True, True), (True, False)],
            Kind.REDUCTION: [(True, False)],
            Kind.FREE: [(False, True)],
        }[factor.kind], f"{op.name}: {factor}"
        assert (factor.kind is Kind.REDUCTION) <= (RULES[op.name].combine is not None)
        assert (factor.kind is Kind.SEQUENTIAL) <= (RULES[op.name].carry is not None)
        assert 1 <= factor.shortest <= max(1, factor.size)
    for at, shape in enumerate(operands):
        carried = [axis.dim for factor in factors if isinstance(axis := factor.operands[at], Axis)]  # windows may share a dimension
        assert len(carried) == len(set(carried)), f"{op.name}: a dimension of operand {at} is in two factors"
        assert all(0 <= dim < len(shape) for dim in carried)
    for at, shape in enumerate(results):
        carried = [factor.results[at].dim for factor in factors if factor.results[at]]
        assert len(carried) == len(set(carried)), f"{op.name}: a dimension of result {at} is in two factors"
        missing = {dim for dim, size in enumerate(shape) if size > 1} - set(carried)
        assert not missing or op.name in MADE_AT_ONCE, f"{op.name}: dimensions {missing} of result {at} are in no factor"


# A constant's elements are all there from the start; a top-k makes its k at once.
MADE_AT_ONCE = {"stablehlo.constant", "chlo.top_k"}


def report_of(module):
    compiled = compile_module(module)
    sizes = compiled.memory_analysis()
    return Report(sizes.argument_size_in_bytes, sizes.output_size_in_bytes, sizes.temp_size_in_bytes, program=compiled)


@pytest.mark.parametrize(
    ("function", "op", "reason"),
    [
        (lambda a: jnp.sort(jnp.tanh(a).reshape(-1))[::1000], "stablehlo.sort", "the dimension that is sorted"),
        (lambda a: jnp.fft.fft2(jnp.tanh(a)).real.max(0), "stablehlo.fft", "a dimension that is transformed"),
    ],
    ids=["sort", "fft"],
)
def test_the_plan_says_what_is_blocked(function, op, reason):
    module = record(function, np.zeros((300, 500), np.float32))
    with pytest.raises(CannotFitError) as caught:
        fit(module, 700_000, report_of)
    notes = [note for tried in caught.value.tried for note in tried.plan.blocked]
    assert any(op in note.reason and reason in note.reason for note in notes), notes
