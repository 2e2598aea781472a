"""Normal vectors: large draws are a matrix product of independent normal numbers."""

import math
from typing import Any

import numpy as np

from memarray._array import as_shape
from memarray._operators import functions
from memarray.random._distributions import FLOAT
from memarray.random._draw import Source, draw, draw_now, is_small, on_host


def multivariate_normal(source: Source, given: dict[str, Any]) -> Any:
    """`multivariate_normal` of NumPy's generators; a large draw is the same transformation of as large a draw of normal numbers."""
    try:
        size = () if given["size"] is None else as_shape(given["size"])
    except TypeError:
        size = ()
    shape = (*size, *np.shape(given["mean"]))
    nbytes = math.prod(shape) * FLOAT.itemsize
    if not shape or is_small(nbytes) or min(shape) < 0:
        return draw_now(source, "multivariate_normal", given, nbytes)
    given = on_host(given)
    source.multivariate_normal(**{**given, "size": 0})  # NumPy says what is wrong with the parameters
    _, scales, directions = np.linalg.svd(given["cov"])
    independent = draw(source, "standard_normal", {"size": shape})
    return functions["matmul"](independent, np.sqrt(scales)[:, None] * directions) + np.asarray(given["mean"])
