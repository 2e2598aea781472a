"""A small module for every operation of StableHLO and chlo, on whole numbers, whose sums are exact in any order.

`[5x3xf32]` stands for `tensor<5x3xf32>`. Arguments are %a, %b and so on.
"""

import re
from dataclasses import dataclass

import numpy as np

from tests.helpers import random_array

_ELEMENTS = {
    "bool": "i1", "int8": "i8", "int32": "i32", "int64": "i64", "uint8": "ui8", "uint32": "ui32", "uint64": "ui64",
    "float16": "f16", "float32": "f32", "float64": "f64",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A program: MLIR text, what it is run on, and whether XLA has to run it, because the reference interpreter cannot."""

    text: str
    arguments: tuple[np.ndarray, ...]
    is_compiled: bool = False


CASES: dict[str, Case] = {}


def whole(*shape: int, dtype: object = np.float32, seed: int = 0, low: int = -4, high: int = 5) -> np.ndarray:
    """Small whole numbers."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def case(name: str, *arguments: np.ndarray, body: str, functions: str = "", is_compiled: bool = False) -> None:
    """Register a module. What the operation is given is computed from the arguments (and equals them), so that it can be in pieces."""
    types = [f"tensor<{''.join(f'{size}x' for size in item.shape)}{_ELEMENTS[item.dtype.name]}>" for item in arguments]
    body, functions = (re.sub(r"\[((?:\d+x)*[a-z]+\d+)\]", r"tensor<\1>", text) for text in (body, functions))
    names = [f"%{letter}" for letter in "abcdefgh"[: len(types)]]
    header = ", ".join(f"{each}0: {kind}" for each, kind in zip(names, types, strict=True))
    computed = "\n".join(f"{each} = stablehlo.maximum {each}0, {each}0 : {kind}" for each, kind in zip(names, types, strict=True))
    results = body.rpartition("return ")[2].partition(":")[2]
    assert name not in CASES
    text = f"func.func public @main({header}) -> ({results}) {{\n{computed}\n{body}\n}}\n{functions}"
    CASES[name] = Case(text, arguments, is_compiled)


# Elementwise: one row a group of the same types

REAL = random_array((5, 3)) * 2
POSITIVE = np.abs(REAL) + np.float32(0.25)
SMALL = np.tanh(REAL)
SPECIAL = np.random.default_rng(3).choice(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -2.5], np.float32), (5, 3))
COUNTS = whole(5, 3, dtype=np.int32, seed=1)
SHIFTS = whole(5, 3, dtype=np.int32, seed=2, low=0, high=31)
TRUTHS = random_array((5, 3), bool, seed=3)
F, I, B = "[5x3xf32]", "[5x3xi32]", "[5x3xi1]"  # noqa: E741  as in the rows of types

_REAL = (
    "abs cbrt ceil cosine exponential exponential_minus_one floor logistic negate round_nearest_afz round_nearest_even sign sine tan tanh"
)
_BITS = "and or xor shift_left shift_right_arithmetic shift_right_logical"
_BETWEEN_ONES = "acos asin atan atanh cosh erf erf_inv erfc sinh square tan asinh bessel_i1e digamma lgamma"
_BROADCASTING = "add atan2 divide maximum minimum multiply power remainder subtract next_after polygamma zeta"

for _name in _REAL.split():
    case(_name, SPECIAL, REAL, body=f"%r = stablehlo.{_name} %a : {F} %s = stablehlo.{_name} %b : {F} return %r, %s : {F}, {F}")
for _name in ("log", "log_plus_one", "rsqrt", "sqrt"):
    case(_name, SPECIAL, POSITIVE, body=f"%r = stablehlo.{_name} %a : {F} %s = stablehlo.{_name} %b : {F} return %r, %s : {F}, {F}")
for _name in ("add", "atan2", "divide", "maximum", "minimum", "multiply", "power", "remainder", "subtract"):
    case(_name, REAL, SPECIAL, body=f"%r = stablehlo.{_name} %a, %b : {F} return %r : {F}")
