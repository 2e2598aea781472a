"""What cannot be recorded or run: each error says what happened, where, and what to do."""

import functools

import numpy as np
import pytest
import torch
from torch import nn

import memarray as mx
from frontends import torch_recorder
from frontends.torch_compat import FakeTensorMode
from frontends.torch_trace import Argument
from memarray._torch_arrays import jax_device
from memarray._torch_wrap import _reject_mixed


def line_in(function, offset):
    return f"{__file__}:{function.__code__.co_firstlineno + offset}"


def if_on_data(x):
    if x.sum() > 0:
        return x
    return -x


def takes_item(x):
    return x * x.max().item()


def mask(x):
    return x[x > 0]


def where_nonzero(x):
    return torch.nonzero(x)


def values_of_unique(x):
    return torch.unique(x)


@pytest.mark.parametrize("function", [if_on_data, takes_item, mask, where_nonzero, values_of_unique])
def test_what_depends_on_data(function, recorder):
    with pytest.raises(mx.UnsupportedOpError) as caught:
        mx.wrap(function, recorder=recorder)(torch.randn(4))
    assert caught.value.source_line == line_in(function, 1)
    assert caught.value.source_line in str(caught.value)
    assert "torch.where" in str(caught.value)


def test_operation_without_a_lowering(recorder):
    def function(x):
        return torch._standard_gamma(x)

    with pytest.raises(mx.UnsupportedOpError) as caught:
        mx.wrap(function, recorder=recorder)(torch.ones(3))
    assert "_standard_gamma" in caught.value.op
    assert caught.value.source_line == line_in(function, 1)
    assert recorder in str(caught.value)
    assert mx.wrap(lambda x: x + 1, recorder=recorder)(torch.zeros(2)).tolist() == [1, 1]  # the recorder is still there


def test_a_generator_of_its_own(recorder):
    generator = torch.Generator()
    with pytest.raises(mx.UnsupportedOpError, match=r"torch\.manual_seed"):
        mx.wrap(lambda x: x + torch.rand(3, generator=generator), recorder=recorder)(torch.zeros(3))


def test_limit_that_cannot_be_met(recorder):
    fast = mx.wrap(lambda x: torch.sort(x * 2, 0).values, memory_limit="1MB", recorder=recorder)
    with pytest.raises(mx.MemoryLimitError) as caught:
        fast(torch.randn(10**6))
    assert caught.value.smallest_limit_bytes > 10**6


def test_limit_that_the_gradient_cannot_meet(recorder):
    fast = mx.wrap(lambda x: (x * x).sum(), memory_limit="5MB", recorder=recorder)
    x = torch.randn(10**6, requires_grad=True)
    result = fast(x)
    with pytest.raises(mx.MemoryLimitError, match="gradient of"):
        result.backward()


def test_arguments_that_are_no_tensors_and_no_constants(recorder):
    fast = mx.wrap(lambda x, other: x, recorder=recorder)
    for other in (np.ones(3), {1, 2}, torch.Generator()):
        with pytest.raises(mx.UnsupportedOpError, match="neither a tensor nor a constant"):
            fast(torch.ones(3), other)


def test_devices_without_a_counterpart():
    with pytest.raises(mx.UnsupportedOpError, match=r"cuda:0.*jaxlib"):
        jax_device(torch.device("cuda:0"))
    with pytest.raises(mx.UnsupportedOpError, match="xpu"):
        jax_device(torch.device("xpu"))


def test_mixed_devices():
    with FakeTensorMode():  # stands for a machine that has the device
        arguments = [Argument.of(torch.ones(3)), Argument.of(torch.ones(3, device="cuda"))]
    with pytest.raises(mx.UnsupportedOpError, match=r"several devices \(cpu, cuda:0\)"):
        _reject_mixed(arguments, "f")


def test_errors_of_the_users_code_pass(recorder):
    with pytest.raises(ZeroDivisionError):
        mx.wrap(lambda x: x * (1 // 0), recorder=recorder)(torch.ones(2))
    with pytest.raises(RuntimeError, match="reduction dim"):
        mx.wrap(lambda x: x @ x, recorder=recorder)(torch.ones(2, 3))


def test_module_that_keeps_a_tensor(recorder):
    class Model(nn.Module):
        def forward(self, x):
            self.last = x * 2
            return x

    model = Model()
    with pytest.raises(mx.UnsupportedOpError, match=r"Model\.last.*register a buffer"):
        mx.wrap(model, recorder=recorder)(torch.ones(3))
    assert not hasattr(model, "last")


def test_unknown_recorder():
    with pytest.raises(ValueError, match="'torch-xla' or 'torchax'"):
        mx.wrap(lambda x: x, recorder="dynamo")
    with pytest.raises(ValueError, match=r"config\.recorder"):
        mx.config.recorder = "dynamo"


def test_recorder_that_is_not_there(monkeypatch):
    torch_recorder._problem.cache_clear()
    monkeypatch.setattr(torch_recorder.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"memarray\[torch-xla\]"):
        mx.wrap(lambda x: x, recorder="torch-xla")(torch.ones(2))
    with pytest.raises(ImportError, match=r"memarray\[torch\].*memarray\[torch-xla\]"):
        mx.wrap(lambda x: x)(torch.ones(2))
    torch_recorder._problem.cache_clear()


def test_torch_of_the_wrong_version(monkeypatch):
    torch_recorder._problem.cache_clear()
    monkeypatch.setattr(torch_recorder.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(torch_recorder.importlib.metadata, "version", lambda name: {"torch_xla": "2.9.0", "torch": "2.13.0+cpu"}[name])
    with pytest.raises(ImportError, match=r"torch_xla 2\.9 works with torch 2\.9 only, and torch 2\.13 is installed"):
        mx.wrap(lambda x: x, recorder="torch-xla")(torch.ones(2))
    torch_recorder._problem.cache_clear()


def test_choice_and_force(monkeypatch):
    asked = []
    monkeypatch.setattr("memarray._torch_wrap.choose_recorder", lambda name: asked.append(name) or torch_recorder.choose_recorder(name))
    mx.wrap(lambda x: x + 1)(torch.ones(2))
    mx.wrap(lambda x: x + 1, recorder="torchax")(torch.ones(2))
    monkeypatch.setattr(mx.config, "recorder", "torchax")
    mx.wrap(lambda x: x + 1)(torch.ones(2))
    assert asked == [None, "torchax", "torchax"]


def test_decorator_with_a_recorder(recorder):
    @functools.partial(mx.wrap, recorder=recorder)
    def double(x):
        return x * 2

    assert double(torch.ones(2)).tolist() == [2, 2]
