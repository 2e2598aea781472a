"""What library calls inside XLA take beyond the compiler's buffer report: an upper bound in bytes, from the StableHLO module alone.

Stands beside the compiler's report: the promise of a memory limit rests on report + work space. `tests/resident` keeps both against the
resident peak of fresh processes. Every constant was measured with jaxlib 0.10.2 and the compile options that the promise is made with.
"""

import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.module import element_bits, main_block, shape_of, value_bytes, walk

_ONE_MB = 1_000_000
_REPORTED_PLATFORMS = frozenset({"cuda", "gpu", "rocm", "tpu"})
_CALLS = frozenset({"func.call", "stablehlo.composite"})
# Ops whose regions work on scalars inside the op: no library call starts in there.
_SCALAR_REGIONS = frozenset(
    f"stablehlo.{name}"
    for name in ("all_reduce", "map", "reduce", "reduce_scatter", "reduce_window", "scatter", "select_and_scatter", "sort")
)


def workspace_bytes(module: ir.Module, platform: str, threads: int | None = None) -> int:
    """Bytes that library calls take while `module` runs, beyond what the compiler reports: an upper bound.

    On the CPU it holds for programs compiled with `xla_cpu_experimental_ynn_fusion_type="LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"` and
    `xla_disable_hlo_passes="tree_reduction_rewriter"`, in a process where large freed blocks go back to the system at once. (glibc's
    allocator does so after `mallopt(M_MMAP_THRESHOLD, ...)`; left to itself it keeps freed blocks of up to 32 MiB for each thread, and a
    loop can pile them up.) What the first run of a library loads for good (code, thread stacks: up to 12 MB) is not in it.

    XLA runs ops that do not depend on each other at the same time, one on each thread of its pool and one on the caller's. So the bound is
    the sum over the most expensive set of that many independent ops; ops in a chain count by their maximum, the iterations of a loop once.

    On TPU and GPU it is 0: scratch is part of XLA's own report there (matrix products, sorts, convolutions). What cuFFT and cuSOLVER
    allocate on a GPU is the exception; it is in neither.

    Parameters
    ----------
    module
        A StableHLO module with a public `@main`.
    platform
        "cpu", "cuda", "gpu", "rocm" or "tpu".
    threads
        Threads in XLA's pool; by default what XLA would choose in this process.
    """
    if platform in _REPORTED_PLATFORMS:
        return 0
    if platform != "cpu":
        raise ValueError(f'platform is {platform!r}; expected "cpu" or one of {sorted(_REPORTED_PLATFORMS)}')
    walker = _Walker(module, max(1, threads or _pool_threads()))
    return walker.block_bytes(main_block(module))


def op_workspace_bytes(op: ir.Operation, threads: int | None = None) -> int:
    """The CPU work space of one op by itself, regions aside: an upper bound; 0 for ops that call no library."""
    rule = _RULES.get(op.name)
    return rule(op, max(1, threads or _pool_threads())) if rule else 0


@dataclass(frozen=True, eq=False)
class _Piece:
    """A value that is only there in part: of another type, for the rules below."""

    whole: ir.Value
    type: ir.Type


@dataclass(frozen=True)
class _OnPieces:
    """An operation as it would be on pieces of its operands."""

    op: ir.Operation
    operands: Sequence[_Piece]
    results: Sequence[_Piece]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)


def piece_workspace_bytes(op: ir.Operation, operands: Sequence[Sequence[int]], results: Sequence[Sequence[int]]) -> int:
    """The CPU work space of one op were its operands and results of these shapes."""
    pieces = _OnPieces(op, _pieces(op.operands, operands), _pieces(op.results, results))
    return op_workspace_bytes(pieces)  # type: ignore[arg-type]  # it has all that the rules ask for


def _pieces(values: Iterable[ir.Value], shapes: Sequence[Sequence[int]]) -> tuple[_Piece, ...]:
    made = []
    for value, shape in zip(values, shapes, strict=True):
        kind = ir.RankedTensorType(value.type)
        made.append(_Piece(value, ir.RankedTensorType.get(list(shape), kind.element_type, loc=ir.Location.unknown(kind.context))))
    return tuple(made)


