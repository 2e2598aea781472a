"""Joining, repeating, padding, selecting and replacing: functions that give new arrays."""

from typing import Any

import numpy as np

from memarray._kernels import manipulation as kernels
from memarray._routine import Routine

allclose = Routine(np.allclose, kernels.allclose, "a b")
angle = Routine(np.angle, kernels.angle, "z")
append = Routine(np.append, kernels.append, "arr values")
array_equal = Routine(np.array_equal, kernels.array_equal, "a1 a2")
array_equiv = Routine(np.array_equiv, kernels.array_equiv, "a1 a2")
bartlett = Routine(np.bartlett, kernels.bartlett, "")
blackman = Routine(np.blackman, kernels.blackman, "")
choose = Routine(np.choose, kernels.choose, "a choices*", grows=True)
_clip = Routine(np.clip, kernels.clip, "a a_min a_max min max", grows=True)
column_stack = Routine(np.column_stack, kernels.column_stack, "tup*")
concatenate = Routine(np.concatenate, kernels.concatenate, "arrays*", names="arrays axis out dtype casting")
diag = Routine(np.diag, kernels.diag, "v", grows=True)
diagflat = Routine(np.diagflat, kernels.diagflat, "v", grows=True)
dstack = Routine(np.dstack, kernels.dstack, "tup*")
fix = Routine(np.fix, kernels.fix, "x")
hamming = Routine(np.hamming, kernels.hamming, "")
hanning = Routine(np.hanning, kernels.hanning, "")
hstack = Routine(np.hstack, kernels.hstack, "tup*")
i0 = Routine(np.i0, kernels.i0, "x")
isclose = Routine(np.isclose, kernels.isclose, "a b", grows=True)
isin = Routine(np.isin, kernels.isin, "element test_elements")
isneginf = Routine(np.isneginf, kernels.isneginf, "x")
isposinf = Routine(np.isposinf, kernels.isposinf, "x")
iscomplex = Routine(np.iscomplex, kernels.iscomplex, "x")
isreal = Routine(np.isreal, kernels.isreal, "x")
kaiser = Routine(np.kaiser, kernels.kaiser, "")
nan_to_num = Routine(np.nan_to_num, kernels.nan_to_num, "x nan posinf neginf")
packbits = Routine(np.packbits, kernels.packbits, "a")
pad = Routine(np.pad, kernels.pad, "array constant_values end_values", grows=True)
repeat = Routine(np.repeat, kernels.repeat, "a", grows=True)
resize = Routine(np.resize, kernels.resize, "a", grows=True)
roll = Routine(np.roll, kernels.roll, "a")
select = Routine(np.select, kernels.select, "condlist* choicelist* default", grows=True)
sinc = Routine(np.sinc, kernels.sinc, "x")
stack = Routine(np.stack, kernels.stack, "arrays*")
take = Routine(np.take, kernels.take, "a indices", grows=True, check=kernels.CHECKS["take"])
take_along_axis = Routine(np.take_along_axis, kernels.take_along_axis, "arr indices", grows=True, check=kernels.CHECKS["take_along_axis"])
tile = Routine(np.tile, kernels.tile, "A", grows=True)
tril = Routine(np.tril, kernels.tril, "m")
triu = Routine(np.triu, kernels.triu, "m")
unpackbits = Routine(np.unpackbits, kernels.unpackbits, "a", grows=True)
vstack = Routine(np.vstack, kernels.vstack, "tup*")
where = Routine(np.where, kernels.where, "condition x y", names="condition x y", grows=True)
round = Routine(np.round, kernels.round, "a")  # noqa: A001  # NumPy's name
around = round
concat = concatenate


def clip(
    a: Any,
    /,
    min: Any = None,
    max: Any = None,
    out: Any = None,
    *,
    a_min: Any = None,
    a_max: Any = None,
    **kwargs: Any,  # noqa: A002
) -> Any:
    """The elements within bounds; `a_min` and `a_max` are NumPy's older names of the bounds."""
    return _clip(a, a_min if min is None else min, a_max if max is None else max, out=out, **kwargs)
