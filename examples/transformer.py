"""One training step of a Transformer in plain torch, with the attention that a textbook writes, under a memory limit.

Two layers, d = 512, 8 heads, sequences of 4,096, batches of 4: as written, one step holds attention matrices of 2 GB each, many at a
time. The script plans, runs and measures the step, and compares loss and gradients with eager torch, which takes the sequences one at a
time.
"""

import argparse
import math
import sys
import time

import torch
import torch.nn.functional as F
from knn_flights import PROCESS_OVERHEAD_BYTES, ResidentPeak, megabytes
from torch import nn

import memarray

VOCABULARY = 1000


class Attention(nn.Module):
    """Multi-head attention as defined."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, n, width] to the same."""
        batch, n, width = x.shape
        q, k, v = (part.view(batch, n, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(width // self.heads), -1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, n, width))


class Layer(nn.Module):
    """Attention and a perceptron, each normalised before and added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, n, width] to the same."""
        x = x + self.attention(self.norms[0](x))
        return x + self.perceptron(self.norms[1](x))


class Encoder(nn.Module):
    """Embeddings, layers, and logits for every position."""

    def __init__(self, layers: int, width: int, heads: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.layers = nn.Sequential(*(Layer(width, heads) for _ in range(layers)))
        self.logits = nn.Linear(width, VOCABULARY)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """[batch, n] to [batch, n, VOCABULARY]."""
        return self.logits(self.layers(self.embedding(tokens)))


def loss_of(model: nn.Module, tokens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean cross entropy over all positions."""
    return F.cross_entropy(model(tokens).flatten(0, 1), labels.flatten())


def eager_step(model: nn.Module, tokens: torch.Tensor, labels: torch.Tensor) -> tuple[float, list[torch.Tensor]]:
    """Loss and gradients by eager torch, a sequence at a time: the mean over the batch is the mean of theirs."""
    model.zero_grad()
    total = 0.0
    for i in range(len(tokens)):
        loss = loss_of(model, tokens[i : i + 1], labels[i : i + 1]) / len(tokens)
        loss.backward()
        total += loss.item()
    return total, [parameter.grad.clone() for parameter in model.parameters()]


def main() -> int:
    """Zero if the step stayed under the limit and agrees with eager torch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("layers", 2), ("width", 512), ("heads", 8), ("sequence", 4096), ("batch", 4)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--limit", default="3.5GB", help='memory limit, such as "3.5GB" (the default)')
    parser.add_argument("--recorder", choices=("torch-xla", "torchax"), help="by default whichever is installed")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = Encoder(options.layers, options.width, options.heads)
    optimizer = torch.optim.AdamW(model.parameters())
    tokens, labels = (torch.randint(0, VOCABULARY, (options.batch, options.sequence)) for _ in range(2))

    @memarray.wrap(memory_limit=options.limit, recorder=options.recorder)
    def step(tokens: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        loss = loss_of(model, tokens, labels)
        return loss.detach(), torch.autograd.grad(loss, list(model.parameters()))

    start = time.perf_counter()
    plan = step.plan(tokens, labels)
    print(f"planned in {time.perf_counter() - start:.0f} s: {plan.unsplit_peak_bytes / plan.limit_bytes:.1f} times over the limit unsplit")
    print("\n".join(line for line in str(plan).splitlines() if "recomputed" not in line), flush=True)

    peak = ResidentPeak()
    start = time.perf_counter()
    loss, gradients = step(tokens, labels)
    seconds = time.perf_counter() - start
    rise = peak.rise_bytes()
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        parameter.grad = gradient
    measured = "not measured" if rise is None else f"measured {megabytes(plan.argument_bytes + rise)}"
    print(f"\none step in {seconds:.1f} s, {measured} of {megabytes(plan.limit_bytes)}", flush=True)

    start = time.perf_counter()
    expected, references = eager_step(model, tokens, labels)
    worst = max(float((a - b).norm() / b.norm()) for a, b in zip(gradients, references, strict=True))
    print(f"eager torch, a sequence at a time: {time.perf_counter() - start:.1f} s")
    print(f"loss {loss:.6f}, eager {expected:.6f}; gradients differ by {worst:.1e} of their norm at most")
    optimizer.step()
    fits = rise is None or plan.argument_bytes + rise <= plan.limit_bytes + PROCESS_OVERHEAD_BYTES
    return 0 if fits and abs(float(loss) - expected) < 1e-5 * abs(expected) and worst < 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
