"""StableHLO module in, StableHLO module that fits out. Knows no framework and runs nothing."""

from xla_passes.pipeline import default_pipeline, fit
from xla_passes.plan import CannotFitError, Fit, Loop, Plan, Report, Rewrite

__all__ = ["CannotFitError", "Fit", "Loop", "Plan", "Report", "Rewrite", "default_pipeline", "fit"]
