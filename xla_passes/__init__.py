"""StableHLO module in, StableHLO module that fits out. Knows no framework and runs nothing."""

from xla_passes.pipeline import default_pipeline
from xla_passes.plan import CannotFitError, Fit, Loop, Plan, Report, Rewrite
from xla_passes.search import Search, fit

__all__ = ["CannotFitError", "Fit", "Loop", "Plan", "Report", "Rewrite", "Search", "default_pipeline", "fit"]
