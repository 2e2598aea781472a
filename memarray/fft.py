"""Discrete Fourier transforms: `numpy.fft` on lazy arrays."""

from typing import Any

import numpy as np

from memarray._array import ndarray
from memarray._creation import asarray, check_device
from memarray._kernels import fft as kernels
from memarray._routine import Routine

fft = Routine(np.fft.fft, kernels.fft, "a", grows=True)
fft2 = Routine(np.fft.fft2, kernels.fft2, "a", grows=True)
fftn = Routine(np.fft.fftn, kernels.fftn, "a", grows=True)
fftshift = Routine(np.fft.fftshift, kernels.fftshift, "x")
hfft = Routine(np.fft.hfft, kernels.hfft, "a", grows=True)
ifft = Routine(np.fft.ifft, kernels.ifft, "a", grows=True)
ifft2 = Routine(np.fft.ifft2, kernels.ifft2, "a", grows=True)
ifftn = Routine(np.fft.ifftn, kernels.ifftn, "a", grows=True)
ifftshift = Routine(np.fft.ifftshift, kernels.ifftshift, "x")
ihfft = Routine(np.fft.ihfft, kernels.ihfft, "a", grows=True)
irfft = Routine(np.fft.irfft, kernels.irfft, "a", grows=True)
irfft2 = Routine(np.fft.irfft2, kernels.irfft2, "a", grows=True)
irfftn = Routine(np.fft.irfftn, kernels.irfftn, "a", grows=True)
rfft = Routine(np.fft.rfft, kernels.rfft, "a", grows=True)
rfft2 = Routine(np.fft.rfft2, kernels.rfft2, "a", grows=True)
rfftn = Routine(np.fft.rfftn, kernels.rfftn, "a", grows=True)


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
