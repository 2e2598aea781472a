"""Lowerings of ATen operations that order, search, count or accumulate elements, in JAX. See `torch_lowerings`."""

# Arguments are called what they are in ATen.
# ruff: noqa: A002

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def _top_k(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Any, Any]:
    """As XLA has it; torchax sorts the results once more, and its indices with them."""
    del sorted
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    if not largest:
        x = _reversed_order(x)
    values, indices = jax.lax.top_k(jnp.moveaxis(x, dim, -1), k)
    if not largest:
        values = _reversed_order(values)
    return jnp.moveaxis(values, -1, dim), jnp.moveaxis(indices, -1, dim)


def _reversed_order(x: Any) -> Any:
    return -x if jnp.issubdtype(x.dtype, jnp.inexact) else ~x


def _is_nan(x: Any) -> Any:
    return jnp.isnan(x) if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.zeros(x.shape, bool)


def _sort(x: Any, dim: int = -1, descending: bool = False) -> tuple[Any, Any]:
    """Stable, NaN last, or first when descending."""
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    dim %= x.ndim
    places = jax.lax.broadcasted_iota("int64", x.shape, dim)
    if descending:  # what comes first among equals has to come last, to be turned around
        x, places = jnp.flip(x, dim), jnp.flip(places, dim)
    found = jax.lax.sort((x, places), dimension=dim, is_stable=True, num_keys=1)
    values, indices = (jnp.flip(each, dim) for each in found) if descending else found
    return values, indices


def _stable_sort(x: Any, *, stable: bool | None, dim: int = -1, descending: bool = False) -> tuple[Any, Any]:
    del stable
    return _sort(x, dim, descending)


