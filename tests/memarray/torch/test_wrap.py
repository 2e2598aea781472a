"""`wrap` of torch functions and modules: what goes in and comes out is what eager torch takes and gives."""

import collections
import copy
import functools

import jax
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import memarray as mx

Point = collections.namedtuple("Point", "x y")


def assert_same(found, expected, **tolerance):
    torch.testing.assert_close(found, expected, check_stride=False, **tolerance)


def test_function_splits_under_the_limit(recorder):
    def nearest(queries, points, k):
        return torch.topk(torch.cdist(queries, points), k, largest=False)

    queries, points = torch.randn(200, 16), torch.randn(3000, 16)
    fast = mx.wrap(nearest, memory_limit="1MB", recorder=recorder)
    plan = fast.plan(queries, points, 10)
    assert plan.loops
    assert plan.peak_bytes <= 10**6 < plan.unsplit_peak_bytes
    assert all(__file__ in loop.source_line for loop in plan.loops)
    distances, indices = fast(queries, points, 10)
    expected = nearest(queries, points, 10)
    assert_same(distances, expected.values, rtol=1e-4, atol=1e-4)
    assert (indices == expected.indices).float().mean() > 0.999
    assert indices.dtype == torch.int64


def test_module_parameters_are_arguments(recorder):
    model = nn.Sequential(nn.Linear(8, 300), nn.ReLU(), nn.Linear(300, 2))
    fast = mx.wrap(model, recorder=recorder)
    x = torch.randn(5, 8)
    assert_same(fast(x), model(x))
    parameter_bytes = sum(p.numel() * p.element_size() for p in model.parameters())
    assert fast.plan(x).argument_bytes == parameter_bytes + x.numel() * 4
    with torch.no_grad():
        model[0].weight.mul_(2)  # in place, as optimisers do
    assert_same(fast(x), model(x))
    model[0].weight = nn.Parameter(torch.randn(300, 8))  # another tensor
    assert_same(fast(x), model(x))
    model.double()
    assert_same(fast(x.double()), model(x.double()))


def test_closures_over_modules_and_tensors(recorder):
    model, shift = nn.Linear(4, 4), torch.randn(4)
    fast = mx.wrap(lambda x: model(x) + shift, recorder=recorder)
    x = torch.randn(3, 4)
    assert_same(fast(x), model(x) + shift)
    shift += 1
    assert_same(fast(x), model(x) + shift)
    model.weight = nn.Parameter(torch.randn(4, 4))
    assert_same(fast(x), model(x) + shift)
    assert_same(mx.wrap(model.forward, recorder=recorder)(x), model(x))
    assert_same(mx.wrap(functools.partial(lambda m, x: m(x), model), recorder=recorder)(x), model(x))


def test_nested_containers_keywords_none_and_numbers(recorder):
    def function(tree, scale=2.0, *, mode=None):
        first = tree["a"] * scale
        if tree["b"][1] is None:
            first = first + tree["b"][0]
        return {"point": Point(first, [first.sum(), None]), "mode": mode, "n": 3}

    fast = mx.wrap(function, recorder=recorder)
    tree = {"a": torch.randn(3, 4), "b": (torch.randn(4), None)}
    for args, kwargs in (((tree,), {}), ((tree, 3), {"mode": "q"}), ((tree,), {"scale": 0.5})):
        found, expected = fast(*args, **kwargs), function(*args, **kwargs)
        assert type(found["point"]) is Point
        assert (found["mode"], found["n"], found["point"].y[1]) == (expected["mode"], 3, None)
        assert_same(found["point"].x, expected["point"].x)
        assert_same(found["point"].y[0], expected["point"].y[0])


def test_numbers_are_constants_by_value_and_type(recorder):
    fast = mx.wrap(lambda x, n: x * n, recorder=recorder)
    x = torch.arange(3)
    for n in (1, 1.0, True, 2, 2.5):
        assert_same(fast(x, n), x * n)


def test_static_arguments(recorder):
    fast = mx.wrap(lambda x, dims: x.sum(dims), static_argnums=1, recorder=recorder)
    assert_same(fast(torch.ones(2, 3), (0, 1)), torch.tensor(6.0))
    assert_same(fast(torch.ones(2, 3), (0,)), torch.full((3,), 2.0))


@pytest.mark.parametrize(
    "lay_out",
    [
        lambda x: x,
        lambda x: x.T,
        lambda x: x[:, ::2],
        lambda x: x[1:, 1:],
        lambda x: x[:1].expand(6, -1),
        lambda x: x.reshape(2, 3, 1, 8).permute(3, 2, 0, 1),
        lambda x: x.flip(0),
        lambda x: x.reshape(2, 3, 8, 1).to(memory_format=torch.channels_last),
        lambda x: x[:0],
        lambda x: x[0, 0],
    ],
)
def test_strides(lay_out, recorder):
    x = lay_out(torch.randn(6, 8))

    def function(x):
        return x * 2, x.reshape(-1) + 1, x.sum(), x.transpose(0, -1) if x.dim() else x + 1

    for found, expected in zip(mx.wrap(function, recorder=recorder)(x), function(x), strict=True):
        assert_same(found, expected)