for _name in _BITS.split():
    case(_name, COUNTS, SHIFTS, body=f"%r = stablehlo.{_name} %a, %b : {I} return %r : {I}")
for _name in ("not", "popcnt", "count_leading_zeros"):
    case(_name, COUNTS, body=f"%r = stablehlo.{_name} %a : {I} return %r : {I}")
case("is_finite", SPECIAL, body=f"%r = stablehlo.is_finite %a : ({F}) -> {B} return %r : {B}")
case("compare", SPECIAL, REAL, body=f"%r = stablehlo.compare LT, %a, %b, TOTALORDER : ({F}, {F}) -> {B} return %r : {B}")
case("select", TRUTHS, REAL, SPECIAL, body=f"%r = stablehlo.select %a, %b, %c : {B}, {F} return %r : {F}")
case("clamp", np.float32(-1), SPECIAL, REAL, body=f"%r = stablehlo.clamp %a, %b, %c : ([f32], {F}, {F}) -> {F} return %r : {F}")
case(
    "convert",
    REAL,
    COUNTS,
    body=f"%r = stablehlo.convert %a : ({F}) -> {I} %s = stablehlo.convert %b : ({I}) -> {B} return %r, %s : {I}, {B}",
)
case("reduce_precision", REAL, body=f"%r = stablehlo.reduce_precision %a, format = e5m2 : {F} return %r : {F}")
case(
    "complex, real, imag",
    REAL,
    SPECIAL,
    body=f"""%c = stablehlo.complex %a, %b : [5x3xcomplex<f32>] %d = stablehlo.multiply %c, %c : tensor<5x3xcomplex<f32>>
      %r = stablehlo.real %d : (tensor<5x3xcomplex<f32>>) -> {F} %s = stablehlo.imag %d : (tensor<5x3xcomplex<f32>>) -> {F}
      return %r, %s : {F}, {F}""".replace("[5x3xcomplex<f32>]", "tensor<5x3xcomplex<f32>>"),
)
case(
    "map",
    REAL,
    SPECIAL,
    body=f"""%r = "stablehlo.map"(%a, %b) <{{dimensions = array<i64: 0, 1>}}> ({{ ^bb0(%x: [f32], %y: [f32]):
      %z = stablehlo.multiply %x, %y : [f32] stablehlo.return %z : [f32] }}) : ({F}, {F}) -> {F} return %r : {F}""",
)
case("optimization_barrier", REAL, COUNTS, body=f"%r:2 = stablehlo.optimization_barrier %a, %b : {F}, {I} return %r#0, %r#1 : {F}, {I}")

for _name in _BETWEEN_ONES.split():
    case(f"chlo.{_name}", SMALL, body=f"%r = chlo.{_name} %a : {F} -> {F} return %r : {F}")
case("chlo.acosh", POSITIVE, body=f"%r = chlo.acosh %a : {F} -> {F} return %r : {F}")
for _name in ("is_inf", "is_neg_inf", "is_pos_inf"):
    case(f"chlo.{_name}", SPECIAL, body=f"%r = chlo.{_name} %a : {F} -> {B} return %r : {B}")
for _name, _first in (("next_after", REAL), ("polygamma", np.round(POSITIVE)), ("zeta", POSITIVE + 1)):
    case(f"chlo.{_name}", _first, POSITIVE, body=f"%r = chlo.{_name} %a, %b : {F}, {F} -> {F} return %r : {F}")
case("chlo.mulhi", COUNTS * 2**20, SHIFTS * 2**25, body=f"%r = chlo.mulhi %a, %b : {I}, {I} -> {I} return %r : {I}")
for _name in ("conj", "_asin_acos_kernel"):
    case(
        f"chlo.{_name}",
        REAL,
        SMALL,
        body=f"""%c = stablehlo.complex %a, %b : tensor<5x3xcomplex<f32>>
          %d = "chlo.{_name}"(%c) : (tensor<5x3xcomplex<f32>>) -> tensor<5x3xcomplex<f32>>
          %r = stablehlo.real %d : (tensor<5x3xcomplex<f32>>) -> {F} %s = stablehlo.imag %d : (tensor<5x3xcomplex<f32>>) -> {F}
          return %r, %s : {F}, {F}""",
    )

