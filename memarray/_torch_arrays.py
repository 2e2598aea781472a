"""torch tensors and JAX's arrays as each other, through DLPack: on one device they share memory."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import torch

from memarray.errors import UnsupportedOpError


def jax_device(device: torch.device) -> Any:
    """JAX's device for one of torch's.

    Raises
    ------
    UnsupportedOpError
        Where JAX has none: a CUDA tensor without a CUDA jaxlib.
    """
    platform = {"cpu": "cpu", "cuda": "gpu"}.get(device.type, device.type)
    try:
        return jax.local_devices(backend=platform)[device.index or 0]
    except (RuntimeError, IndexError) as error:
        raise UnsupportedOpError(
            f"tensors on {device} cannot be used: JAX, which runs the program, has no such device ({error}). Install a jaxlib for it "
            "(`pip install 'jax[cuda13]'`), or move the tensors to the CPU.",
            op="device",
        ) from error


def to_jax(tensor: torch.Tensor, device: Any) -> Any:
    """A dense tensor as a JAX array; call it with 64-bit types enabled."""
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.numel() == 0:  # (no memory to share)
        return jax.device_put(jax.numpy.zeros(tensor.shape, str(tensor.dtype).removeprefix("torch.")), device)
    return jax.dlpack.from_dlpack(tensor.as_strided(tensor.shape, _row_major(tensor.shape)))  # (dimensions of length one have any stride)


def to_torch(array: Any, device: torch.device) -> torch.Tensor:
    """A JAX array as a tensor."""
    if array.size == 0:
        return torch.empty(array.shape, dtype=getattr(torch, array.dtype.name), device=device)
    return torch.from_dlpack(array)  # type: ignore[attr-defined]  # missing from its hints


def _row_major(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
