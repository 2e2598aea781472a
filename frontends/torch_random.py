"""Random numbers of torch programs: every operation of ATen that draws becomes a pure function of one seed and the element's position.

The generator is Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). An element's bits
depend on the seed, on which draw of the program it is, and on the position; so a piece of a split value gets the bits that the whole would
have. The seed comes from torch's own generator at each call: `torch.manual_seed` makes results repeatable, with other numbers than torch's
kernels give.
"""

import contextlib
import contextvars
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from frontends.errors import UnsupportedOpError

aten = torch.ops.aten

SEED_WORDS = 2  # int32

_current: contextvars.ContextVar["Draws"] = contextvars.ContextVar("memarray_torch_draws")


class Draws:
    """Where the seed of the program that is being traced comes from, and how many draws it has made."""

    def __init__(self, seed: Callable[[], torch.Tensor]) -> None:
        self.seed = seed
        self._count = itertools.count()

    def key(self) -> tuple[torch.Tensor, torch.Tensor]:
        """A key of its own for the next draw."""
        number = torch.full((), next(self._count), dtype=torch.int32)
        seed = self.seed()
        return _threefry((seed[0], seed[1]), (number, torch.zeros_like(number)))


@contextlib.contextmanager
def drawing_from(seed: Callable[[], torch.Tensor]) -> Iterator[None]:
    """Decompositions inside draw from the seed that this gives: a tensor of `SEED_WORDS` int32."""
    token = _current.set(Draws(seed))
    try:
        yield
    finally:
        _current.reset(token)


def new_seed() -> torch.Tensor:
    """A seed drawn from torch's default generator, which moves on."""
    return torch.randint(-(2**31), 2**31, (SEED_WORDS,), dtype=torch.int32)


def _seed_without_data() -> torch.Tensor:
    return torch.empty(SEED_WORDS, dtype=torch.int32)


# The seed of a graph that is still to be cut into programs: one placeholder for all of its draws (see `torch_joint`).
draw_seed = torch.library.custom_op("memarray::draw_seed", new_seed, mutates_args=())
draw_seed.register_fake(_seed_without_data)


def _seed_of_program() -> torch.Tensor:
    return _current.get().seed()


def _rotate(x: torch.Tensor, left: int) -> torch.Tensor:
    right = 32 - left
    return torch.bitwise_or(torch.bitwise_left_shift(x, left), torch.bitwise_and(torch.bitwise_right_shift(x, right), (1 << left) - 1))