def _pool_threads() -> int:
    """The size of XLA's CPU thread pool: an environment variable, or the processors this process may use."""
    for name in ("PJRT_NPROC", "NPROC"):
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# Which ops can hold their work space at the same time


@dataclass
class _Walker:
    """Adds up work space over the blocks of one module."""

    module: ir.Module
    threads: int
    functions: dict[str, int] = field(default_factory=dict)

    def block_bytes(self, block: ir.Block) -> int:
        """The most that any `threads + 1` ops of the block that do not depend on each other take together."""
        sizes: list[int] = []
        ancestors: list[int] = []  # bit i is set where op i must have finished before this op starts
        behind: dict[ir.Value, int] = {}
        for op in (entry.operation for entry in block.operations):
            mask = 0
            for value in _reads(op):
                mask |= behind.get(value, 0)
            size = self._op_bytes(op)
            if size:
                ancestors.append(mask)
                mask |= 1 << len(sizes)
                sizes.append(size)
            for result in op.results:
                behind[result] = mask
        return max((self._beside(i, sizes, ancestors) for i in range(len(sizes))), default=0)

    def _beside(self, i: int, sizes: list[int], ancestors: list[int]) -> int:
        """Op i and the largest ops no larger than it that may run beside it."""
        others = (
            sizes[j] for j in range(len(sizes)) if (sizes[j], j) < (sizes[i], i) and not ancestors[i] >> j & 1 and not ancestors[j] >> i & 1
        )
        return sizes[i] + sum(sorted(others, reverse=True)[: self.threads])

    def _op_bytes(self, op: ir.Operation) -> int:
        size = op_workspace_bytes(op, self.threads)
        if op.name in _SCALAR_REGIONS:
            return size
        if op.name in _CALLS and not size:
            return self._function_bytes(op)
        inner = (self.block_bytes(block) for region in op.regions for block in region.blocks)
        return max(size, *inner, 0)

    def _function_bytes(self, call: ir.Operation) -> int:
        attribute = call.attributes["callee" if call.name == "func.call" else "decomposition"]
        name = ir.FlatSymbolRefAttr(attribute).value
        if name not in self.functions:
            function = ir.SymbolTable(self.module.operation)[name].operation
            self.functions[name] = max((self.block_bytes(block) for block in function.regions[0].blocks), default=0)
        return self.functions[name]


def _reads(op: ir.Operation) -> Iterable[ir.Value]:
    """The values that must be there before the op starts, those that its regions capture included."""
    yield from op.operands
    for region in op.regions:
        for block in region.blocks:
            for inner in walk(block):
                yield from inner.operands


# Matrix products