def _picked(x: Any, at: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The sorted elements at `at`, which has length one along `dim`, and where they were."""
    values, indices = _sort(x, dim)
    found = jnp.take_along_axis(values, at, dim), jnp.take_along_axis(indices, at, dim)
    return found if keepdim else (jnp.squeeze(found[0], dim), jnp.squeeze(found[1], dim))


def _kth_value(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> tuple[Any, Any]:
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    return _picked(x, jnp.full([1 if i == dim % x.ndim else n for i, n in enumerate(x.shape)], k - 1), dim, keepdim)


def _median_along(x: Any, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    """The lower of two in the middle; the first NaN, where there is one."""
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    nans = _is_nan(x)
    count = (~nans).sum(dim, keepdims=True)
    at = jnp.where(nans.any(dim, keepdims=True), count, (x.shape[dim] - 1) // 2)
    return _picked(x, at, dim, keepdim)


def _nanmedian_along(x: Any, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    return _picked(x, jnp.maximum((~_is_nan(x)).sum(dim, keepdims=True) - 1, 0) // 2, dim, keepdim)


def _median(x: Any) -> Any:
    return (
        _median_along(x.reshape(-1), 0)[0]
        if x.size
        else jnp.full((), jnp.nan if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.iinfo(x.dtype).min, x.dtype)
    )


def _nanmedian(x: Any) -> Any:
    return _nanmedian_along(x.reshape(-1), 0)[0] if x.size else _median(x)


def _mode(x: Any, dim: int = -1, keepdim: bool = False) -> tuple[Any, Any]:
    """The smallest of the most frequent, from the lengths of runs of the sorted elements; the last place where it is."""
    if x.ndim == 0:
        return x, jnp.zeros((), "int64")
    values, indices = _sort(x, dim)
    dim %= x.ndim
    places = jax.lax.broadcasted_iota("int64", x.shape, dim)
    is_first = (jnp.roll(values, 1, dim) != values) | (places == 0)
    lengths = places - jax.lax.cummax(jnp.where(is_first, places, 0), dim)
    at = jnp.argmax(lengths, dim, keepdims=True)
    found = jnp.take_along_axis(values, at, dim), jnp.take_along_axis(indices, at, dim)
    return found if keepdim else (jnp.squeeze(found[0], dim), jnp.squeeze(found[1], dim))


def _running(scan: Callable[..., Any]) -> Callable[..., Any]:
    """Cumulative maxima or minima with the last place that has each."""

    def running(x: Any, dim: int) -> tuple[Any, Any]:
        if x.ndim == 0:
            return x, jnp.zeros((), "int64")
        values = scan(x.astype("uint8"), dim % x.ndim).astype(bool) if x.dtype == jnp.bool_ else scan(x, dim % x.ndim)
        hits = (x == values) | _is_nan(x)
        places = jax.lax.broadcasted_iota("int64", x.shape, dim % x.ndim)
        return values, jax.lax.cummax(jnp.where(hits, places, 0), dim % x.ndim)

    return running


def _place_of(search: Callable[..., Any]) -> Callable[..., Any]:
    """The first of equal elements; the first NaN."""

    def place(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        if x.ndim == 0:
            return jnp.zeros((), "int64")
        found = search(x if dim is not None else x.reshape(-1), -1 if dim is None else dim, keepdims=keepdim and dim is not None)
        return found.reshape((1,) * x.ndim) if keepdim and dim is None else found

    return place


def _search_sorted(
    boundaries: Any, x: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None, sorter: Any = None
) -> Any:
    """By comparing each with each boundary, along the last dimension."""
    del out_int32
    x = jnp.asarray(x)
    if sorter is not None:
        boundaries = jnp.take_along_axis(boundaries, sorter, -1)
    side = "right" if right or side == "right" else "left"

    def search(row: Any, wanted: Any) -> Any:
        return jnp.searchsorted(row, wanted, side=side, method="sort" if wanted.size > 1 else "scan")

    if x.size == 0 or boundaries.size == 0:
        return jnp.zeros(x.shape, "int64")
    if boundaries.ndim == 1:
        return search(boundaries, x)
    rows = jax.vmap(search)(boundaries.reshape(-1, boundaries.shape[-1]), x.reshape(-1, x.shape[-1]))
    return rows.reshape(x.shape)


def _bucketize(x: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    return _search_sorted(boundaries, x, out_int32=out_int32, right=right)


def _cumulative_product(x: Any, dim: int, *, dtype: Any) -> Any:
    x = x.astype(dtype)
    return x if x.ndim == 0 else jax.lax.cumprod(x, dim % x.ndim)


_cumulative_product.needs_dtype = True  # type: ignore[attr-defined]


def _log_cumulative_sum(x: Any, dim: int) -> Any:
    if x.ndim == 0 or x.size == 0:
        return x
    if jnp.iscomplexobj(x):
        return jax.lax.associative_scan(_log_of_sum, x, axis=dim % x.ndim)
    return jax.lax.cumlogsumexp(x, dim % x.ndim)


def _log_of_sum(x: Any, y: Any) -> Any:
    """Of complex exponentials, with the imaginary part about that of the larger one, as torch's kernel."""
    small, large = (jnp.where((x.real < y.real) == is_small, x, y) for is_small in (True, False))
    found = large + jnp.log1p(jnp.exp(small - large))
    is_infinite = jnp.isinf(small.real) & (small.real == large.real)
    return jnp.where(is_infinite, jnp.where(small.real < 0, small, jnp.log(jnp.exp(small) + jnp.exp(large))), found)


def _histc(x: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:  # as in ATen
    """Evenly spaced bins, the last of which has its end; NaN and what is outside is in none."""
    dtype = x.dtype
    x = x.reshape(-1)
    x = x if jnp.issubdtype(dtype, jnp.inexact) else x.astype("float64")
    low, high = jnp.asarray(min, x.dtype), jnp.asarray(max, x.dtype)
    if min == max and x.size:
        low, high = x.min(), x.max()
    low, high = jnp.where(low == high, low - 1, low), jnp.where(low == high, high + 1, high)
    inside = (x >= low) & (x <= high)
    at = jnp.minimum(jnp.where(inside, (x - low) * bins / (high - low), 0).astype("int64"), bins - 1)
    return jnp.zeros(bins, dtype).at[at].add(inside.astype(dtype))


def _histogram(x: Any, bins: int, *, range: Any = None, weight: Any = None, density: bool = False) -> tuple[Any, Any]:
    """With evenly spaced edges, from least to largest where no range is given."""
    low, high = (jnp.asarray(each, x.dtype) for each in range or ((x.min(), x.max()) if x.size else (0, 1)))
    low, high = jnp.where(low == high, low - 0.5, low), jnp.where(low == high, high + 0.5, high)
    return _histogram_between(x, jnp.linspace(low, high, bins + 1, dtype=x.dtype), weight=weight, density=density)


def _histogram_between(x: Any, edges: Any, *, weight: Any = None, density: bool = False) -> tuple[Any, Any]:
    """How much is between each edge and the next; the last bin has its end."""
    bins = edges.shape[0] - 1
    x = x.reshape(-1)
    at = jnp.where(x == edges[-1], bins - 1, jnp.searchsorted(edges, x, side="right") - 1)
    inside = (x >= edges[0]) & (x <= edges[-1])
    amounts = jnp.where(inside, 1 if weight is None else weight.reshape(-1), 0).astype(edges.dtype)
    found = jnp.zeros(bins, edges.dtype).at[jnp.clip(at, 0, bins - 1)].add(amounts)
    return found / found.sum() / jnp.diff(edges) if density else found, edges


LOWERINGS: dict[str, Callable[..., Any]] = {
    "aten.argmax.default": _place_of(jnp.argmax),
    "aten.argmin.default": _place_of(jnp.argmin),
    "aten.bucketize.Scalar": _bucketize,
    "aten.bucketize.Tensor": _bucketize,
    "aten.cummax.default": _running(jax.lax.cummax),
    "aten.cummin.default": _running(jax.lax.cummin),
    "aten.cumprod.default": _cumulative_product,
    "aten.histc.default": _histc,
    "aten.histogram.bin_ct": _histogram,
    "aten.histogram.bins_tensor": _histogram_between,
    "aten.kthvalue.default": _kth_value,
    "aten.logcumsumexp.default": _log_cumulative_sum,
    "aten.median.default": _median,
    "aten.median.dim": _median_along,
    "aten.mode.default": _mode,
    "aten.nanmedian.default": _nanmedian,
    "aten.nanmedian.dim": _nanmedian_along,
    "aten.searchsorted.Scalar": _search_sorted,
    "aten.searchsorted.Tensor": _search_sorted,
    "aten.sort.default": _sort,
    "aten.sort.stable": _stable_sort,
    "aten.topk.default": _top_k,
}
