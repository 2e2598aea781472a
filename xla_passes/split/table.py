"""The table of rules, by operation name. `rules` fills it; those of control flow look the operations of their bodies up in it."""

from xla_passes.split.factors import Rule

RULES: dict[str, Rule] = {}