for _name in _BROADCASTING.split():
    case(
        f"chlo.broadcast_{_name}",
        POSITIVE,
        POSITIVE[:1] + 1,
        body=f"%r = chlo.broadcast_{_name} %a, %b : ({F}, [1x3xf32]) -> {F} return %r : {F}",
    )
for _name in _BITS.split():
    case(f"chlo.broadcast_{_name}", COUNTS, SHIFTS[0], body=f"%r = chlo.broadcast_{_name} %a, %b : ({I}, [3xi32]) -> {I} return %r : {I}")
case(
    "chlo.broadcast_compare",
    REAL,
    REAL[0],
    body=f"""%r = chlo.broadcast_compare %a, %b {{comparison_direction = #chlo<comparison_direction GE>}} : ({F}, [3xf32]) -> {B}
      return %r : {B}""",
)
case(
    "chlo.broadcast_select",
    TRUTHS,
    REAL,
    np.float32(7),
    body=f"%r = chlo.broadcast_select %a, %b, %c : ({B}, {F}, [f32]) -> {F} return %r : {F}",
    is_compiled=True,  # its lowering has operations that the interpreter does not know
)
case(
    "chlo.broadcast_complex",
    REAL,
    REAL[0],
    body=f"""%c = chlo.broadcast_complex %a, %b : ({F}, [3xf32]) -> tensor<5x3xcomplex<f32>>
      %r = stablehlo.imag %c : (tensor<5x3xcomplex<f32>>) -> {F} return %r : {F}""",
)
case(
    "chlo.constant, chlo.constant_like",
    REAL,
    body=f"""%c = "chlo.constant"() <{{value = dense<[1.0, 2.0, 3.0]> : [3xf32]}}> : () -> [3xf32]
      %d = stablehlo.broadcast_in_dim %c, dims = [1] : ([3xf32]) -> {F}
      %e = "chlo.constant_like"(%a) <{{value = 2.5 : f32}}> : ({F}) -> {F}
      %f = stablehlo.add %d, %e : {F} %r = stablehlo.multiply %f, %a : {F} return %r : {F}""",
)

# Operations that move elements about

