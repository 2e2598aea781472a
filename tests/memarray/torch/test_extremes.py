"""Infinities and NaNs in maxima, minima and their places, products of several dimensions, and attention: as torch has them."""

import pytest

import memarray

torch = pytest.importorskip("torch")

from torch.nn import functional

INF, NAN = float("inf"), float("nan")
ROWS = torch.tensor([[1, NAN, 3, NAN], [INF] * 4, [-INF] * 4, [2, 2, 1, 1], [-INF, 1, INF, NAN]])
EXTREMES = {
    "argmax": lambda x: x.argmax(1),
    "argmin": lambda x: x.argmin(1),
    "argmax of all": lambda x: x.argmax(),
    "argmax of integers": lambda x: (x > 1).int().argmax(1),
    "max": lambda x: x.max(1),
    "min": lambda x: x.min(1),
    "amax": lambda x: x.amax(0),
    "amin": lambda x: x.amin(0),
    "max of all": lambda x: (x[1:4].max(), x[2].max(), x[1].min()),
    "bfloat16": lambda x: x.bfloat16().amax(1),
    "float16": lambda x: x.half().amin(1),
    "float64": lambda x: x.double().amin(1),
    "pooled": lambda x: functional.max_pool1d(x[:, None], 2),
    "logsumexp": lambda x: x.logsumexp(1),
}


def same(actual, expected, **tolerance):
    pairs = [(actual, expected)] if isinstance(actual, torch.Tensor) else zip(actual, expected, strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, equal_nan=True, **tolerance)


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(name, recorder):
    same(memarray.wrap(EXTREMES[name], recorder=recorder)(ROWS), EXTREMES[name](ROWS))


ATTENTIONS = {
    "plain": {},
    "causal": {"is_causal": True},
    "scaled": {"scale": 0.3},
    "masked": {"attn_mask": torch.ones(6, 8, dtype=torch.bool).tril(-1)},
    "biased": {"attn_mask": torch.linspace(-1, 1, 48).reshape(6, 8)},
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", ATTENTIONS)
def test_attention(name, dtype, recorder):
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, length, 4, generator=generator).to(dtype) for length in (6, 8, 8))
    bias = ATTENTIONS[name].get("attn_mask")
    options = {**ATTENTIONS[name], **({"attn_mask": bias.to(dtype)} if bias is not None and bias.is_floating_point() else {})}

    def fn(q, k, v):
        return functional.scaled_dot_product_attention(q, k, v, **options)

    tolerance = {"rtol": 2e-2, "atol": 5e-3} if dtype is torch.bfloat16 else {}  # torch's kernels round in between
    same(memarray.wrap(fn, recorder=recorder)(q, k, v), fn(q, k, v), **tolerance)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (2, 1, 3, 4)])
def test_layers(shape, recorder):
    generator = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(*each, generator=generator) for each in (shape, (5, 4), (5,)))
    for arguments in ((x, weight, bias), (x, weight)):
        same(memarray.wrap(functional.linear, recorder=recorder)(*arguments), functional.linear(*arguments))


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_gathered(dim, recorder):
    x = torch.arange(60.0).reshape(3, 4, 5)
    index = torch.tensor([[[2, 0], [1, 1]], [[0, 2], [2, 0]]])
    same(memarray.wrap(lambda x, i: x.gather(dim, i), recorder=recorder)(x, index), x.gather(dim, index))
    same(memarray.wrap(lambda x, i: x[0, 0].gather(0, i), recorder=recorder)(x, index[0, 0]), x[0, 0].gather(0, index[0, 0]))
    same(memarray.wrap(functional.embedding, recorder=recorder)(index, x[0]), functional.embedding(index, x[0]))


def loss(x, y):
    distances = torch.cdist(x, y)
    kernel = torch.exp(-distances)
    return (kernel @ kernel.sum(0)).square().sum()


def test_a_backward_pass_names_the_lines_of_the_forward_pass(recorder):
    """In the function's own derivative, and where it is one of autograd's steps."""

    def gradient(x, y):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(loss(x, y), x)[0]

    x, y = torch.randn(900, 6), torch.randn(800, 6)
    plan = memarray.wrap(gradient, memory_limit="2MB", recorder=recorder).plan(x, y)
    first = loss.__code__.co_firstlineno
    assert plan.loops
    assert {loop.source_line for loop in plan.loops} <= {f"{__file__}:{first + line}" for line in (1, 2, 3)}
