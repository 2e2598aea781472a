"""`torch.compile(backend="memarray")`: equal to eager torch, forward and backward under the limit, errors that reach the user."""

import copy
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch._dynamo.backends.common import aot_autograd
from torch._functorch.partitioners import default_partition
from torch.nn import functional

import memarray
from frontends.torch_recorder import RECORDERS, choose_recorder
from memarray._torch_partition import Cut
from memarray.torch_backend import memarray_backend

ROOT = Path(__file__).parents[3]


def _is_usable(name):
    try:
        choose_recorder(name)
    except ImportError:
        return False
    return True


USABLE = [name for name in RECORDERS if _is_usable(name)]
pytestmark = [
    pytest.mark.skipif(not USABLE, reason="no recorder for torch is installed"),
    # Dynamo asks `.grad` of what a graph break leaves.
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"),
]


@pytest.fixture(autouse=True)
def _fresh():
    torch._dynamo.reset()
    torch.manual_seed(0)


def compiled(fn, limit="100MB", **options):
    return torch.compile(fn, backend=memarray_backend, fullgraph=True, options={"memory_limit": limit, **options})


def randn(*shape, grad=True):
    return torch.randn(*shape, requires_grad=grad)


def gradients(fn, tensors):
    """The results, and the gradients of a sum over all of them with unequal weights."""
    found = fn(*tensors)
    results = found if isinstance(found, (tuple, list)) else (found,)
    total = sum((result * torch.linspace(1.0, 2.0, result.numel()).reshape(result.shape)).sum() for result in results)
    return results, torch.autograd.grad(total, [tensor for tensor in tensors if tensor.requires_grad])


def assert_as_eager(fn, *tensors, **options):
    for found, wanted in zip(gradients(compiled(fn, **options), tensors), gradients(fn, tensors), strict=True):
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
            assert one.stride() == other.stride()


def attention(q, k, v):
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    return scores.softmax(-1) @ v


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Linear(16, 6))

    def forward(self, x):
        return self.layers(x)