def test_dense_results_keep_strides(recorder):
    x = torch.randn(4, 6)
    found = mx.wrap(lambda x: (x + 1).T, recorder=recorder)(x)
    assert found.stride() == (1, 6)


def test_conjugated_and_negated_views(recorder):
    x = torch.randn(3, 3, dtype=torch.complex64)
    assert_same(mx.wrap(lambda a: a @ a, recorder=recorder)(x.conj()), x.conj() @ x.conj())
    assert_same(mx.wrap(lambda a: a + 1, recorder=recorder)(x.conj().imag), x.conj().imag + 1)


def test_in_place_and_views_on_temporaries(recorder):
    def function(x):
        y = x * 2
        y[1:3].mul_(5)
        y.add_(1)
        view = y.view(-1)
        view[0] = 7
        z = torch.zeros_like(y)
        z.copy_(y.flip(0))
        z.T[0] += 1
        return y, view[2:5], z

    x = torch.randn(5, 4)
    for found, expected in zip(mx.wrap(function, recorder=recorder)(x), function(x), strict=True):
        assert_same(found, expected)


def test_arguments_that_are_written_to(recorder):
    def function(x, y):
        x.mul_(2)
        y[0] = x.sum()
        return x, y + 1

    fast = mx.wrap(function, recorder=recorder)
    x, y = torch.randn(4, 3), torch.randn(2, 6)[:, ::2]
    other_x, other_y = x.clone(), y.clone()
    found, expected = fast(x, y), function(other_x, other_y)
    assert found[0] is x
    assert_same(x, other_x)
    assert_same(y, other_y)
    assert_same(found[1], expected[1])


def test_batch_norm_buffers_and_modes(recorder):
    model = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5), nn.Dropout(0.5))
    twin = copy.deepcopy(model)
    fast = mx.wrap(model, recorder=recorder)
    x = torch.randn(16, 5)
    torch.manual_seed(3)
    first = fast(x)
    assert ((first == 0).float().mean() - 0.5).abs() < 0.25
    twin(x)
    assert_same(model[1].running_mean, twin[1].running_mean)
    assert_same(model[1].running_var, twin[1].running_var)
    assert model[1].num_batches_tracked == 1
    model.eval(), twin.eval()
    assert_same(fast(x), twin(x))


def test_random_operations_follow_torch_seed(recorder):
    fast = mx.wrap(lambda x: (F.dropout(x, 0.25), torch.randn_like(x), torch.rand(1000), torch.randint(3, 9, (1000,))), recorder=recorder)
    x = torch.ones(50, 40)
    torch.manual_seed(7)
    first, second = fast(x), fast(x)
    torch.manual_seed(7)
    for a, b, c in zip(first, second, fast(x), strict=True):
        assert torch.equal(a, c)
        assert not torch.equal(a, b)
    dropped, normal, uniform, integers = first
    assert abs((dropped == 0).float().mean() - 0.25) < 0.05
    assert_same(dropped[dropped != 0], torch.full_like(dropped[dropped != 0], 1 / 0.75))
    assert abs(normal.mean()) < 0.1
    assert abs(normal.std() - 1) < 0.1
    assert 0 <= uniform.min() < 0.01 < 0.99 < uniform.max() < 1
    assert sorted(set(integers.tolist())) == [3, 4, 5, 6, 7, 8]


def test_random_numbers_do_not_depend_on_the_split(recorder):
    def function(x):
        return (F.dropout(x @ x.T, 0.5) ** 2).sum(1)

    x = torch.randn(300, 4)
    whole = mx.wrap(function, recorder=recorder)
    split = mx.wrap(function, memory_limit="200kB", recorder=recorder)
    assert split.plan(x).loops
    torch.manual_seed(1)
    expected = whole(x)
    torch.manual_seed(1)
    assert_same(split(x), expected)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "int64", "int8", "uint8", "bool", "complex128"])
def test_dtypes_are_kept(dtype, recorder):
    x = (torch.randn(3, 4) * 3).to(getattr(torch, dtype))
    tolerance = {"rtol": 1e-2, "atol": 1e-2} if "16" in dtype else {}
    found = mx.wrap(lambda a: (torch.flip(a, [0]), a.sum(), a == a), recorder=recorder)(x)
    for value, expected in zip(found, (torch.flip(x, [0]), x.sum(), x == x), strict=True):
        assert value.device == x.device
        assert_same(value, expected, **tolerance)


