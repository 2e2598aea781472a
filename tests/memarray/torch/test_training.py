"""Training steps of layers that users have, under a limit that the program as written misses four times over, against eager torch."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import memarray as mx
from tests.resident.measure import resident_peak

ROOT = Path(__file__).parents[3]


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


class ScaledDotProduct(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48)

    def forward(self, x):
        return F.scaled_dot_product_attention(*self.qkv(x).chunk(3, -1), is_causal=True)


class Distances(nn.Module):
    def __init__(self):
        super().__init__()
        self.points = nn.Parameter(torch.randn(2000, 8))

    def forward(self, x):
        return torch.exp(-torch.cdist(x, self.points)).sum(1)


class Classes(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(16, 32_000)
        self.register_buffer("labels", torch.randint(0, 32_000, (800,)))

    def forward(self, x):
        return F.cross_entropy(self.out(x), self.labels)


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(500, 64)
        self.norm = nn.LayerNorm(64)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(64, 4)

    def forward(self, tokens):
        words = self.embedding(tokens)
        return self.out(self.drop(self.norm(torch.tanh(words)))).sum(1)


CASES = {
    "MultiheadAttention": (SelfAttention, lambda: torch.randn(1, 700, 16)),
    "scaled_dot_product_attention": (ScaledDotProduct, lambda: torch.randn(1, 2, 600, 16)),
    "cdist": (Distances, lambda: torch.randn(1000, 8)),
    "cross_entropy of 32,000 classes": (Classes, lambda: torch.randn(800, 16)),
    "LayerNorm, embedding, dropout in eval": (Embedded, lambda: torch.randint(0, 500, (300, 50))),
}


@pytest.mark.parametrize("name", CASES)
def test_training_step_under_a_quarter_of_its_memory(name, recorder):
    make, inputs = CASES[name]
    model, x = make().eval(), inputs()

    def step(x):
        loss = model(x).square().mean()
        return loss.detach(), torch.autograd.grad(loss, list(model.parameters()))

    whole = mx.wrap(step, memory_limit="8GB", recorder=recorder).plan(x)
    fixed = whole.argument_bytes + whole.output_bytes
    fast = mx.wrap(step, memory_limit=fixed + (whole.peak_bytes - fixed) // 5, recorder=recorder)
    plan = fast.plan(x)
    assert plan.loops
    assert 4 * (plan.peak_bytes - fixed) < whole.peak_bytes - fixed
    loss, gradients = fast(x)
    expected, references = step(x)
    torch.testing.assert_close(loss, expected)
    for gradient, reference in zip(gradients, references, strict=True):
        assert (gradient - reference).norm() < 2e-5 * reference.norm() + 1e-7


def test_step_by_backward_and_an_optimizer(recorder):
    model = CASES["MultiheadAttention"][0]()
    twin = copy.deepcopy(model)
    x = torch.randn(1, 500, 16)
    fast = mx.wrap(model, memory_limit="1.5MB", recorder=recorder)

    def train(module, call):
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
        losses = []
        for _ in range(3):
            optimizer.zero_grad()
            loss = (call(x) - x).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    assert train(model, fast) == pytest.approx(train(twin, twin), rel=1e-4)


def prepare(recorder):
    """For `resident_peak`: a step of attention with gradients, planned and ready to run for the first time."""
    torch.manual_seed(0)
    model, x = CASES["MultiheadAttention"][0](), torch.randn(1, 3000, 16)

    def step(x):
        loss = model(x).square().mean()
        return loss.detach(), torch.autograd.grad(loss, list(model.parameters()))

    fast = mx.wrap(step, memory_limit="60MB", recorder=recorder)
    plan = fast.plan(x)
    return lambda: fast(x), {"peak": plan.peak_bytes, "unsplit": plan.unsplit_peak_bytes}


def test_resident_peak_is_under_the_limit(recorder):
    found = resident_peak("tests.memarray.torch.test_training:prepare", recorder)
    assert found.facts["unsplit"] > 4 * 60_000_000
    assert found.rise_bytes <= 60_000_000 + 16_000_000  # what a first run loads for good, as in tests/resident


def test_example():
    """The Transformer of the examples, small: it checks its own peak, loss and gradients."""
    script = ROOT / "examples" / "transformer.py"
    sizes = {"layers": 1, "width": 32, "heads": 2, "sequence": 600, "batch": 2, "limit": "20MB"}
    options = [text for name, value in sizes.items() for text in (f"--{name}", str(value))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(script), *options], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, json.dumps(sizes) + done.stdout + done.stderr
