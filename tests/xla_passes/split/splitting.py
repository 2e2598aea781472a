"""What the tests of splitting share: every place where a module could be split, the split module, and how results are compared."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxlib.mlir import ir

from tests.helpers import record
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import clone, main_block, shape_of, walk
from xla_passes.pipeline import run_passes
from xla_passes.plan import Loop
from xla_passes.split.forced import forced_loop
from xla_passes.split.loops import emit


@dataclass(frozen=True)
class Place:
    """An axis of a value: of the operation number `op` in a block, which is reached through regions of operations, outermost first."""

    op: int
    result: int
    axis: int
    path: tuple[tuple[int, int], ...] = ()


def canonical(function: Callable, *arguments: np.ndarray, x64: bool = False) -> ir.Module:
    """The module that JAX records for `function`, ready to be split."""
    module = record(function, *arguments, x64=x64)
    run_passes(module, canonicalise_passes())
    return module


def block_at(module: ir.Module, path: Sequence[tuple[int, int]]) -> ir.Block:
    """The block at the end of a path from the body of `@main`."""
    block = main_block(module)
    for op, region in path:
        block = list(block.operations)[op].operation.regions[region].blocks[0]
    return block


def value_at(module: ir.Module, place: Place) -> ir.Value:
    """The value that a place names."""
    return list(block_at(module, place.path).operations)[place.op].operation.results[place.result]


def places(module: ir.Module, path: tuple[tuple[int, int], ...] = (), *, shortest: int = 2) -> Iterator[Place]:
    """Every axis of `shortest` or more elements of every value that an operation of the block, or of a loop in it, computes."""
    for at, view in enumerate(block_at(module, path).operations):
        op = view.operation
        for number, result in enumerate(op.results):
            if isinstance(result.type, ir.RankedTensorType):
                for axis, size in enumerate(shape_of(result)):
                    if size >= shortest:
                        yield Place(at, number, axis, path)
        if op.name == "stablehlo.while":
            yield from places(module, (*path, (at, 1)), shortest=shortest)


def split(module: ir.Module, *where: tuple[Place, int]) -> tuple[ir.Module, tuple[Loop, ...]]:
    """A copy with one loop after another, each an axis and its pieces; ValueError where an axis cannot be split."""
    copy = clone(module)
    loops = []
    for place, pieces in where:
        loops.append(emit(forced_loop(block_at(copy, place.path), value_at(copy, place), place.axis, pieces)))
        copy.operation.verify()
    return copy, tuple(loops)


def sums_floats(module: ir.Module) -> bool:
    """Whether some floating-point result may differ in its last digits when its terms are added in another order."""
    return any(_sums_floats(op) for op in walk(main_block(module)))


def _sums_floats(op: ir.Operation) -> bool:
    if op.name.removeprefix("stablehlo.") not in ("convolution", "dot_general", "reduce", "reduce_window", "scatter"):
        return False
    inner = {child.name for region in op.regions for block in region.blocks for child in walk(block)}
    is_sum = op.name in ("stablehlo.dot_general", "stablehlo.convolution") or not inner.isdisjoint({"stablehlo.add", "stablehlo.multiply"})
    return is_sum and not isinstance(ir.RankedTensorType(op.results[0].type).element_type, ir.IntegerType)


def assert_agree(actual: Sequence[np.ndarray], expected: Sequence[np.ndarray], *, is_exact: bool) -> None:
    """Equal to the sign of zeros; or, where floats were added in another order, within a few roundings of their largest."""
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        if is_exact or one.dtype.kind in "iub":
            np.testing.assert_array_equal(one, other)
            if one.dtype.kind == "f":
                keep = ~np.isnan(other)
                np.testing.assert_array_equal(np.signbit(one[keep]), np.signbit(other[keep]))
            continue
        tolerance = 32 * float(jnp.finfo(one.dtype).eps)
        wide = np.complex128 if one.dtype.kind == "c" else np.float64
        found, wanted = one.astype(wide), other.astype(wide)
        largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * largest)
