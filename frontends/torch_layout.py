"""How torch tensors are laid out, and how they and XLA's arrays, which are dense and row-major, stand for each other without copies."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Layout:
    """A dense row-major array, as which a strided tensor can be passed.

    The tensor is the array's `stored_shape`, permuted by `order` (dimension `order[i]` of the tensor is the array's dimension i) and with
    the dimensions in `expanded` repeated to the tensor's `shape`.
    """

    shape: tuple[int, ...]
    order: tuple[int, ...]
    expanded: tuple[int, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], strides: tuple[int, ...]) -> "Layout":
        """The layout for a tensor of these strides; row-major for one with gaps, which has to be copied."""
        expanded = tuple(i for i, (length, stride) in enumerate(zip(shape, strides, strict=True)) if stride == 0 and length > 1)
        stored = tuple(1 if i in expanded else length for i, length in enumerate(shape))
        identity = tuple(range(len(shape)))
        by_stride = tuple(sorted(identity, key=lambda i: (i not in expanded and stored[i] > 1, -strides[i], i)))
        for order in (identity, by_stride):
            if _is_dense([stored[i] for i in order], [strides[i] for i in order]):
                return cls(shape, order, expanded)
        return cls(shape, identity, expanded)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return tuple(1 if i in self.expanded else self.shape[i] for i in self.order)

    def to_stored(self, tensor: Any) -> Any:
        """The tensor as the array: a view, or a copy where there are gaps."""
        for i in self.expanded:
            tensor = tensor.narrow(i, 0, 1)
        return (tensor if self._is_in_order else tensor.permute(self.order)).contiguous()

    def from_stored(self, array: Any) -> Any:
        """The array as the tensor: always a view."""
        if not self._is_in_order:
            array = array.permute(sorted(range(len(self.order)), key=self.order.__getitem__))
        return array.expand(self.shape) if self.expanded else array

    @property
    def _is_in_order(self) -> bool:
        return self.order == tuple(range(len(self.order)))


def _is_dense(shape: list[int], strides: list[int]) -> bool:
    """Whether these are the strides of a row-major array; those of dimensions of length one mean nothing."""
    expected = 1
    for length, stride in zip(reversed(shape), reversed(strides), strict=True):
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True
