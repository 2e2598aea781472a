"""The private names of torch that this package needs, each with the reason. Nowhere else imports one.

Tried with torch 2.9.1 and 2.13.0.
"""

# Whether oneDNN's kernels are used; the public `torch.backends.mkldnn.flags` warns of TF32 on every use.
from torch._C import _get_mkldnn_enabled as get_mkldnn_enabled
from torch._C import _set_mkldnn_enabled as set_mkldnn_enabled

# Decompositions to the core ATen operations, which is what torch.export and Inductor use.
from torch._decomp import core_aten_decompositions, get_decompositions

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

__all__ = [
    "DataDependentOutputException",
    "DynamicOutputShapeException",
    "FakeTensor",
    "FakeTensorMode",
    "FunctionalTensor",
    "FunctionalTensorMode",
    "UnsupportedOperatorException",
    "core_aten_decompositions",
    "get_decompositions",
    "get_mkldnn_enabled",
    "make_fx",
    "set_mkldnn_enabled",
]
