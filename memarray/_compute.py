"""`compute`: evaluate lazy arrays now, several in one program."""

from typing import Any

import jax

from memarray._array import ndarray
from memarray._evaluate import evaluate


def compute(*args: Any) -> Any:
    """Evaluate lazy arrays together, so that shared work is done once.

    Parameters
    ----------
    *args
        Arrays, or nested tuples, lists and dicts of them; anything else is passed through.

    Returns
    -------
    The argument, or a tuple of the arguments, with every array evaluated. They stay `memarray.ndarray`: what is computed of them later
    starts from their values.

    Raises
    ------
    MemoryLimitError
        Before anything runs, where no plan keeps the program under `memarray.config.memory_limit`.

    Examples
    --------
    >>> mean, variance = memarray.compute(x.mean(), x.var())
    """
    arrays = [leaf for leaf in jax.tree_util.tree_leaves(args) if isinstance(leaf, ndarray)]
    evaluate([each._node() for each in arrays])
    return args[0] if len(args) == 1 else args