case("broadcast", REAL, body=f"%r = stablehlo.broadcast %a, sizes = [2] : ({F}) -> [2x5x3xf32] return %r : [2x5x3xf32]")
case(
    "broadcast_in_dim",
    REAL[:, :1],
    body="%r = stablehlo.broadcast_in_dim %a, dims = [0, 2] : ([5x1xf32]) -> [5x2x4xf32] return %r : [5x2x4xf32]",
)
case("reshape", whole(4, 6), body="%r = stablehlo.reshape %a : ([4x6xf32]) -> [2x2x6xf32] return %r : [2x2x6xf32]")
case(
    "transpose", whole(2, 3, 4), body="%r = stablehlo.transpose %a, dims = [2, 0, 1] : ([2x3x4xf32]) -> [4x2x3xf32] return %r : [4x2x3xf32]"
)
case("slice", whole(9, 7), body="%r = stablehlo.slice %a [1:9:2, 2:5] : ([9x7xf32]) -> [4x3xf32] return %r : [4x3xf32]")
case("reverse", REAL, body=f"%r = stablehlo.reverse %a, dims = [0] : {F} return %r : {F}")
case(
    "concatenate",
    REAL,
    whole(4, 3),
    body=f"%r = stablehlo.concatenate %a, %b, dim = 0 : ({F}, [4x3xf32]) -> [9x3xf32] return %r : [9x3xf32]",
)
case(
    "pad",
    REAL,
    np.float32(-7),
    body=f"""%p = stablehlo.pad %a, %b, low = [2, -1], high = [1, 3], interior = [1, 0] : ({F}, [f32]) -> [12x5xf32]
      %r = stablehlo.negate %p : [12x5xf32] return %r : [12x5xf32]""",
)
case(
    "constant, iota",
    body=f"""%c = stablehlo.constant dense<2> : {I} %d = stablehlo.iota dim = 0 : {I} %e = stablehlo.iota dim = 1 : {I}
      %f = stablehlo.multiply %c, %d : {I} %r = stablehlo.add %f, %e : {I} return %r : {I}""",
)
case(
    "bitcast_convert",
    COUNTS,
    body="""%r = stablehlo.bitcast_convert %a : ([5x3xi32]) -> [5x3x4xui8] %s = stablehlo.bitcast_convert %r : ([5x3x4xui8]) -> [5x3xi32]
      return %r, %s : [5x3x4xui8], [5x3xi32]""",
)
case(
    "dynamic_slice, dynamic_update_slice",
    whole(7, 5),
    whole(7, 2, seed=1),
    np.int32(1),
    np.int32(3),
    body="""%r = stablehlo.dynamic_slice %a, %c, %d, sizes = [2, 5] : ([7x5xf32], [i32], [i32]) -> [2x5xf32]
      %s = stablehlo.dynamic_update_slice %a, %b, %c, %d : ([7x5xf32], [7x2xf32], [i32], [i32]) -> [7x5xf32]
      return %r, %s : [2x5xf32], [7x5xf32]""",
)
_PLACES = np.array([[0, 2], [6, 1], [3, 9], [-1, 0]], np.int32)  # the last two are out of range
case(
    "gather",
    whole(7, 5, 3),
    _PLACES,
    body="""%r = "stablehlo.gather"(%a, %b) <{dimension_numbers = #stablehlo.gather<offset_dims = [1, 2], collapsed_slice_dims = [0],
        start_index_map = [0, 1], index_vector_dim = 1>, slice_sizes = array<i64: 1, 2, 3>}> : ([7x5x3xf32], [4x2xi32]) -> [4x2x3xf32]
      return %r : [4x2x3xf32]""",
)
case(
    "torch_index_select",
    whole(7, 5),
    np.array([4, 0, 0], np.int32),
    body="""%r = "stablehlo.torch_index_select"(%a, %b) <{dim = 1 : i64, batch_dims = 0 : i64}> : ([7x5xf32], [3xi32]) -> [7x3xf32]
      return %r : [7x3xf32]""",
)
_ADD = "({ ^bb0(%x: [f32], %y: [f32]): %z = stablehlo.add %x, %y : [f32] stablehlo.return %z : [f32] })"
case(
    "scatter",
    whole(7, 5),
    np.array([[3], [0], [3], [9]], np.int32),
    whole(4, 5, seed=1),
    body=f"""%r = "stablehlo.scatter"(%a, %b, %c) <{{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1],
        inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}}> {_ADD}
      : ([7x5xf32], [4x1xi32], [4x5xf32]) -> [7x5xf32]
      return %r : [7x5xf32]""",
)

# Reductions, products and windows