class Tied(nn.Module):
    """A language model of one attention layer, its embedding also its output."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, dropout=dropout, batch_first=True, norm_first=True)
        self.out = nn.Linear(8, 11, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, tokens):
        return self.out(self.block(self.embedding(tokens)))


def train(model, call, inputs, targets, steps=3):
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9
    )  # (not Adam, which makes steps of gradients that are zero but for rounding)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = functional.cross_entropy(call(inputs).flatten(0, -2), targets.flatten())
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return losses


@pytest.mark.parametrize("make", [Mlp, Tied])
def test_training_is_as_eager(make, recorder) -> None:
    model = make()
    other = copy.deepcopy(model)
    inputs = torch.randn(5, 6) if make is Mlp else torch.randint(11, (2, 5))
    targets = torch.randint(6, (5,)) if make is Mlp else torch.randint(11, (2, 5))
    found = train(model, compiled(model, recorder=recorder), inputs, targets)
    wanted = train(other, other, inputs, targets)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    for one, another in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(one, another, rtol=1e-3, atol=1e-4)


def test_memory_of_training_attention(recorder) -> None:
    tensors = [randn(1500, 32) for _ in range(3)]
    plans = []
    assert_as_eager(attention, *tensors, limit="8MB", recorder=recorder, on_plan=plans.append)
    forward, backward = plans
    assert (forward.name, backward.name) == ("attention", "gradient of attention")
    for plan in plans:
        assert plan.fits
        assert plan.loops
        assert plan.peak_bytes <= 8_000_000
        assert plan.loops[0].source_line.startswith(__file__)
    assert backward.unsplit_peak_bytes > 3 * 8_000_000
    assert backward.argument_bytes - forward.argument_bytes < 1_000_000  # of the n^2 nothing is saved


def test_more_is_saved_where_there_is_room() -> None:
    tensors = [randn(600, 32) for _ in range(3)]
    plans = []
    assert_as_eager(attention, *tensors, limit="1GB", on_plan=plans.append)
    assert plans[1].argument_bytes > 4 * 600 * 600


def test_inference_and_training_are_programs_of_their_own() -> None:
    plans = []
    model = Mlp()
    call = compiled(model, on_plan=plans.append)
    x = torch.randn(5, 6)
    call(x).sum().backward()
    assert len(plans) == 2
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(call(x), model(x))
    with torch.no_grad():
        call(x)
    assert len(plans) == 3


def test_encoder_without_gradients_is_as_eager() -> None:
    model = Tied().eval()
    tokens = torch.randint(11, (2, 5))
    with torch.no_grad():
        torch.testing.assert_close(compiled(model)(tokens), model(tokens), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mask", ["none", "pairs", "keys", "both"])
@pytest.mark.parametrize("norm_first", [False, True])
def test_fused_kernels_of_transformers(mask, norm_first) -> None:
    model = nn.TransformerEncoderLayer(
        8, 2, 16, batch_first=True, norm_first=norm_first, activation="gelu" if norm_first else "relu"
    ).eval()
    x = torch.randn(3, 5, 8)
    pairs = torch.ones(5, 5, dtype=torch.bool).triu(1) if mask in ("pairs", "both") else None
    keys = torch.arange(5)[None] > torch.tensor([[4], [2], [3]]) if mask in ("keys", "both") else None
    with torch.no_grad():
        found = compiled(model)(x, src_mask=pairs, src_key_padding_mask=keys)
        torch.testing.assert_close(found, model(x, src_mask=pairs, src_key_padding_mask=keys), rtol=1e-4, atol=1e-5)
        result, weights = compiled(model.self_attn)(x, x, x, key_padding_mask=keys)
        wanted = model.self_attn(x, x, x, key_padding_mask=keys)
    torch.testing.assert_close((result, weights), wanted, rtol=1e-4, atol=1e-5)


def test_dropout_is_repeatable_and_backward_sees_the_mask(recorder) -> None:
    x = torch.ones(64, 32, requires_grad=True)
    call = compiled(lambda x: functional.dropout(x, 0.25).exp(), recorder=recorder)
    torch.manual_seed(3)
    first = call(x)
    second = call(x)
    torch.manual_seed(3)
    assert torch.equal(call(x), first)
    assert not torch.equal(first, second)
    kept = first.detach() > 1
    assert 0.7 < kept.float().mean() < 0.8
    (gradient,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(gradient, torch.where(kept, first.detach() / 0.75, 0.0))


def test_draws_of_one_graph_differ() -> None:
    def two(x):
        return x + torch.rand_like(x), x + torch.rand_like(x)

    one, other = compiled(two)(torch.zeros(8))
    assert not torch.equal(one, other)
    one, other = compiled(two)(torch.zeros(8, requires_grad=True))
    assert not torch.equal(one, other)


@pytest.mark.parametrize("is_short", [False, True])
def test_mask_is_drawn_again_where_memory_is_short(is_short) -> None:
    n = 4096
    x = torch.ones(n, requires_grad=True)
    plans = []
    call = compiled(lambda x: functional.dropout(x, 0.5), limit=13 * n if is_short else "100MB", on_plan=plans.append)
    result = call(x)
    (gradient,) = torch.autograd.grad(result.sum(), x)
    assert torch.equal(gradient, result)
    assert 0.45 < (result == 0).float().mean() < 0.55
    cotangent, seed, mask = 4 * n, 8, n
    assert plans[1].argument_bytes == cotangent + (seed if is_short else mask)


def test_limit_error_is_the_users() -> None:
    call = compiled(attention, limit="20kB")
    with pytest.raises(memarray.MemoryLimitError, match="`attention` cannot run under the memory limit of 20000 bytes") as caught:
        call(*[randn(100, 32) for _ in range(3)])
    assert caught.value.smallest_limit_bytes > 20_000


def test_limit_error_of_the_backward_graph_is_the_users() -> None:
    def large_gradient(x, y):
        return (x[:, None] * y[None]).sum()

    x, y = randn(4000), randn(4000)
    result = compiled(large_gradient, limit=60_000)(x, y)
    with pytest.raises(memarray.MemoryLimitError, match="gradient of large_gradient"):
        result.backward()


def test_unsupported_op_is_the_users() -> None:
    def gammas(x):
        return torch._standard_gamma(x)

    with pytest.raises(memarray.UnsupportedOpError, match="_standard_gamma") as caught:
        compiled(gammas, recorder=USABLE[0])(torch.ones(3))
    assert caught.value.source_line.startswith(__file__)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 3}, "the option 'limit'; expected 'memory_limit'"),
        ({"memory_limit": "3 apples"}, "3 apples"),
        ({"recorder": "tape"}, "tape"),
    ],
)
def test_bad_options_are_named(options, message) -> None:
    call = torch.compile(torch.sin, backend=memarray_backend, options=options)
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match=message):
        call(torch.ones(3))


def test_limit_is_the_configured_one_without_option() -> None:
    call = torch.compile(attention, backend=memarray_backend)
    tensors = [randn(100, 32, grad=False) for _ in range(3)]
    with memarray.memory_limit("20kB"), pytest.raises(memarray.MemoryLimitError):
        call(*tensors)
    torch.testing.assert_close(call(*tensors), attention(*tensors))


@pytest.mark.parametrize("is_marked", [False, True])
def test_every_shape_has_a_program(is_marked, recorder) -> None:
    def shaped(x, y):
        return (x.view(-1) * x.shape[0]).cumsum(0), x @ y, x.T

    plans = []
    call = compiled(shaped, recorder=recorder, on_plan=plans.append)
    y = randn(4, 3)
    for rows in (3, 5, 7, 5):
        x = randn(rows, 4)
        if is_marked:
            torch._dynamo.mark_dynamic(x, 0)
        for found, wanted in zip(gradients(call, (x, y)), gradients(shaped, (x, y)), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert Counter(plan.name for plan in plans) == {"shaped": 3, "gradient of shaped": 3}


def test_graph_break_leaves_the_rest_compiled() -> None:
    plans = []

    def broken(x):
        y = x.sin()
        if y.sum().item() > 100:
            return y
        return y.cos() * 2

    call = torch.compile(broken, backend=memarray_backend, options={"on_plan": plans.append})
    x = randn(6)
    torch.testing.assert_close(gradients(call, (x,)), gradients(broken, (x,)))
    assert Counter(plan.name for plan in plans) == {"broken": 2, "gradient of broken": 2}


def test_containers_keywords_and_none() -> None:
    def tree(inputs, *, scale=2, bias=None):
        y = inputs["x"] * scale + inputs["rest"][0]
        return {"y": y, "n": y.shape[0], "none": bias, "pair": (y.sum(), [inputs["x"]])}

    inputs = {"x": randn(3, 4), "rest": [randn(4)]}
    found, wanted = compiled(tree)(inputs, scale=3), tree(inputs, scale=3)
    assert (found["n"], found["none"]) == (3, None)
    torch.testing.assert_close((found["y"], found["pair"]), (wanted["y"], wanted["pair"]))
    assert found["pair"][1][0] is inputs["x"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: randn(4, 6).T,
        lambda: randn(8, 6)[::2],
        lambda: randn(6, 8)[:, ::2].T,
        lambda: randn(1, 6).expand(4, 6),
        lambda: randn(6, 1, 4).permute(2, 0, 1)[:, :, 0],
    ],
)
def test_strides_of_arguments_and_results(make) -> None:
    def several(x):
        return x * 2, (x + 1).T, x.exp().reshape(2, -1)[1:], x[1:].sin()

    assert_as_eager(several, make().detach().requires_grad_())


def test_views_of_arguments_are_views() -> None:
    def views(x):
        return x[1:], x.T, x.exp()

    x = randn(4, 3, grad=False)
    first, second, _ = compiled(views)(x)
    x.fill_(7.0)
    assert (first == 7).all()
    assert (second == 7).all()


def test_arguments_that_are_written_to() -> None:
    def write(x, w):
        x.mul_(2)
        return x * w

    def added(x, w):
        x.add_(w)
        return x.exp()

    for fn in (write, added):
        found, wanted = [], []
        for call, kept in ((compiled(fn), found), (fn, wanted)):
            x, w = torch.arange(3.0), torch.full((3,), 0.5, requires_grad=True)
            y = call(x, w)
            y.sum().backward()
            kept += [x.detach(), y.detach(), w.grad]
        torch.testing.assert_close(found, wanted)


def test_buffers_are_written_to() -> None:
    class Count(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    model = Count()
    call = compiled(model)
    call(torch.ones(2))
    torch.testing.assert_close(call(torch.ones(2)), torch.full((2,), 2.0))
    assert model.calls.item() == 2


def test_constants_and_own_functions(recorder) -> None:
    table = torch.tensor([1.0, 2.0, 3.0])

    def constants(x, y):
        return torch.cdist(x, y) * table + torch.tensor([0.5, 0.5, 1.0])

    assert_as_eager(constants, randn(4, 5), randn(3, 5), recorder=recorder)


@pytest.mark.parametrize("name", ["scaled_dot_product_attention", "conv2d", "group_norm", "cross_entropy"])
def test_functions_of_networks(name) -> None:
    calls = {
        "scaled_dot_product_attention": (
            lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True),
            *[randn(2, 5, 4)] * 3,
        ),
        "conv2d": (lambda x, w: functional.conv2d(x, w, padding=1), randn(2, 3, 5, 5), randn(4, 3, 3, 3)),
        "group_norm": (lambda x: functional.group_norm(x, 2), randn(2, 4, 3)),
        "cross_entropy": (lambda x: functional.cross_entropy(x, torch.tensor([1, 0, 2])), randn(3, 4)),
    }
    fn, *tensors = calls[name]
    assert_as_eager(fn, *[tensor.detach().clone().requires_grad_() for tensor in tensors])


def test_graph_is_kept_for_a_second_backward_pass() -> None:
    x = randn(6)
    y = compiled(lambda x: x.sin().exp())(x)
    y.sum().backward(retain_graph=True)
    once = x.grad.clone()
    y.sum().backward()
    torch.testing.assert_close(x.grad, 2 * once)


def test_function_of_no_tensors() -> None:
    assert torch.equal(compiled(lambda: torch.arange(5) * 2)(), torch.arange(5) * 2)


def _joint(fn, *tensors):
    """The joint graph that AOTAutograd makes of a function, and how many of its results are the forward graph's."""
    kept = []

    def partition(joint, joint_inputs, *, num_fwd_outputs, **hints):
        kept.append(Cut.of(copy.deepcopy(joint), num_fwd_outputs))
        return default_partition(joint, joint_inputs, num_fwd_outputs=num_fwd_outputs, **hints)

    backend = aot_autograd(fw_compiler=lambda module, _: module, partition_fn=partition)
    torch.compile(fn, backend=backend)(*tensors)
    return kept[0]