def _threefry(key: tuple[torch.Tensor, torch.Tensor], counter: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Threefry-2x32-20: 64 bits from a key and a counter, in int32 arithmetic that wraps around."""
    keys = (*key, torch.bitwise_xor(torch.bitwise_xor(key[0], key[1]), 0x1BD11BDA))
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    rotations = ((13, 15, 26, 6), (17, 29, 16, 24))
    for group in range(5):
        for left in rotations[group % 2]:
            x = x + y
            y = torch.bitwise_xor(_rotate(y, left), x)
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + (group + 1)
    return x, y


def _positions(shape: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Two int32 words that differ for every element. Made of iotas in the value's own shape, so that each axis splits."""
    words = [torch.zeros([1] * len(shape), dtype=torch.int32), torch.zeros([1] * len(shape), dtype=torch.int32)]
    strides = [1, 1]
    word = 1
    for axis in reversed(range(len(shape))):
        if strides[word] * shape[axis] > 2**32 and word == 1:
            word = 0
        along = torch.arange(shape[axis], dtype=torch.int32).reshape([-1 if i == axis else 1 for i in range(len(shape))])
        stride = strides[word]
        words[word] = words[word] + along * (stride - 2**32 if stride >= 2**31 else stride)
        strides[word] *= shape[axis]
    return words[0].expand(list(shape)), words[1].expand(list(shape))


def _words(shape: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """64 random bits an element, in two int32."""
    return _threefry(_current.get().key(), _positions(shape))


def _uniform_bits(words: tuple[torch.Tensor, torch.Tensor], dtype: torch.dtype) -> torch.Tensor:
    """Uniform in [0, 1) with as many bits as the dtype's fraction has, as torch's kernels."""
    if dtype == torch.float64:
        high = torch.bitwise_and(torch.bitwise_right_shift(words[0], 5), (1 << 27) - 1).to(dtype)
        low = torch.bitwise_and(torch.bitwise_right_shift(words[1], 6), (1 << 26) - 1).to(dtype)
        return (high * 2.0**26 + low) * 2.0**-53
    bits = {torch.float16: 11, torch.bfloat16: 8}.get(dtype, 24)
    return (torch.bitwise_and(torch.bitwise_right_shift(words[0], 32 - bits), (1 << bits) - 1).to(torch.float32) * 2.0**-bits).to(dtype)


def _uniform(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    return _uniform_bits(_words(shape), dtype)


def _wide(dtype: torch.dtype) -> torch.dtype:
    """The dtype to compute in."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def _normal(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """Standard normal (Box and Muller 1958); of complex dtypes, variance 1 in all."""
    if dtype.is_complex:
        part = torch.float64 if dtype == torch.complex128 else torch.float32
        return torch.complex(_normal(shape, part), _normal(shape, part)) * math.sqrt(0.5)
    wide = _wide(dtype)
    radius = torch.sqrt(-2.0 * torch.log1p(-_uniform(shape, wide)))
    return (radius * torch.cos(2.0 * math.pi * _uniform(shape, wide))).to(dtype)


def _exponential(shape: Sequence[int], dtype: torch.dtype, rate: float = 1.0) -> torch.Tensor:
    return (torch.log1p(-_uniform(shape, _wide(dtype))) / -rate).to(dtype)


def _integers(shape: Sequence[int], low: int, high: int, dtype: torch.dtype) -> torch.Tensor:
    """Uniform in [low, high): 63 random bits modulo the range, as torch's kernels."""
    words = _words(shape)
    wide = torch.bitwise_left_shift(torch.bitwise_and(words[0].to(torch.int64), 0x7FFFFFFF), 32)
    wide = torch.bitwise_or(wide, torch.bitwise_and(words[1].to(torch.int64), 0xFFFFFFFF))
    return (torch.remainder(wide, high - low) + low).to(dtype)


def _bernoulli(p: torch.Tensor | float, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    return (_uniform(shape, torch.float32) < p).to(dtype)


def _dtype(dtype: torch.dtype | None) -> torch.dtype:
    return torch.get_default_dtype() if dtype is None else dtype


def _rand(size: Sequence[int], *rest: Any, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    del rest, kwargs
    return _uniform(size, _dtype(dtype)) if not _dtype(dtype).is_complex else torch.complex(*(_uniform(size, _part(dtype)) for _ in "ri"))


def _part(dtype: torch.dtype | None) -> torch.dtype:
    return torch.float64 if dtype == torch.complex128 else torch.float32


def _randn(size: Sequence[int], *rest: Any, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    del rest, kwargs
    return _normal(size, _dtype(dtype))


def _randint(high: int, size: Sequence[int], *rest: Any, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    return _randint_low(0, high, size, *rest, dtype=dtype, **kwargs)


def _randint_low(low: int, high: int, size: Sequence[int], *rest: Any, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    del rest, kwargs
    return _integers(size, low, high, torch.int64 if dtype is None else dtype)


def _randperm(n: int, *rest: Any, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    """Positions sorted by random keys of 53 bits."""
    del rest, kwargs
    return torch.argsort(_uniform([n], torch.float64)).to(torch.int64 if dtype is None else dtype)


def _like(draw: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """The `_like` form of a constructor, whose size comes last of the positional arguments and whose dtype is the tensor's."""

    def drawn(like: torch.Tensor, *args: int, dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
        del kwargs
        return draw(*args, list(like.shape), dtype=like.dtype if dtype is None else dtype)

    return drawn


def _bernoulli_of(p: torch.Tensor) -> torch.Tensor:
    return _bernoulli(p, p.shape, p.dtype)


def _bernoulli_p(x: torch.Tensor, p: float = 0.5) -> torch.Tensor:
    return _bernoulli(p, x.shape, x.dtype)


def _bernoulli_tensor(x: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    return _bernoulli(p, x.shape, x.dtype)


def _uniform_between(x: torch.Tensor, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    return _uniform(x.shape, x.dtype) * (high - low) + low


def _normal_like(x: torch.Tensor, mean: float = 0.0, std: float = 1.0) -> torch.Tensor:
    return _normal(x.shape, x.dtype) * std + mean


def _normal_from(mean: Any, std: Any) -> torch.Tensor:
    """`torch.normal` with tensors for the mean, the deviation, or both."""
    shape = torch.broadcast_shapes(*(value.shape for value in (mean, std) if isinstance(value, torch.Tensor)))
    dtype = next(value.dtype for value in (mean, std) if isinstance(value, torch.Tensor))
    return _normal(shape, dtype) * std + mean


def _normal_sized(mean: float, std: float, size: Sequence[int], dtype: torch.dtype | None = None, **kwargs: Any) -> torch.Tensor:
    del kwargs
    return _normal(size, _dtype(dtype)) * std + mean


def _exponential_like(x: torch.Tensor, lambd: float = 1.0) -> torch.Tensor:
    return _exponential(x.shape, x.dtype, lambd)


def _geometric_like(x: torch.Tensor, p: float) -> torch.Tensor:
    return torch.clamp(torch.ceil(torch.log1p(-_uniform(x.shape, torch.float64)) / math.log1p(-p)), min=1).to(x.dtype)


def _cauchy_like(x: torch.Tensor, median: float = 0.0, sigma: float = 1.0) -> torch.Tensor:
    wide = _wide(x.dtype)
    return (median + sigma * torch.tan(math.pi * (_uniform(x.shape, wide) - 0.5))).to(x.dtype)


def _log_normal_like(x: torch.Tensor, mean: float = 1.0, std: float = 2.0) -> torch.Tensor:
    return torch.exp(_normal(x.shape, _wide(x.dtype)) * std + mean).to(x.dtype)


def _random_from(x: torch.Tensor, low: int, high: int | None = None) -> torch.Tensor:
    return _integers(x.shape, low, _largest(x.dtype) + 1 if high is None else high, x.dtype)


def _random_to(x: torch.Tensor, high: int) -> torch.Tensor:
    return _random_from(x, 0, high)


def _random_any(x: torch.Tensor) -> torch.Tensor:
    return _random_from(x, 0, None)


def _largest(dtype: torch.dtype) -> int:
    """The largest integer that `Tensor.random_` gives for a dtype, by its documentation."""
    largest = {torch.bool: 1, torch.float16: 2**11, torch.bfloat16: 2**8, torch.float32: 2**24, torch.float64: 2**53}
    return largest[dtype] if dtype in largest else min(torch.iinfo(dtype).max, 2**62)


def _native_dropout(x: torch.Tensor, p: float, train: bool | None) -> tuple[torch.Tensor, torch.Tensor]:
    if train is False or p == 0:
        return x.clone(), torch.ones_like(x, dtype=torch.bool)
    keep = _uniform(x.shape, torch.float32) >= p
    return torch.where(keep, x * (0.0 if p == 1 else 1 / (1 - p)), 0.0).to(x.dtype), keep


def _rrelu(
    x: torch.Tensor, noise: torch.Tensor, lower: float = 0.125, upper: float = 1 / 3, training: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    if not training:
        return torch.where(x >= 0, x, x * ((lower + upper) / 2)), noise
    slope = torch.where(x <= 0, _uniform(x.shape, x.dtype) * (upper - lower) + lower, 1.0).to(x.dtype)
    return x * slope, slope


def _multinomial(weights: torch.Tensor, count: int, replacement: bool = False) -> torch.Tensor:
    """By the inverse of the cumulative sum; without replacement, the largest weights over exponentials (Efraimidis and Spirakis 2006)."""
    if not replacement:
        return torch.topk(weights / _exponential(weights.shape, weights.dtype), count)[1]
    total = torch.cumsum(weights, -1)
    drawn = _uniform([*weights.shape[:-1], count], weights.dtype) * total[..., -1:]
    return torch.searchsorted(total, drawn, right=True).clamp(max=weights.shape[-1] - 1)


def _by_default_generator(op: Any, draw: Callable[..., Any]) -> Callable[..., Any]:
    def drawn(*args: Any, generator: Any = None, **kwargs: Any) -> Any:
        if generator is not None:
            raise UnsupportedOpError(
                f"`{op}` is called with a generator of its own; a recorded program draws from torch's default one. Leave out `generator=`, "
                "and seed with torch.manual_seed.",
                op=str(op),
            )
        return draw(*args, **kwargs)

    return drawn


_DRAWS: dict[Any, Callable[..., Any]] = {
    aten.rand.default: _rand,
    aten.rand.generator: _rand,
    aten.randn.default: _randn,
    aten.randn.generator: _randn,
    aten.randint.default: _randint,
    aten.randint.low: _randint_low,
    aten.randperm.default: _randperm,
    aten.rand_like.default: _like(_rand),
    aten.randn_like.default: _like(_randn),
    aten.randint_like.default: _like(_randint),
    aten.randint_like.low_dtype: _like(_randint_low),
    aten.bernoulli.default: _bernoulli_of,
    aten.bernoulli.p: _bernoulli_p,
    aten.bernoulli.Tensor: _bernoulli_tensor,
    aten.uniform.default: _uniform_between,
    aten.normal_functional.default: _normal_like,
    aten.normal.Tensor_float: _normal_from,
    aten.normal.float_Tensor: _normal_from,
    aten.normal.Tensor_Tensor: _normal_from,
    aten.normal.float_float: _normal_sized,
    aten.exponential.default: _exponential_like,
    aten.geometric.default: _geometric_like,
    aten.cauchy.default: _cauchy_like,
    aten.log_normal.default: _log_normal_like,
    aten.random.default: _random_any,
    aten.random.to: _random_to,
    getattr(aten.random, "from"): _random_from,
    aten.native_dropout.default: _native_dropout,
    aten.rrelu_with_noise_functional.default: _rrelu,
    aten.multinomial.default: _multinomial,
}

DECOMPOSITIONS = {op: _by_default_generator(op, draw) for op, draw in _DRAWS.items()}

# What a graph of draws from `draw_seed` becomes in a program: draws from the seed that is the program's argument.
SEED_DECOMPOSITION = {torch.ops.memarray.draw_seed.default: _seed_of_program}
