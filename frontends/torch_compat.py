"""The private names of torch that this package needs, each with the reason. Nowhere else imports one.

Tried with torch 2.9.1 and 2.13.0.
"""

import torch

# Whether oneDNN's kernels are used; the public `torch.backends.mkldnn.flags` warns of TF32 on every use.
from torch._C import _get_mkldnn_enabled as get_mkldnn_enabled
from torch._C import _set_mkldnn_enabled as set_mkldnn_enabled

# Tensors under a transformation of torch.func: they have no data of their own.
from torch._C._functorch import is_functorch_wrapped_tensor

# Decompositions to the core ATen operations, which is what torch.export and Inductor use.
from torch._decomp import core_aten_decompositions, get_decompositions

# The way into AOTAutograd that torch's documentation gives for backends of torch.compile.
from torch._dynamo.backends.common import aot_autograd

# The step that cuts AOTAutograd's joint graph in two once it is known what is saved in between.
from torch._functorch.partitioners import _extract_fwd_bwd_modules as extract_modules

# What AOTAutograd knows of the graphs that are being compiled.
from torch._guards import TracingContext, tracing

# Tensors without data, on which a function is traced.
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    UnsupportedOperatorException,
)

# Mutations and views become pure operations below autograd, so that functions that use autograd inside are traced as well.
from torch._subclasses.functional_tensor import FunctionalTensor, FunctionalTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

# A backend is called while the graph's own fake tensors are in force; compiling needs real ones.
from torch.utils._python_dispatch import _disable_current_modes as no_modes


def is_functional_mode_on() -> bool:
    """Whether a `FunctionalTensorMode` is in force: it is not, while it handles an operation."""
    return torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FUNCTIONAL) is not None


__all__ = [
    "DataDependentOutputException",
    "DynamicOutputShapeException",
    "FakeTensor",
    "FakeTensorMode",
    "FunctionalTensor",
    "FunctionalTensorMode",
    "TracingContext",
    "UnsupportedOperatorException",
    "aot_autograd",
    "core_aten_decompositions",
    "extract_modules",
    "get_decompositions",
    "get_mkldnn_enabled",
    "is_functional_mode_on",
    "is_functorch_wrapped_tensor",
    "make_fx",
    "no_modes",
    "set_mkldnn_enabled",
    "tracing",
]