case(
    "reduce",
    whole(5, 7, 3),
    whole(5, 7, 3, dtype=np.int32, seed=1),
    np.float32(2),
    np.int32(-9),
    body="""%r = stablehlo.reduce(%a init: %c) applies stablehlo.add across dimensions = [1] : ([5x7x3xf32], [f32]) -> [5x3xf32]
      %s = stablehlo.reduce(%b init: %d) applies stablehlo.maximum across dimensions = [0, 2] : ([5x7x3xi32], [i32]) -> [7xi32]
      return %r, %s : [5x3xf32], [7xi32]""",
)
case(
    "reduce of pairs",
    whole(5, 7),
    body="""%i = stablehlo.iota dim = 1 : [5x7xi32]
      %z = stablehlo.constant dense<0> : [i32] %n = stablehlo.constant dense<0xFF800000> : [f32]
      %r:2 = stablehlo.reduce(%a init: %n), (%i init: %z) across dimensions = [1]
        : ([5x7xf32], [5x7xi32], [f32], [i32]) -> ([5xf32], [5xi32])
       reducer(%x: [f32], %y: [f32]) (%j: [i32], %k: [i32]) {
        %0 = stablehlo.compare GT, %x, %y : ([f32], [f32]) -> [i1] %1 = stablehlo.compare EQ, %x, %y : ([f32], [f32]) -> [i1]
        %2 = stablehlo.compare LT, %j, %k : ([i32], [i32]) -> [i1] %3 = stablehlo.and %1, %2 : [i1] %4 = stablehlo.or %0, %3 : [i1]
        %5 = stablehlo.select %4, %x, %y : [i1], [f32] %6 = stablehlo.select %4, %j, %k : [i1], [i32]
        stablehlo.return %5, %6 : [f32], [i32]
      } return %r#0, %r#1 : [5xf32], [5xi32]""",
)
case("dot", whole(5, 4), whole(4, 3, seed=1), body="%r = stablehlo.dot %a, %b : ([5x4xf32], [4x3xf32]) -> [5x3xf32] return %r : [5x3xf32]")
case(
    "dot_general",
    whole(2, 5, 4),
    whole(2, 4, 3, seed=1),
    body="""%r = stablehlo.dot_general %a, %b, batching_dims = [0] x [0], contracting_dims = [2] x [1]
        : ([2x5x4xf32], [2x4x3xf32]) -> [2x5x3xf32]
      return %r : [2x5x3xf32]""",
)
case(
    "einsum, unary_einsum",
    whole(5, 4),
    whole(4, 3, seed=1),
    body="""%r = stablehlo.einsum %a, %b, config = "ab,bc->ca" : ([5x4xf32], [4x3xf32]) -> [3x5xf32]
      %s = "stablehlo.unary_einsum"(%a) <{einsum_config = "ab->b"}> : ([5x4xf32]) -> [4xf32] return %r, %s : [3x5xf32], [4xf32]""",
)
case(
    "chlo.ragged_dot",
    whole(6, 4),
    whole(3, 4, 5, seed=1),
    np.array([2, 3, 1], np.int32),
    body="""%r = "chlo.ragged_dot"(%a, %b, %c) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_batching_dimensions = [],
        rhs_batching_dimensions = [], lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0],
        rhs_group_dimensions = [0]>, precision_config = [#chlo<precision DEFAULT>, #chlo<precision DEFAULT>]}>
      : ([6x4xf32], [3x4x5xf32], [3xi32]) -> [6x5xf32]
      return %r : [6x5xf32]""",
)
case(
    "convolution",
    whole(3, 9, 2),
    whole(3, 2, 4, seed=1),
    body="""%r = stablehlo.convolution(%a, %b) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {stride = [2], pad = [[1, 0]]}
        {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : ([3x9x2xf32], [3x2x4xf32]) -> [3x4x4xf32]
      return %r : [3x4x4xf32]""",
)
case(
    "dynamic_conv",
    whole(3, 9, 2),
    whole(3, 2, 4, seed=1),
    body="""%p = stablehlo.constant dense<1> : [1x2xi32]
      %r = "stablehlo.dynamic_conv"(%a, %b, %p) <{batch_group_count = 1 : i64, feature_group_count = 1 : i64,
        dimension_numbers = #stablehlo.conv<[b, 0, f]x[0, i, o]->[b, 0, f]>}> : ([3x9x2xf32], [3x2x4xf32], [1x2xi32]) -> [3x9x4xf32]
      return %r : [3x9x4xf32]""",
)
case(
    "reduce_window",
    whole(9, 5),
    np.float32(0),
    body=f"""%r = "stablehlo.reduce_window"(%a, %b) <{{window_dimensions = array<i64: 3, 1>, window_strides = array<i64: 2, 1>,
        padding = dense<[[1, 1], [0, 0]]> : [2x2xi64]}}> {_ADD} : ([9x5xf32], [f32]) -> [5x5xf32]
      %s = "stablehlo.reduce_window"(%a, %b) <{{window_dimensions = array<i64: 1, 5>, padding = dense<[[0, 0], [4, 0]]> : [2x2xi64]}}>
        {_ADD} : ([9x5xf32], [f32]) -> [9x5xf32]
      return %r, %s : [5x5xf32], [9x5xf32]""",
)
_CHOOSE = "{ ^bb0(%x: [f32], %y: [f32]): %z = stablehlo.compare GE, %x, %y : ([f32], [f32]) -> [i1] stablehlo.return %z : [i1] }"
case(
    "select_and_scatter",
    whole(8, 6),
    whole(4, 6, seed=1),
    np.float32(0),
    body=f"""%r = "stablehlo.select_and_scatter"(%a, %b, %c) <{{window_dimensions = array<i64: 2, 1>, window_strides = array<i64: 2, 1>,
        padding = dense<0> : [2x2xi64]}}> ({_CHOOSE}, {_ADD[1:-1]}) : ([8x6xf32], [4x6xf32], [f32]) -> [8x6xf32]
      return %r : [8x6xf32]""",
)
case(
    "chlo.top_k",
    whole(5, 9),
    body="%r:2 = chlo.top_k(%a, k = 3) : [5x9xf32] -> ([5x3xf32], [5x3xi32]) return %r#0, %r#1 : [5x3xf32], [5x3xi32]",
)
case(
    "sort",
    whole(5, 7, dtype=np.int32),
    body="""%i = stablehlo.iota dim = 1 : [5x7xi32]
      %r:2 = "stablehlo.sort"(%a, %i) <{dimension = 1 : i64, is_stable = true}> ({ ^bb0(%x: [i32], %y: [i32], %j: [i32], %k: [i32]):
        %z = stablehlo.compare LT, %x, %y : ([i32], [i32]) -> [i1] stablehlo.return %z : [i1] })
        : ([5x7xi32], [5x7xi32]) -> ([5x7xi32], [5x7xi32])
      return %r#0, %r#1 : [5x7xi32], [5x7xi32]""",
)
for _name, _arguments, _results in (
    ("training", 1, [F, "[3xf32]", "[3xf32]"]),
    ("inference", 4, [F]),
    ("grad", 3, [F, "[3xf32]", "[3xf32]"]),
):
    _more = (whole(5, 3, seed=9),) if _name == "grad" else ()
    _few = 2 if _name == "training" else _arguments
    _operands = [REAL.round(), *(whole(3, seed=seed, low=1) for seed in range(_few)), *_more]
    _kinds = ", ".join([F, *["[3xf32]"] * _few, *[F] * len(_more)])
    case(
        f"batch_norm_{_name}",
        *_operands,
        body=f"""%r:{len(_results)} = "stablehlo.batch_norm_{_name}"({", ".join(f"%{letter}" for letter in "abcdef"[: len(_operands)])})
            <{{epsilon = 1.0e-3 : f32, feature_index = 1 : i64}}> : ({_kinds}) -> ({", ".join(_results)})
          return {", ".join(f"%r#{at}" for at in range(len(_results)))} : {", ".join(_results)}""",
    )

