"""Lowerings of our own, in JAX, of ATen operations that a recorder lacks, gets wrong, or hides from the passes: the same for all recorders.

What a lowering is called with is what the operation is: arrays for tensors, JAX's dtypes for torch's.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import torch
from jax.extend import source_info_util

from frontends import torch_jax_elementwise, torch_jax_indexing, torch_jax_linalg, torch_jax_ordering, torch_jax_windows
from frontends.torch_program import Call, Ref, TensorSpec, map_leaves
from frontends.torch_source import at_line

source_info_util.register_exclusion(str(Path(__file__).parent))  # source lines are the user's


class LoweringError(Exception):
    """A call that cannot be lowered."""


def jax_dtype(dtype: torch.dtype) -> Any:
    """JAX's dtype for torch's."""
    return jnp.dtype(str(dtype).removeprefix("torch."))


def lower_call(call: Call, values: Sequence[Any] | Mapping[int, Any], table: Mapping[str, Callable[..., Any]]) -> list[Any]:
    """The results of a call of an operation in a table of lowerings, in JAX."""

    def look_up(leaf: Any) -> Any:
        if isinstance(leaf, torch.dtype):
            return jax_dtype(leaf)
        return values[leaf.index] if isinstance(leaf, Ref) else leaf

    args, kwargs = map_leaves(call.args, look_up), map_leaves(call.kwargs, look_up)
    kwargs.pop("device", None)
    lowering = table[call.op]
    if hasattr(lowering, "needs_dtype"):
        kwargs["dtype"] = jax_dtype(call.results[0].dtype)  # type: ignore[union-attr]  # they give tensors
    if hasattr(lowering, "needs_shapes"):
        kwargs["shapes"] = [None if spec is None else spec.shape for spec in call.results]
    found = at_line(call.source_line)(lowering, *args, **kwargs)
    return [checked(value, spec) for value, spec in zip(list(found) if call.is_several else [found], call.results, strict=True)]


def checked(value: Any, spec: TensorSpec | None) -> Any:
    """A result with the dtype that torch says; a shape that differs is an error of the lowering's."""
    if spec is None:
        return value
    value = jnp.asarray(value)
    if value.shape != spec.shape:
        raise LoweringError(f"its lowering gives shape {value.shape}, torch {spec.shape}")
    dtype = jax_dtype(spec.dtype)
    return value if value.dtype == dtype else value.astype(dtype)


ARITHMETIC = torch_jax_elementwise.ARITHMETIC

LOWERINGS: dict[str, Callable[..., Any]] = {
    **torch_jax_elementwise.LOWERINGS,
    **torch_jax_indexing.LOWERINGS,
    **torch_jax_linalg.LOWERINGS,
    **torch_jax_ordering.LOWERINGS,
    **torch_jax_windows.LOWERINGS,
}
