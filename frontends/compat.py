"""The private names of jaxlib that this package needs, each with the reason. Nowhere else imports one.

Tried with jaxlib 0.10.2.
"""

# Registers func, arith and the other dialects that torch-xla emits into; there is no public way to load them.
from jaxlib.mlir._mlir_libs._jax_mlir_ext import register_dialects

__all__ = ["register_dialects"]