# Linear algebra, transforms, random numbers and calls of libraries

_FACTORS = np.tril(whole(5, 3, 3, low=1, seed=4)).astype(np.float32) + 2 * np.eye(3, dtype=np.float32)
case(
    "cholesky",
    _FACTORS @ _FACTORS.swapaxes(1, 2),
    body="%r = stablehlo.cholesky %a, lower = true : [5x3x3xf32] return %r : [5x3x3xf32]",
    is_compiled=True,
)
case(
    "triangular_solve",
    _FACTORS,
    whole(5, 3, 4),
    body="""%r = "stablehlo.triangular_solve"(%a, %b) <{left_side = true, lower = true, unit_diagonal = false,
        transpose_a = #stablehlo<transpose NO_TRANSPOSE>}> : ([5x3x3xf32], [5x3x4xf32]) -> [5x3x4xf32]
      return %r : [5x3x4xf32]""",
    is_compiled=True,  # the interpreter knows no batches
)
case(
    "fft",
    whole(5, 8, dtype=np.float64),
    whole(5, 8, dtype=np.float64, seed=1),
    body="""%c = stablehlo.complex %a, %b : tensor<5x8xcomplex<f64>>
      %d = stablehlo.fft %c, type = FFT, length = [8] : (tensor<5x8xcomplex<f64>>) -> tensor<5x8xcomplex<f64>>
      %r = stablehlo.real %d : (tensor<5x8xcomplex<f64>>) -> [5x8xf64] %s = stablehlo.imag %d : (tensor<5x8xcomplex<f64>>) -> [5x8xf64]
      return %r, %s : [5x8xf64], [5x8xf64]""",
)
case(
    "rng_bit_generator",
    np.array([3, 5], np.uint64),
    body="""%r:2 = stablehlo.rng_bit_generator %a, algorithm = THREE_FRY : ([2xui64]) -> ([2xui64], [6x4xui32])
      %s = stablehlo.not %r#1 : [6x4xui32] return %r#0, %s : [2xui64], [6x4xui32]""",
    is_compiled=True,
)
case(
    "custom_call",
    whole(5, 3, 3),
    body="""%r:2 = stablehlo.custom_call @lapack_sgeqrf_ffi(%a) {
        api_version = 4 : i32, mhlo.backend_config = {}, mhlo.frontend_attributes = {num_batch_dims = "1"},
        operand_layouts = [dense<[1, 2, 0]> : tensor<3xindex>],
        result_layouts = [dense<[1, 2, 0]> : tensor<3xindex>, dense<[1, 0]> : tensor<2xindex>]
      } : ([5x3x3xf32]) -> ([5x3x3xf32], [5x3xf32])
      return %r#0, %r#1 : [5x3x3xf32], [5x3xf32]""",
    is_compiled=True,
)

