"""What the rules share: arithmetic with the index where a piece starts, and stretches of values that run over the ends."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

from xla_passes.build import scalar, take
from xla_passes.module import shape_of
from xla_passes.structured import element_of


def shifted(index: ir.Value, by: int) -> ir.Value:
    """A scalar index, so much further."""
    return stablehlo.add(index, scalar(by, element_of(index))) if by else index


def scaled(index: ir.Value, by: int) -> ir.Value:
    """A scalar index, so many times as far."""
    return stablehlo.multiply(index, scalar(by, element_of(index))) if by != 1 else index


def clamped(index: ir.Value, least: int, most: int) -> ir.Value:
    """A scalar index, moved between two bounds."""
    element = element_of(index)
    return stablehlo.clamp(scalar(least, element), index, scalar(most, element))


def stretch(value: ir.Value, dim: int, start: ir.Value, length: int, fill: ir.Value, margins: tuple[int, int] | None = None) -> ir.Value:
    """`length` elements along `dim` from `start`, which may run over the ends (by the margins at most): `fill` where there are none."""
    low, high = (min(length, max(0, margin)) for margin in margins or (length, length))
    return take(padded(value, dim, fill, low, high), dim, shifted(start, low), length)


def padded(value: ir.Value, dim: int, fill: ir.Value, low: int, high: int, interior: int = 0) -> ir.Value:
    """`fill` before, after and between the elements along `dim`."""
    if not (low or high or interior):
        return value
    amounts = [[amount if at == dim else 0 for at in range(len(shape_of(value)))] for amount in (low, high, interior)]
    return stablehlo.pad(value, fill, *amounts)


def window_of(value: ir.Value, dim: int, start: ir.Value, length: int) -> tuple[ir.Value, ir.Value]:
    """The piece of a whole value that a `Window` would give (never more than there is, moved inside), and where it begins."""
    size = shape_of(value)[dim]
    count = min(length, size)
    start = clamped(start, 0, size - count)
    return take(value, dim, start, count), start


def dilated_stretch(whole: ir.Value, dim: int, start: ir.Value, length: int, fill: ir.Value, interior: int) -> ir.Value:
    """A stretch of the value with `interior` fills between neighbours, from `start` on: any of its elements, or some beyond its ends."""
    unit = interior + 1
    if unit == 1:
        piece, begins = window_of(whole, dim, start, length)
        return stretch(piece, dim, stablehlo.subtract(start, begins), length, fill)
    beyond = length + unit * shape_of(whole)[dim]  # starts further out than that see nothing but fills
    start = clamped(start, -beyond, beyond)
    before = -(-beyond // unit)  # division rounds towards zero: count from where nothing is negative
    counted = shifted(start, before * unit)
    unit_value = scalar(unit, element_of(start))
    first = shifted(stablehlo.divide(counted, unit_value), -before)
    count = (length + 2 * interior) // unit  # units that the stretch may touch
    piece, begins = window_of(whole, dim, first, count)
    spread = padded(stretch(piece, dim, stablehlo.subtract(first, begins), count, fill), dim, fill, 0, interior, interior)
    return take(spread, dim, stablehlo.remainder(counted, unit_value), length)


def padding_attribute(padding: Sequence[tuple[int, int]]) -> ir.Attribute:
    """The attribute `padding` of an operation with a window: (low, high) for each of its dimensions."""
    array: Any = np.array(padding, np.int64)
    return ir.DenseIntElementsAttr.get(array)
