"""Recorders: a function in, a StableHLO `Recording` out. Knows nothing of passes, limits or execution."""

from frontends.errors import UnsupportedOpError
from frontends.jax_recorder import TracedFunction, function_name, lower_traced, record_jax, trace_jax
from frontends.recording import Recording, Spec

__all__ = ["Recording", "Spec", "TracedFunction", "UnsupportedOpError", "function_name", "lower_traced", "record_jax", "trace_jax"]