@dataclass(frozen=True)
class _Product:
    """The dimensions of a matrix product [batch, rows, depth] x [batch, depth, columns], and the bytes of an element."""

    batch: int
    rows: int
    columns: int
    depth: int
    size: int

    def swapped(self) -> "_Product":
        return _Product(self.batch, self.columns, self.rows, self.depth, self.size)

    def ynnpack_bytes(self, threads: int) -> int:
        """YNNPACK packs the right operand: for one tile of columns a thread, all of the depth, and all batches."""
        shallow = min(self.depth, 1024)
        tile = max(64, 2 * (65536 // shallow - min(self.rows, 128)), 512 // self.rows)
        packed = min(_round_up(self.columns, 16 if self.columns <= 16 else 32), threads * tile)
        return self.batch * packed * _round_up(self.depth, 4) * self.size

    def eigen_bytes(self, threads: int) -> int:
        """Eigen packs both operands, two slices of at most 320 of the depth at a time; batches may all be under way together.

        Without a batch, an operand that is long enough to give every thread work of its own is packed a block at a time instead.
        """
        depth = min(_round_up(self.depth, 8), 640)
        columns, rows = self.columns, self.rows
        if self.batch == 1:
            is_wide = columns >= max(8192 * threads, 32 * rows) and columns * depth >= threads << 20
            if threads > 1 and is_wide and 4 * threads <= rows < 64 * threads:
                columns = 0
            elif rows >= max(2048 * threads, 4 * columns) and rows * depth >= threads << 17:
                rows = 0
        return self.batch * (rows + columns) * depth * self.size


def _dot_general(op: ir.Operation, threads: int) -> int:
    numbers = stablehlo.DotDimensionNumbers(op.attributes["dot_dimension_numbers"])
    batch, contracted = list(numbers.lhs_batching_dimensions), list(numbers.lhs_contracting_dimensions)
    lhs_shape, rhs_shape = shape_of(op.operands[0]), shape_of(op.operands[1])
    free = [i for i in range(len(lhs_shape)) if i not in batch + contracted]
    taken = [*numbers.rhs_batching_dimensions, *numbers.rhs_contracting_dimensions]
    product = _Product(
        batch=math.prod(lhs_shape[i] for i in batch),
        rows=math.prod(lhs_shape[i] for i in free),
        columns=math.prod(length for i, length in enumerate(rhs_shape) if i not in taken),
        depth=math.prod(lhs_shape[i] for i in contracted),
        size=_product_element_bytes(op),
    )
    order = sorted(range(len(lhs_shape)))
    return _product_bytes(op, product, batch + free + contracted == order, batch + contracted + free == order, threads)


def _dot(op: ir.Operation, threads: int) -> int:
    """The older `stablehlo.dot`: contracts the last dimension with the first, no batch."""
    lhs_shape, rhs_shape = shape_of(op.operands[0]), shape_of(op.operands[1])
    product = _Product(1, math.prod(lhs_shape[:-1]), math.prod(rhs_shape[1:]), rhs_shape[0], _product_element_bytes(op))
    return _product_bytes(op, product, True, False, threads)


def _product_bytes(op: ir.Operation, product: _Product, is_in_rows: bool, is_in_columns: bool, threads: int) -> int:
    """YNNPACK takes a product whose left operand is stored row by row, Eigen the others, XLA's own loops vectors.

    Where XLA may still transpose an operand or the product, the worst of what it may choose.
    """
    if not product.size or min(product.rows, product.columns) <= 1 or not product.depth or not product.batch:
        return 0
    is_sure = not _may_be_transposed(op.operands[0])
    candidates = []
    if _is_ynnpack_type(op) and not (is_sure and is_in_columns and not is_in_rows):
        candidates.append(product.ynnpack_bytes(threads))
    if not (_is_ynnpack_type(op) and is_sure and is_in_rows):
        candidates.append(product.eigen_bytes(threads))
    if _is_used_transposed(op.results[0]):
        swapped = product.swapped()
        candidates += [swapped.eigen_bytes(threads), swapped.ynnpack_bytes(threads) if _is_ynnpack_type(op) else 0]
    return max(candidates)


def _is_ynnpack_type(op: ir.Operation) -> bool:
    """Whether YNNPACK may multiply the element types: real floats, and 8-bit integers into 32 bits."""
    lhs, result = _element(op.operands[0]), _element(op.results[0])
    if isinstance(result, ir.IntegerType):
        return isinstance(lhs, ir.IntegerType) and lhs.width == 8
    return not isinstance(result, ir.ComplexType)


def _product_element_bytes(op: ir.Operation) -> int:
    """Bytes of an element as the library sees it: short floats are widened; 0 for integers that no library multiplies."""
    kind = _element(op.results[0])
    if isinstance(kind, ir.IntegerType):
        return 4 if str(kind) == "i32" else 0
    return max(4, element_bits(kind) // 8)


def _may_be_transposed(value: ir.Value) -> bool:
    """Whether XLA may fold a transpose into the product that reads `value`: it moves transposes across elementwise ops."""
    return _reaches_transpose(
        value, lambda current: [] if isinstance(current.owner, ir.Block) else [current.owner.operation], lambda op: op.operands
    )


def _is_used_transposed(value: ir.Value) -> bool:
    """Whether a transpose reads `value`, directly or through elementwise ops: XLA then swaps the operands."""
    return _reaches_transpose(value, lambda current: [use.owner.operation for use in current.uses], lambda op: op.results)


def _reaches_transpose(
    value: ir.Value | _Piece, neighbours: Callable[[ir.Value], list[ir.Operation]], onward: Callable[[ir.Operation], Iterable[ir.Value]]
) -> bool:
    """Whether a transpose, or a function that may hold one, is next to `value` or behind reshapes and elementwise ops."""
    seen: set[ir.Value] = set()
    waiting = [value.whole if isinstance(value, _Piece) else value]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if _is_private_argument(current):
            return True
        for op in neighbours(current):
            if op.name in _CALLS or _permutes(op):
                return True
            if op.name == "stablehlo.reshape" or _is_elementwise(op):
                waiting += onward(op)
    return False


def _permutes(op: ir.Operation) -> bool:
    if op.name == "stablehlo.broadcast_in_dim":
        dimensions = list(ir.DenseI64ArrayAttr(op.attributes["broadcast_dimensions"]))
        return dimensions != sorted(dimensions)
    return op.name == "stablehlo.transpose"


def _is_elementwise(op: ir.Operation) -> bool:
    """Whether the op's one result and its operands have one shape, scalars aside; some such ops are not elementwise, which is safe here."""
    tensors = [*op.operands, *op.results]
    if op.name in _RULES or len(op.results) != 1 or len(op.regions) or not all(isinstance(v.type, ir.RankedTensorType) for v in tensors):
        return False
    return {shape_of(value) for value in tensors} <= {shape_of(op.results[0]), ()}


def _is_private_argument(value: ir.Value) -> bool:
    """Whether `value` is an argument of a function that other functions call."""
    if not isinstance(value.owner, ir.Block):
        return False
    function = value.owner.owner.operation
    return function.name == "func.func" and str(function.attributes.get("sym_visibility", "")) == '"private"'


# Sorts


def _sort(op: ir.Operation, threads: int) -> int:  # noqa: ARG001 (one signature for all rules)
    """A stable sort copies a line to scratch: 16 bytes for each element of each operand, whatever the element type."""
    if "is_stable" not in op.attributes or not ir.BoolAttr(op.attributes["is_stable"]).value:
        return 0
    shape = shape_of(op.operands[0])
    if not shape or not math.prod(shape):
        return 0
    length = shape[ir.IntegerAttr(op.attributes["dimension"]).value if "dimension" in op.attributes else -1]
    if len(op.operands) == 1 and _compares_integers(op):
        return length * element_bits(_element(op.operands[0])) // 8
    return length * 16 * len(op.operands)


def _compares_integers(op: ir.Operation) -> bool:
    """Whether the comparator is one comparison of the two integers: XLA then sorts without its generic iterators."""
    block = op.regions[0].blocks[0]
    names = [inner.operation.name for inner in block.operations]
    kind = _element(op.operands[0])
    is_plain = names == ["stablehlo.compare", "stablehlo.return"] and isinstance(kind, ir.IntegerType) and kind.width > 1
    return is_plain and set(block.operations[0].operands) == set(block.arguments)


def _top_k(op: ir.Operation, threads: int) -> int:  # noqa: ARG001
    """XLA's TopK keeps the indices of a line; what it does not take (other types, k of the whole line) is a stable sort of pairs."""
    shape = shape_of(op.operands[0])
    if not math.prod(shape):
        return 0
    takes = str(_element(op.operands[0])) == "f32" and shape_of(op.results[0])[-1] < shape[-1]
    return shape[-1] * (4 if takes else 32)


# FFT


def _fft(op: ir.Operation, threads: int) -> int:
    """A line's copy for each thread; lengths with a large prime factor go through a convolution of twice the length (Bluestein).

    Several inverse real dimensions at once also copy the whole operand.
    """
    kind = str(op.attributes["fft_type"])
    is_inverse_real = "IRFFT" in kind
    lengths = list(ir.DenseI64ArrayAttr(op.attributes["fft_length"]))
    wide = op.operands[0] if is_inverse_real or "RFFT" not in kind else op.results[0]
    size = element_bits(_element(wide)) // 8
    elements = max(math.prod(shape_of(value)) for value in (op.operands[0], op.results[0]))
    worst = 0
    for length in lengths:
        lines = min(threads, max(1, elements // max(1, length)))
        line = length * size
        worst = max(worst, line * lines + line // 4 if _is_smooth(length) else line * (2 + 6 * lines) * 21 // 20)
    return worst + (value_bytes(op.operands[0]) if is_inverse_real and len(lengths) > 1 else 0)


def _is_smooth(length: int) -> bool:
    """Whether no prime factor of `length` exceeds its square root: such lengths are transformed directly."""
    largest, rest, factor = 1, length, 2
    while factor * factor <= rest:
        while rest % factor == 0:
            largest, rest = factor, rest // factor
        factor += 1
    return max(largest, rest) ** 2 <= length


# Convolution


def _convolution(op: ir.Operation, threads: int) -> int:
    """Eigen contracts patches block by block; grouped, 3-D and single-filter convolutions evaluate into a copy of the result."""
    kind = _element(op.results[0])
    if isinstance(kind, ir.ComplexType | ir.IntegerType) or element_bits(kind) > 32:
        return 0  # XLA's own loops
    numbers = stablehlo.ConvDimensionNumbers(op.attributes["dimension_numbers"])
    kernel, result = shape_of(op.operands[1]), shape_of(op.results[0])
    groups = ir.IntegerAttr(op.attributes["feature_group_count"]).value * ir.IntegerAttr(op.attributes["batch_group_count"]).value
    filters = kernel[numbers.kernel_output_feature_dimension]
    spatial = len(numbers.kernel_spatial_dimensions)
    if groups > 1 or spatial > 2 or filters == 1:
        return math.prod(result) * 4 + _ONE_MB * threads
    depth = math.prod(kernel) // max(1, filters)
    product = _Product(1, math.prod(result) // max(1, filters), filters, depth, 4)
    return product.eigen_bytes(threads) + _ONE_MB * threads


# Linear algebra


def _cholesky(op: ir.Operation, threads: int) -> int:  # noqa: ARG001
    rows = shape_of(op.operands[0])[-1]
    return min(rows, 512) * rows * _operand_bytes(op, 0)


def _triangular_solve(op: ir.Operation, threads: int) -> int:  # noqa: ARG001
    rows, columns = sorted(shape_of(op.operands[1])[-2:])
    return min(rows, 512) * columns * _operand_bytes(op, 0)


def _custom_call(op: ir.Operation, threads: int) -> int:
    target = ir.StringAttr(op.attributes["call_target_name"]).value
    if target == "ApproxTopK":
        return max(shape_of(op.operands[0]), default=0) * 32
    if not target.startswith("lapack_"):
        return 0
    routine = target.removeprefix("lapack_").removesuffix("_ffi")[1:]
    rows, columns = max(map(shape_of, op.operands), key=len)[-2:]  # a tridiagonal matrix comes as its diagonals
    short, long, size = min(rows, columns), max(rows, columns), _operand_bytes(op, 0)
    if routine == "trsm":
        return _triangular_solve(op, threads)
    is_complex = isinstance(_element(op.operands[0]), ir.ComplexType)
    strips = 64 * columns  # the block size of LAPACK's QR is 32
    panels = min(short, 512) * long
    elements = {
        "geqrf": strips,
        "orgqr": strips,
        "ungqr": strips,
        "ormqr": strips,
        "unmqr": strips,
        "syevd": 2 * short * short + 6 * short,
        "heevd": 3 * short * short + 6 * short,
        "gesdd": (5 + is_complex) * short * short + strips + is_complex * short * long,
        "geev": 4 * short * short + strips,
        "gees": short * short + strips,
        "sytrd": short * short + strips,
        "hetrd": short * short + strips,
        "gehrd": short * short + strips,
    }
    return elements.get(routine, panels) * size


def _element(value: ir.Value) -> ir.Type:
    return ir.RankedTensorType(value.type).element_type


def _operand_bytes(op: ir.Operation, index: int) -> int:
    return element_bits(_element(op.operands[index])) // 8


def _composite(op: ir.Operation, threads: int) -> int:
    """`jax.lax.top_k` arrives as a composite; other composites count as the function that decomposes them."""
    return _top_k(op, threads) if ir.StringAttr(op.attributes["name"]).value == "chlo.top_k" else 0


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


_RULES: dict[str, Callable[[ir.Operation, int], int]] = {
    "chlo.top_k": _top_k,
    "stablehlo.cholesky": _cholesky,
    "stablehlo.composite": _composite,
    "stablehlo.convolution": _convolution,
    "stablehlo.custom_call": _custom_call,
    "stablehlo.dot": _dot,
    "stablehlo.dot_general": _dot_general,
    "stablehlo.fft": _fft,
    "stablehlo.sort": _sort,
    "stablehlo.triangular_solve": _triangular_solve,
}
