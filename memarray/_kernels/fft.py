"""NumPy's discrete Fourier transforms: integers in double precision, float32 in single, float16 in single and back where it stays real.

XLA's transforms over up to three axes at once are used where no axis is named twice; NumPy transforms one axis after the other always.
"""

import operator
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from memarray._kernels.products import as_array

Lengths = tuple[int | None, ...]
_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def fft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """`numpy.fft.fft`."""
    a = as_array(a)
    length = _length(a.shape[axis] if n is None else n, norm)
    return jnp.fft.fft(_complex(a), length, normalize_axis_index(axis, a.ndim), norm)


def ifft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """`numpy.fft.ifft`."""
    a = as_array(a)
    length = _length(a.shape[axis] if n is None else n, norm)
    return jnp.fft.ifft(_complex(a), length, normalize_axis_index(axis, a.ndim), norm)


def rfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """`numpy.fft.rfft`: the first half of the spectrum of real input."""
    a = as_array(a)
    length = _length(a.shape[axis] if n is None else n, norm)
    return jnp.fft.rfft(_real(a), length, normalize_axis_index(axis, a.ndim), norm)


def irfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """`numpy.fft.irfft`: real output of half a spectrum; float16 comes back as float16."""
    a = as_array(a)
    length = _length(2 * (a.shape[axis] - 1) if n is None else n, norm)
    return jnp.fft.irfft(_complex(a), length, normalize_axis_index(axis, a.ndim), norm).astype(_real_dtype(a))


def hfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """`numpy.fft.hfft`: the real spectrum of half a signal that is Hermitian."""
    a = as_array(a)
    return irfft(jnp.conj(a), 2 * (a.shape[axis] - 1) if n is None else n, axis, _swapped(norm))


def ihfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """`numpy.fft.ihfft`: half the Hermitian signal of a real spectrum."""
    return jnp.conj(rfft(a, n, axis, _swapped(norm)))


def fftn(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = None, norm: str | None = None) -> Array:
    """`numpy.fft.fftn`; over no axes, `a` as it is."""
    return _complex_nd(fft, jnp.fft.fftn, as_array(a), s, axes, norm)


def ifftn(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = None, norm: str | None = None) -> Array:
    """`numpy.fft.ifftn`; over no axes, `a` as it is."""
    return _complex_nd(ifft, jnp.fft.ifftn, as_array(a), s, axes, norm)


def rfftn(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = None, norm: str | None = None) -> Array:
    """`numpy.fft.rfftn`: real input, half the spectrum along the last axis named."""
    a = as_array(a)
    lengths, axes = _lengths(a, s, axes)
    if _are_distinct(axes, a.ndim):
        return jnp.fft.rfftn(_real(a), _whole(a, lengths, axes, norm), axes, norm)
    a = rfft(a, lengths[-1], axes[-1], norm)
    return _each(fft, a, lengths[:-1][::-1], axes[:-1][::-1], norm)


def irfftn(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = None, norm: str | None = None) -> Array:
    """`numpy.fft.irfftn`: half a spectrum along the last axis named, real output."""
    a = as_array(a)
    lengths, axes = _lengths(a, s, axes)
    if s is None or lengths[-1] is None:
        lengths = (*lengths[:-1], 2 * (a.shape[axes[-1]] - 1))
    if _are_distinct(axes, a.ndim):
        return jnp.fft.irfftn(_complex(a), _whole(a, lengths, axes, norm), axes, norm)
    a = _each(ifft, a, lengths[:-1], axes[:-1], norm)
    return irfft(a, lengths[-1], axes[-1], norm)


def fft2(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = (-2, -1), norm: str | None = None) -> Array:
    """`numpy.fft.fft2`."""
    return fftn(a, s, axes, norm)


def ifft2(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = (-2, -1), norm: str | None = None) -> Array:
    """`numpy.fft.ifft2`."""
    return ifftn(a, s, axes, norm)


def rfft2(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = (-2, -1), norm: str | None = None) -> Array:
    """`numpy.fft.rfft2`."""
    return rfftn(a, s, axes, norm)


def irfft2(a: ArrayLike, s: Lengths | None = None, axes: tuple[int, ...] | None = (-2, -1), norm: str | None = None) -> Array:
    """`numpy.fft.irfft2`."""
    return irfftn(a, s, axes, norm)


