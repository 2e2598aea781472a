"""What torch support does to a process: nothing. Tried in fresh ones."""

import os
import subprocess
import sys

import pytest

STATE = """
import os, threading
import jax, torch
def state():
    return {
        "environment": dict(os.environ),
        "default dtype": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "python threads": threading.active_count(),
        "grad": torch.is_grad_enabled(),
        "x64": jax.config.jax_enable_x64,
        "precision": jax.config.jax_default_matmul_precision,
        "platforms": jax.config.jax_platforms,
        "private device": torch._C._get_privateuse1_backend_name(),
        "sdp": (torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.math_sdp_enabled()),
        "mha": torch.backends.mha.get_fastpath_enabled(),
        "mkldnn": torch.backends.mkldnn.enabled,
        "dynamo": (torch._dynamo.config.automatic_dynamic_shapes, torch._dynamo.config.specialize_float),
        "generator": torch.random.get_rng_state().sum().item(),
    }
import torch._dynamo
before = state()
"""


def run(code):
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found


def test_importing_memarray_does_not_import_torch():
    run("import sys, memarray; assert not any(name.partition('.')[0] in ('torch', 'torchax', 'torch_xla') for name in sys.modules)")


@pytest.mark.parametrize("call", ["wrap", "gradient"])
def test_process_is_as_it_was(recorder, call):
    code = f"""{STATE}
import sys
import memarray
x = torch.randn(50, 4, requires_grad={call == "gradient"})
before["generator"] = torch.random.get_rng_state().sum().item()
result = memarray.wrap(lambda x: torch.nn.functional.softmax(x @ x.T, -1).sum(), recorder={recorder!r})(x)
if {call == "gradient"}:
    result.backward()
after = state()
assert before == after, [(key, before[key], after[key]) for key in before if before[key] != after[key]]
assert "torch_xla" not in sys.modules and "torchax" not in sys.modules
assert jax.numpy.arange(3).dtype == "int32"
"""
    assert not run(code).stderr


def test_recorder_ends_with_the_process(recorder):
    code = f"""
import memarray, torch
from frontends import torch_recorder
memarray.wrap(lambda x: x + 1, recorder={recorder!r})(torch.ones(2))
print(torch_recorder._worker({recorder!r})._process.pid)
"""
    pid = int(run(code).stdout)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_recorder_that_died_is_started_again(recorder):
    import torch

    import memarray as mx
    from frontends import torch_recorder

    mx.wrap(lambda x: x + 1, recorder=recorder)(torch.ones(2))
    worker = torch_recorder._worker(recorder)
    worker._process.kill()
    worker._process.wait()
    assert mx.wrap(lambda x: x * 3, recorder=recorder)(torch.ones(2)).tolist() == [3, 3]