def test_default_dtype_is_part_of_the_signature(recorder):
    fast = mx.wrap(lambda x: x + torch.ones(3), recorder=recorder)
    x = torch.zeros(3, dtype=torch.int64)
    assert fast(x).dtype == torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert fast(x).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_each_shape_compiles_once(recorder):
    fast = mx.wrap(lambda x: torch.tanh(x).sum(), recorder=recorder)
    for _ in range(3):
        for n in (3, 4, 5):
            fast(torch.randn(n))
    entries = fast._torch_calls._entries
    assert len(entries) == 3
    assert all(program.compilations == 1 for entry in entries.values() for program in entry.function._programs.values())


def test_results_and_arguments_share_memory():
    x = torch.randn(1000)
    from memarray._torch_arrays import to_jax, to_torch

    device = jax.local_devices(backend="cpu")[0]
    array = to_jax(x, device)
    assert array.unsafe_buffer_pointer() == x.data_ptr()
    assert to_torch(array, x.device).data_ptr() == x.data_ptr()


def test_autocast(recorder):
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 4))
    fast = mx.wrap(model, recorder=recorder)
    x = torch.randn(4, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_same(fast(x), model(x), rtol=2e-2, atol=2e-2)
    assert fast(x).dtype == torch.float32


def test_inference_mode_and_no_grad(recorder):
    model = nn.Linear(3, 3)
    fast = mx.wrap(model, recorder=recorder)
    x = torch.randn(2, 3)
    with torch.no_grad():
        assert not fast(x).requires_grad
    with torch.inference_mode():
        assert_same(fast(x), model(x))
    assert fast(x).requires_grad


def test_plan_takes_meta_tensors(recorder):
    plan = mx.plan(
        mx.wrap(lambda q, x: (q @ x.T).max(1).values, memory_limit="1GB", recorder=recorder),
        *(torch.empty(10**5, 64, device="meta") for _ in "qx"),
    )
    assert plan.peak_bytes < 10**9 < plan.unsplit_peak_bytes


def test_tensors_made_inside(recorder):
    def function(x):
        steps = torch.as_tensor(np.arange(3, dtype=np.float32)) + torch.from_numpy(np.ones(3, np.float32))
        return x + steps + torch.tensor([1.0, 2.0, 3.0]) + torch.arange(3) + torch.linspace(0, 1, 3) + torch.eye(3)

    x = torch.randn(3, 3)
    assert_same(mx.wrap(function, recorder=recorder)(x), function(x))


def test_loops_and_methods_of_the_users(recorder):
    class Model(nn.Module):
        def forward(self, x, steps: int):
            for _ in range(steps):
                x = x + torch.sin(x)
            return x

        @mx.wrap(recorder="torchax")
        def energy(self, x):
            return (x**2).sum()

    x = torch.randn(4)
    assert_same(mx.wrap(Model(), recorder=recorder)(x, steps=3), Model()(x, steps=3))


def test_attribute_that_a_module_assigns_is_updated(recorder):
    class Average(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(3))

        def forward(self, x):
            self.mean = 0.9 * self.mean + 0.1 * x.mean(0)
            return x - self.mean

    model, twin = Average(), Average()
    fast = mx.wrap(model, recorder=recorder)
    for _ in range(2):
        x = torch.randn(5, 3)
        assert_same(fast(x), twin(x))
        assert_same(model.mean, twin.mean)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")  # torch's own derivatives forward, in 2.13
@pytest.mark.parametrize("transformation", [torch.func.vmap, torch.func.grad, torch.func.jacfwd, torch.func.jacrev, torch.func.hessian])
def test_transformations_of_torch_func_inside(transformation, recorder):
    w, x = torch.randn(4, 3), torch.randn(5, 4)

    def energy(x):
        return torch.tanh(x @ w).sum()

    assert_same(mx.wrap(transformation(energy), recorder=recorder)(x), transformation(energy)(x), rtol=1e-4, atol=1e-5)


def test_transformations_of_torch_func_outside_are_refused(recorder):
    with pytest.raises(mx.UnsupportedOpError, match=r"memarray\.wrap\(torch\.func\.vmap"):
        torch.func.vmap(mx.wrap(lambda x: x.sum(), recorder=recorder))(torch.ones(2, 3))


def test_wrapped_function_in_a_wrapped_function(recorder):
    inner = mx.wrap(lambda x: x * 2, recorder=recorder)
    assert_same(mx.wrap(lambda x: inner(x) + 1, recorder=recorder)(torch.ones(3)), torch.full((3,), 3.0))


MODEL = nn.Linear(2, 2)


def test_module_that_a_name_stands_for_later(recorder, monkeypatch):
    fast = mx.wrap(lambda x: MODEL(x), recorder=recorder)
    x = torch.randn(3, 2)
    assert_same(fast(x), MODEL(x))
    monkeypatch.setitem(globals(), "MODEL", nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    assert_same(fast(x), MODEL(x))