def test_what_is_saved_grows_with_the_share() -> None:
    def deep(x, a, b, c):
        return ((x @ a).tanh() @ b).tanh() @ c

    cut = _joint(deep, randn(64, 128), randn(128, 128), randn(128, 128), randn(128, 128))
    activation = 4 * 64 * 128
    counts = [len(cut.saved(budget)) for budget in (0, activation - 1, activation, 2 * activation, 9 * activation)]
    assert counts == [0, 0, 1, 2, 2]
    forward, backward = cut.parts(cut.saved(0))
    assert all(node.op == "placeholder" for node in forward.graph.output_node().args[0][1:])  # inputs, which are not copied
    assert len(backward.graph.find_nodes(op="placeholder")) == 5  # x, a, b, c and the tangent


def test_entry_point_names_the_backend() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    (entry,) = groups["torch_dynamo_backends"].items()
    assert entry[0] == "memarray"
    assert EntryPoint(*entry, "torch_dynamo_backends").load() is memarray_backend


def test_torch_finds_the_backend_where_nothing_is_imported(tmp_path) -> None:
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["torch_dynamo_backends"]
    info = tmp_path / "memarray_here-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: memarray_here\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[torch_dynamo_backends]\nmemarray = {entry['memarray']}\n")
    code = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]
import torch
f = torch.compile(lambda x: x.sin() * 2, backend="memarray", options={{"memory_limit": "1GB"}})
x = torch.ones(3, requires_grad=True)
f(x).sum().backward()
torch.testing.assert_close(x.grad, 2 * torch.ones(3).cos())
print("found")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "found\n"
