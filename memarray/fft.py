"""Discrete Fourier transforms: `numpy.fft` on lazy arrays."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from memarray._array import ndarray
from memarray._creation import asarray, check_device
from memarray._routine import Routine


def _wide(function: Callable[..., Any]) -> Callable[..., Any]:
    """Integers are transformed in double precision, as in NumPy."""

    def transform(a: Any, *args: Any, **params: Any) -> Any:
        return function(a if jnp.issubdtype(a.dtype, jnp.inexact) else a.astype(float), *args, **params)

    return transform


fft = Routine(np.fft.fft, _wide(jnp.fft.fft), "a", grows=True)
fft2 = Routine(np.fft.fft2, _wide(jnp.fft.fft2), "a", grows=True)
fftn = Routine(np.fft.fftn, _wide(jnp.fft.fftn), "a", grows=True)
fftshift = Routine(np.fft.fftshift, jnp.fft.fftshift, "x")
hfft = Routine(np.fft.hfft, _wide(jnp.fft.hfft), "a", grows=True)
ifft = Routine(np.fft.ifft, _wide(jnp.fft.ifft), "a", grows=True)
ifft2 = Routine(np.fft.ifft2, _wide(jnp.fft.ifft2), "a", grows=True)
ifftn = Routine(np.fft.ifftn, _wide(jnp.fft.ifftn), "a", grows=True)
ifftshift = Routine(np.fft.ifftshift, jnp.fft.ifftshift, "x")
ihfft = Routine(np.fft.ihfft, _wide(jnp.fft.ihfft), "a", grows=True)
irfft = Routine(np.fft.irfft, _wide(jnp.fft.irfft), "a", grows=True)
irfft2 = Routine(np.fft.irfft2, _wide(jnp.fft.irfft2), "a", grows=True)
irfftn = Routine(np.fft.irfftn, _wide(jnp.fft.irfftn), "a", grows=True)
rfft = Routine(np.fft.rfft, _wide(jnp.fft.rfft), "a", grows=True)
rfft2 = Routine(np.fft.rfft2, _wide(jnp.fft.rfft2), "a", grows=True)
rfftn = Routine(np.fft.rfftn, _wide(jnp.fft.rfftn), "a", grows=True)


def fftfreq(n: int, d: float = 1.0, dtype: Any = None, device: Any = None) -> ndarray:
    """Frequencies of the elements of `fft`."""
    check_device(device)
    found = asarray(np.fft.fftfreq(n, d))
    return found if dtype is None else found.astype(dtype)


def rfftfreq(n: int, d: float = 1.0, dtype: Any = None, device: Any = None) -> ndarray:
    """Frequencies of the elements of `rfft`."""
    check_device(device)
    found = asarray(np.fft.rfftfreq(n, d))
    return found if dtype is None else found.astype(dtype)


__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft", "irfft2", "irfftn",
    "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip
