"""Gradients through `wrap`: `backward`, `torch.autograd.grad`, of second order, and autograd inside the wrapped function."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import memarray as mx


def relative(found, expected):
    return ((found - expected).norm() / expected.norm()).item()


def test_backward_through_a_module(recorder):
    model = nn.Sequential(nn.Linear(6, 32), nn.GELU(), nn.LayerNorm(32), nn.Linear(32, 4))
    twin = copy.deepcopy(model)
    x, labels = torch.randn(20, 6), torch.randint(0, 4, (20,))
    loss = F.cross_entropy(mx.wrap(model, recorder=recorder)(x), labels)
    loss.backward()
    expected = F.cross_entropy(twin(x), labels)
    expected.backward()
    torch.testing.assert_close(loss, expected)
    for (name, found), other in zip(model.named_parameters(), twin.parameters(), strict=True):
        assert relative(found.grad, other.grad) < 1e-5, name


def test_backward_is_fitted_as_well(recorder):
    def attention(q, k, v):
        return torch.softmax(q @ k.T / 8, -1) @ v

    n = 1200
    leaves = [torch.randn(n, 16, requires_grad=True) for _ in "qkv"]
    fast = mx.wrap(attention, memory_limit="4MB", recorder=recorder)
    weights = torch.randn(n, 16)
    (fast(*leaves) * weights).sum().backward()
    found = [leaf.grad for leaf in leaves]
    expected = torch.autograd.grad((attention(*leaves) * weights).sum(), leaves)
    for a, b in zip(found, expected, strict=True):
        assert relative(a, b) < 1e-5
    (entry,) = fast._torch_calls._entries.values()
    (gradient,) = entry.function._derived.values()
    plan = gradient.plan(mx._wrap.current_settings(fast._limit))
    assert plan.loops
    assert plan.peak_bytes <= 4 * 10**6 < plan.unsplit_peak_bytes / 2
    assert any(__file__ in (loop.source_line or "") for loop in plan.loops)


def test_arguments_that_need_no_gradient(recorder):
    fast = mx.wrap(lambda x, w, i: (x @ w)[i].sum(), recorder=recorder)
    x, w, i = torch.randn(3, 4), torch.randn(4, 2, requires_grad=True), torch.tensor([0, 2])
    fast(x, w, i).backward()
    torch.testing.assert_close(w.grad, torch.autograd.grad((x @ w)[i].sum(), w)[0])
    assert x.grad is None


def test_gradient_of_an_unused_argument_is_none(recorder):
    fast = mx.wrap(lambda x, y: x * 2, recorder=recorder)
    x, y = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    assert torch.autograd.grad(fast(x, y).sum(), [x, y], allow_unused=True)[1] is None


def test_several_results_some_of_them_integers(recorder):
    fast = mx.wrap(lambda x: (x.topk(2), {"square": x**2, "same": x, "rank": x.argsort()}), recorder=recorder)
    x = torch.randn(5, requires_grad=True)
    (values, indices), rest = fast(x)
    assert values.requires_grad
    assert not indices.requires_grad
    assert rest["same"] is x
    (values.sum() + rest["square"].sum() + rest["same"].sum()).backward()
    expected = 2 * x.detach() + 1
    expected[x.topk(2).indices] += 1
    torch.testing.assert_close(x.grad, expected)


def test_double_backward(recorder):
    w = torch.randn(4, 3, requires_grad=True)
    x = torch.randn(10, 4)

    def loss(w):
        return (torch.tanh(x @ w) ** 3).sum()

    def of(function):
        (first,) = torch.autograd.grad(function(w), w, create_graph=True)
        return first, torch.autograd.grad((first**2).sum(), w)[0]

    for found, expected in zip(of(mx.wrap(loss, recorder=recorder)), of(loss), strict=True):
        assert relative(found, expected) < 1e-5


def test_hessian_and_third_derivative(recorder):
    x = torch.tensor([0.3, -0.7], dtype=torch.float64, requires_grad=True)

    def function(x):
        return torch.sin(x).prod() + (x**4).sum()

    fast = mx.wrap(function, recorder=recorder)
    torch.testing.assert_close(torch.autograd.functional.hessian(fast, x), torch.autograd.functional.hessian(function, x))

    def third(f):
        value = f(x)
        for _ in range(3):
            (gradient,) = torch.autograd.grad(value, x, create_graph=True)
            value = gradient.sum()
        return value

    torch.testing.assert_close(third(fast), third(function))


def test_gradcheck(recorder):
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(mx.wrap(lambda x: torch.logsumexp(x, 1) * x[:, 0].exp(), recorder=recorder), (x,))


def test_autograd_inside_the_function(recorder):
    def step(w, x, y):
        loss = ((x @ w - y) ** 2).mean()
        (gradient,) = torch.autograd.grad(loss, w)
        return loss, w - 0.1 * gradient

    w, x, y = torch.randn(4, 1, requires_grad=True), torch.randn(30, 4), torch.randn(30, 1)
    found = mx.wrap(step, recorder=recorder)(w, x, y)
    for a, b in zip(found, step(w, x, y), strict=True):
        torch.testing.assert_close(a, b)


def test_dropout_draws_the_same_mask_backward(recorder):
    fast = mx.wrap(lambda x: F.dropout(x, 0.5), recorder=recorder)
    x = torch.ones(40, 50, requires_grad=True)
    y = fast(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach())


def test_forward_twice_before_backward(recorder):
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    twin = copy.deepcopy(model)
    fast = mx.wrap(model, recorder=recorder)
    a, b = torch.randn(8, 3), torch.randn(8, 3)
    (fast(a) * fast(b)).sum().backward()
    (twin(a) * twin(b)).sum().backward()
    torch.testing.assert_close(model[0].weight.grad, twin[0].weight.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model[1].running_var, twin[1].running_var)


def test_frozen_parameters(recorder):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    fast = mx.wrap(model, recorder=recorder)
    x = torch.randn(5, 3)
    fast(x).sum().backward()
    model.zero_grad()
    model[0].requires_grad_(False)
    fast(x).sum().backward()
    assert model[0].weight.grad is None
    assert model[1].weight.grad is not None


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW])
def test_training_goes_as_eager(recorder, optimizer):
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    twin = copy.deepcopy(model)
    x = torch.randn(64, 2)
    y = x.prod(1, keepdim=True)

    def train(module, call):
        steps = optimizer(module.parameters(), lr=0.05)
        losses = []
        for _ in range(10):
            steps.zero_grad()
            loss = F.mse_loss(call(x), y)
            loss.backward()
            steps.step()
            losses.append(loss.item())
        return losses

    assert train(model, mx.wrap(model, recorder=recorder)) == pytest.approx(train(twin, twin), rel=1e-4)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("convolve", [F.conv1d, F.conv2d, F.conv3d, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d])
def test_convolutions_and_their_gradients(convolve, groups, recorder):
    dims = int(convolve.__name__[-2])
    extra = {"output_padding": 1} if "transpose" in convolve.__name__ else {}

    def function(x, weight, bias):
        return convolve(x, weight, bias, stride=2, padding=1, dilation=2, groups=groups, **extra)

    out = 6 // groups if extra else 6
    x = torch.randn(2, 4, *[9] * dims, dtype=torch.float64)
    weight = torch.randn(*((4, out) if extra else (6, 4 // groups)), *[3] * dims, dtype=torch.float64)
    operands = [each.requires_grad_() for each in (x, weight, torch.randn(6, dtype=torch.float64))]
    found, expected = mx.wrap(function, recorder=recorder)(*operands), function(*operands)
    torch.testing.assert_close(found, expected)
    cotangent = torch.randn_like(expected)
    for a, b in zip(torch.autograd.grad(found, operands, cotangent), torch.autograd.grad(expected, operands, cotangent), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.narrow(-1, 0, 2) / x.narrow(-1, -2, 2),
        lambda x: torch.linalg.cond(x),
        lambda x: F.avg_pool2d(x[None], 2, ceil_mode=True, padding=1),
        lambda x: F.adaptive_avg_pool2d(x[None], (3, 2)),
        lambda x: F.adaptive_max_pool2d(x[None], (3, 2)),
        lambda x: F.max_pool2d(x[None], 3, stride=2),
        lambda x: F.interpolate(x[None, None], size=(7, 9), mode="bilinear", align_corners=True),
        lambda x: F.interpolate(x[None, None], scale_factor=1.7, mode="bicubic"),
        lambda x: F.interpolate(x[None, None], scale_factor=(2, 3), mode="nearest"),
        lambda x: F.pad(x[None], (1, 2, 3, 0), mode="replicate"),
        lambda x: F.grid_sample(x[None, None], torch.tanh(x[:4, :2].reshape(1, 2, 2, 2)), align_corners=False),
        lambda x: torch.pdist(x),
        lambda x: F.hardshrink(x, 0.3) + F.softshrink(x, 0.2),
        lambda x: x.cumsum(-1).sort(-1, descending=True).values,
    ],
)
def test_gradients_that_recorders_lack_or_have_wrong(function, recorder):
    x = torch.randn(5, 5, dtype=torch.float64, requires_grad=True)
    found, expected = mx.wrap(function, recorder=recorder)(x), function(x)
    torch.testing.assert_close(found, expected)
    cotangent = torch.randn_like(expected)
    torch.testing.assert_close(torch.autograd.grad(found, x, cotangent), torch.autograd.grad(expected, x, cotangent))
