"""`numpy.lib`'s public parts that are about arrays."""

from numpy.lib import array_utils

from memarray.lib import stride_tricks

__all__ = ["array_utils", "stride_tricks"]
