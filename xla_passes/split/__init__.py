"""Splitting under a limit: sharding in time. Rules say what can be sliced, the planner chooses, the emitter writes loops."""

from xla_passes.split import rules

__all__ = ["rules"]