# Control flow, composites, tuples, shapes

case(
    "while",
    whole(5, 3),
    np.int32(3),
    body="""%z = stablehlo.constant dense<0> : [i32]
      %r:2 = stablehlo.while(%i = %z, %x = %a) : [i32], [5x3xf32]
        cond { %0 = stablehlo.compare LT, %i, %b : ([i32], [i32]) -> [i1] stablehlo.return %0 : [i1] }
        do {
          %one = stablehlo.constant dense<1> : [i32] %0 = stablehlo.add %i, %one : [i32] %1 = stablehlo.add %x, %a : [5x3xf32]
          stablehlo.return %0, %1 : [i32], [5x3xf32]
        }
      return %r#1 : [5x3xf32]""",
)
case(
    "if",
    np.array(True),
    REAL,
    body=f"""%r = "stablehlo.if"(%a) ({{ %x = stablehlo.negate %b : {F} stablehlo.return %x : {F} }},
        {{ %x = stablehlo.abs %b : {F} stablehlo.return %x : {F} }}) : ([i1]) -> {F} return %r : {F}""",
)
case(
    "case",
    np.int32(1),
    REAL,
    body=f"""%r = "stablehlo.case"(%a) ({{ %x = stablehlo.negate %b : {F} stablehlo.return %x : {F} }},
        {{ %x = stablehlo.abs %b : {F} stablehlo.return %x : {F} }}) : ([i32]) -> {F} return %r : {F}""",
)
case(
    "composite",
    REAL,
    body=f'%r = stablehlo.composite "own.twice" %a {{decomposition = @twice}} : ({F}) -> {F} return %r : {F}',
    functions=f"func.func private @twice(%a: {F}) -> {F} {{ %r = stablehlo.add %a, %a : {F} return %r : {F} }}",
)
case(
    "tuple, get_tuple_element",
    REAL,
    COUNTS,
    body=f"""%t = stablehlo.tuple %a, %b : tuple<{F}, {I}> %x = stablehlo.get_tuple_element %t[0] : (tuple<{F}, {I}>) -> {F}
      %r = stablehlo.abs %x : {F} return %r : {F}""",
)
case(
    "dynamic_broadcast_in_dim, dynamic_reshape, dynamic_iota, get_dimension_size",
    whole(6),
    np.array([4, 6], np.int32),
    body="""%x = stablehlo.dynamic_broadcast_in_dim %a, %b, dims = [1] : ([6xf32], [2xi32]) -> [4x6xf32]
      %y = stablehlo.dynamic_iota %b, dim = 1 : ([2xi32]) -> [4x6xf32] %z = stablehlo.multiply %x, %y : [4x6xf32]
      %n = stablehlo.negate %z : [4x6xf32] %r = stablehlo.dynamic_reshape %n, %b : ([4x6xf32], [2xi32]) -> [4x6xf32]
      %s = stablehlo.get_dimension_size %a, dim = 0 : ([6xf32]) -> [i32] return %r, %s : [4x6xf32], [i32]""",
)
case(
    "dynamic_pad, dynamic_gather, real_dynamic_slice",
    whole(7, 3),
    np.array([4, 0, 6, 2], np.int32),
    np.float32(1),
    body="""%one = stablehlo.constant dense<[1, 0]> : [2xi32] %two = stablehlo.constant dense<[2, 0]> : [2xi32]
      %size = stablehlo.constant dense<[1, 3]> : [2xi32] %limit = stablehlo.constant dense<[7, 3]> : [2xi32]
      %stride = stablehlo.constant dense<[2, 1]> : [2xi32]
      %r = stablehlo.dynamic_pad %a, %c, %one, %two, %one : ([7x3xf32], [f32], [2xi32], [2xi32], [2xi32]) -> [16x3xf32]
      %s = "stablehlo.dynamic_gather"(%a, %b, %size) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0],
        start_index_map = [0], index_vector_dim = 1>}> : ([7x3xf32], [4xi32], [2xi32]) -> [4x3xf32]
      %t = stablehlo.real_dynamic_slice %a, %one, %limit, %stride : ([7x3xf32], [2xi32], [2xi32], [2xi32]) -> [3x3xf32]
      return %r, %s, %t : [16x3xf32], [4x3xf32], [3x3xf32]""",
)
case(
    "set_dimension_size",
    whole(5, 3),
    np.int32(2),
    np.float32(0),
    body="""%x = stablehlo.set_dimension_size %a, %b, dim = 1 : ([5x3xf32], [i32]) -> tensor<5x?xf32, #stablehlo.bounds<?, 3>>
      %r = stablehlo.reduce(%x init: %c) applies stablehlo.add across dimensions = [1]
        : (tensor<5x?xf32, #stablehlo.bounds<?, 3>>, [f32]) -> [5xf32]
      return %r : [5xf32]""",
    is_compiled=True,
)
_GROUPS = "replica_groups = dense<0> : [1x1xi64]"
case(
    "collectives of one device",
    whole(4, 3),
    body=f"""%0 = "stablehlo.all_gather"(%a) <{{all_gather_dim = 0 : i64, {_GROUPS}}}> : ([4x3xf32]) -> [4x3xf32]
      %1 = "stablehlo.all_reduce"(%0) <{{{_GROUPS}}}> {_ADD} : ([4x3xf32]) -> [4x3xf32]
      %2 = "stablehlo.all_to_all"(%1) <{{split_dimension = 0 : i64, concat_dimension = 0 : i64, split_count = 1 : i64, {_GROUPS}}}>
        : ([4x3xf32]) -> [4x3xf32]
      %3 = "stablehlo.collective_broadcast"(%2) <{{{_GROUPS}}}> : ([4x3xf32]) -> [4x3xf32]
      %4 = "stablehlo.collective_permute"(%3) <{{source_target_pairs = dense<0> : [1x2xi64]}}> : ([4x3xf32]) -> [4x3xf32]
      %5 = "stablehlo.cross-replica-sum"(%4) <{{{_GROUPS}}}> : ([4x3xf32]) -> [4x3xf32]
      %6 = "stablehlo.reduce_scatter"(%5) <{{scatter_dimension = 0 : i64, {_GROUPS}}}> {_ADD} : ([4x3xf32]) -> [4x3xf32]
      %7 = stablehlo.negate %6 : [4x3xf32] %8 = stablehlo.partition_id : [ui32] %9 = stablehlo.replica_id : [ui32]
      return %7, %8, %9 : [4x3xf32], [ui32], [ui32]""",
)