def fftfreq(n: int, d: ArrayLike = 1.0) -> Array:
    """`numpy.fft.fftfreq`: counted in the program, so that no constant of length `n` is kept."""
    if _count(n) < 0:
        raise ValueError("negative dimensions are not allowed")
    places = jnp.arange(n)
    return _spaced(jnp.where(places < (n - 1) // 2 + 1, places, places - n), n, d)


def rfftfreq(n: int, d: ArrayLike = 1.0) -> Array:
    """`numpy.fft.rfftfreq`."""
    return _spaced(jnp.arange(_count(n) // 2 + 1), n, d)


def fftshift(x: ArrayLike, axes: int | tuple[int, ...] | None = None) -> Array:
    """`numpy.fft.fftshift`."""
    return jnp.fft.fftshift(as_array(x), axes)


def ifftshift(x: ArrayLike, axes: int | tuple[int, ...] | None = None) -> Array:
    """`numpy.fft.ifftshift`."""
    return jnp.fft.ifftshift(as_array(x), axes)


def _count(n: int) -> int:
    if not isinstance(n, int | np.integer):
        raise ValueError("n should be an integer")  # noqa: TRY004 (NumPy's choice)
    return int(n)


def _spaced(places: Array, n: int, d: ArrayLike) -> Array:
    step = as_array(1.0 / (n * d))
    dtype = np.result_type(places.dtype, step.dtype)
    return places.astype(dtype) * step.astype(dtype)


def _real_dtype(a: Array) -> np.dtype:
    return np.result_type(np.zeros((), a.dtype).real.dtype, 1.0)


def _complex(a: Array) -> Array:
    return a.astype(np.result_type(a.dtype, 1j))


def _real(a: Array) -> Array:
    if a.dtype.kind == "c":
        raise TypeError("ufunc 'rfft' not supported for the input types: real input was expected, and complex input was given")
    return a.astype(np.promote_types(_real_dtype(a), np.float32))  # XLA has no transform of float16


def _length(n: int, norm: str | None) -> int:
    _swapped(norm)
    n = operator.index(n)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    return n


def _swapped(norm: str | None) -> str:
    """The norm that makes an inverse transform scale as a forward one with `norm` does."""
    if norm not in _SWAPPED:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return _SWAPPED[norm]


def _lengths(a: Array, s: Lengths | None, axes: Sequence[int] | None) -> tuple[Lengths, tuple[int, ...]]:
    """A length for each axis, None where it is the whole axis when its turn comes; -1 is the whole axis of `a`."""
    if axes is None:
        axes = range(-(a.ndim if s is None else len(s)), 0)
    axes = tuple(axes)
    lengths: Lengths = tuple(a.shape[axis] for axis in axes) if s is None else tuple(s)
    if len(lengths) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return tuple(a.shape[axis] if n == -1 else n for n, axis in zip(lengths, axes, strict=True)), axes


def _whole(a: Array, lengths: Lengths, axes: tuple[int, ...], norm: str | None) -> tuple[int, ...]:
    return tuple(_length(a.shape[axis] if n is None else n, norm) for n, axis in zip(lengths, axes, strict=True))


def _are_distinct(axes: tuple[int, ...], ndim: int) -> bool:
    """Whether one transform does for all axes: two or more of them, none twice."""
    return len(axes) > 1 and len(set(normalize_axis_tuple(axes, ndim, allow_duplicate=True))) == len(axes)


def _complex_nd(
    along: Callable[..., Array],
    at_once: Callable[..., Array],
    a: Array,
    s: Lengths | None,
    axes: tuple[int, ...] | None,
    norm: str | None,
) -> Array:
    lengths, axes = _lengths(a, s, axes)
    if _are_distinct(axes, a.ndim):
        return at_once(_complex(a), _whole(a, lengths, axes, norm), axes, norm)
    return _each(along, a, lengths[::-1], axes[::-1], norm)


def _each(along: Callable[..., Array], a: Array, lengths: Lengths, axes: tuple[int, ...], norm: str | None) -> Array:
    for n, axis in zip(lengths, axes, strict=True):
        a = along(a, n, axis, norm)
    return a
