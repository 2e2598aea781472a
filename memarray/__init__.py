"""memarray: NumPy that does not run out of memory. Programs of lazy arrays and functions of JAX are split until they fit."""
# ruff: noqa: E402, I001, ICN001, RUF022  # the check of the installation has to come first; names are listed compactly

from memarray._installation import check_siblings

check_siblings()  # before anything of `frontends` or `xla_passes` is used

from typing import Any


# fmt: off
from numpy import (
    False_, ScalarType, True_, bool, bool_, broadcast_shapes, byte, cdouble, complex128, complex64, complexfloating, csingle, double,
    dtype, e, einsum_path, errstate, euler_gamma, exceptions, float16, float32, float64, floating, generic, get_printoptions, geterr,
    half, index_exp, inexact, inf, int16, int32, int64, int8, int_, intc, integer, intp, isdtype, issubdtype, little_endian, long,
    longlong, nan, ndindex, newaxis, number, pi, printoptions, promote_types, s_, set_printoptions, seterr, short, signedinteger,
    single, testing, typing, ubyte, uint, uint16, uint32, uint64, uint8, uintc, uintp, ulong, ulonglong, unsignedinteger, ushort,
)
from memarray._array import ndarray
from memarray._compute import compute
from memarray._config import config, memory_limit
from memarray._creation import (
    arange, array, asanyarray, asarray, asarray_chkfinite, ascontiguousarray, asfortranarray, astype, copy, empty, empty_like, eye,
    from_dlpack, frombuffer, fromfunction, fromiter, fromstring, full, full_like, geomspace, identity, indices, linspace, logspace,
    meshgrid, ones, ones_like, require, tri, zeros, zeros_like,
)
from memarray._elementwise import (
    abs, absolute, acos, acosh, add, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, asin, asinh, atan, atan2, atanh,
    bitwise_and, bitwise_count, bitwise_invert, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, cbrt,
    ceil, conj, conjugate, copysign, cos, cosh, deg2rad, degrees, divide, divmod, equal, exp, exp2, expm1, fabs, float_power, floor,
    floor_divide, fmax, fmin, fmod, frexp, gcd, greater, greater_equal, heaviside, hypot, invert, isfinite, isinf, isnan, lcm, ldexp,
    left_shift, less, less_equal, log, log10, log1p, log2, logaddexp, logaddexp2, logical_and, logical_not, logical_or, logical_xor,
    maximum, minimum, mod, modf, multiply, negative, nextafter, not_equal, positive, pow, power, rad2deg, radians, reciprocal,
    remainder, right_shift, rint, sign, signbit, sin, sinh, spacing, sqrt, square, subtract, tan, tanh, true_divide, trunc,
)
from memarray._flat import flatiter
from memarray._grids import (
    block, c_, diag_indices, diag_indices_from, gradient, ix_, mgrid, ogrid, r_, tril_indices, tril_indices_from, triu_indices,
    triu_indices_from,
)
from memarray._manipulation import (
    allclose, angle, append, around, array_equal, array_equiv, bartlett, blackman, choose, clip, column_stack, concat, concatenate,
    delete, diag, diagflat, dstack, fix, hamming, hanning, hstack, i0, insert, isclose, iscomplex, isin, isneginf, isposinf, isreal,
    kaiser, nan_to_num, packbits, pad, ravel_multi_index, repeat, resize, roll, round, select, sinc, stack, take, take_along_axis,
    tile, tril, triu, unpackbits, unravel_index, vstack, where,
)
from memarray._products import cross, dot, einsum, inner, kron, matmul, matvec, outer, tensordot, trace, vdot, vecdot, vecmat
from memarray._rearranging import (
    array_split, atleast_1d, atleast_2d, atleast_3d, broadcast_arrays, broadcast_to, diagonal, dsplit, expand_dims, fill_diagonal,
    flip, fliplr, flipud, hsplit, imag, isfortran, matrix_transpose, may_share_memory, moveaxis, ndim, permute_dims, ravel, real,
    reshape, rollaxis, rot90, shape, shares_memory, size, split, squeeze, swapaxes, transpose, unstack, vsplit,
)
from memarray._reductions import (
    all, amax, amin, any, argmax, argmin, average, count_nonzero, cumprod, cumsum, cumulative_prod, cumulative_sum, max, mean, median,
    min, nanargmax, nanargmin, nancumprod, nancumsum, nanmax, nanmean, nanmedian, nanmin, nanpercentile, nanprod, nanquantile, nanstd,
    nansum, nanvar, percentile, prod, ptp, quantile, std, sum, trapezoid, var,
)
from memarray._runtime import compiler_options
from memarray._sets import (
    apply_along_axis, apply_over_axes, argwhere, compress, extract, flatnonzero, histogramdd, intersect1d, iterable, mask_indices,
    ndenumerate, nonzero, piecewise, poly, polydiv, polyfit, real_if_close, roots, setdiff1d, setxor1d, trim_zeros, union1d, unique,
    unique_all, unique_counts, unique_inverse, unique_values, vectorize,
)
from memarray._sorting import argpartition, argsort, digitize, lexsort, partition, searchsorted, sort, sort_complex
from memarray._statistics import (
    bincount, convolve, corrcoef, correlate, cov, diff, ediff1d, histogram, histogram2d, histogram_bin_edges, interp, polyadd,
    polyder, polyint, polymul, polysub, polyval, unwrap, vander,
)
from memarray._text import (
    array2string, array_repr, array_str, base_repr, binary_repr, format_float_positional, format_float_scientific, load, loadtxt,
    save, savetxt, savez, savez_compressed,
)
from memarray._types import (
    __array_api_version__, __array_namespace_info__, can_cast, common_type, finfo, iinfo, iscomplexobj, isrealobj, isscalar,
    min_scalar_type, result_type,
)
from memarray._ufunc import ufunc
from memarray._version import __version__
from memarray._wrap import plan, wrap
from memarray._writing import copyto, place, put, put_along_axis, putmask
from memarray.errors import MemoryLimitError, UnsupportedOpError
from memarray import fft, lib, linalg, random
# fmt: on
from memarray import _namespace
from memarray._absent import explain

_namespace.complete(globals())


def __getattr__(name: str) -> Any:
    """Say why a name of NumPy's is not here, and what to use."""
    raise AttributeError(explain(name))


# fmt: off
__all__ = [
    "False_", "MemoryLimitError", "ScalarType", "True_", "UnsupportedOpError", "__array_api_version__", "__array_namespace_info__",
    "__version__", "abs", "absolute", "acos", "acosh", "add", "all", "allclose", "amax", "amin", "angle", "any", "append",
    "apply_along_axis", "apply_over_axes", "arange", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "argmax", "argmin", "argpartition", "argsort", "argwhere", "around", "array", "array2string", "array_equal", "array_equiv",
    "array_repr", "array_split", "array_str", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray",
    "asin", "asinh", "astype", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "average", "bartlett", "base_repr",
    "binary_repr", "bincount", "bitwise_and", "bitwise_count", "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "blackman", "block", "bool", "bool_", "broadcast_arrays", "broadcast_shapes",
    "broadcast_to", "byte", "c_", "can_cast", "cbrt", "cdouble", "ceil", "choose", "clip", "column_stack", "common_type",
    "compiler_options", "complex128", "complex64", "complexfloating", "compress", "compute", "concat", "concatenate", "config",
    "conj", "conjugate", "convolve", "copy", "copysign", "copyto", "corrcoef", "correlate", "cos", "cosh", "count_nonzero", "cov",
    "cross", "csingle", "cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "deg2rad", "degrees", "delete", "diag",
    "diag_indices", "diag_indices_from", "diagflat", "diagonal", "diff", "digitize", "divide", "divmod", "dot", "double", "dsplit",
    "dstack", "dtype", "e", "ediff1d", "einsum", "einsum_path", "empty", "empty_like", "equal", "errstate", "euler_gamma",
    "exceptions", "exp", "exp2", "expand_dims", "expm1", "extract", "eye", "fabs", "fft", "fill_diagonal", "finfo", "fix", "flatiter",
    "flatnonzero", "flip", "fliplr", "flipud", "float16", "float32", "float64", "float_power", "floating", "floor", "floor_divide",
    "fmax", "fmin", "fmod", "format_float_positional", "format_float_scientific", "frexp", "from_dlpack", "frombuffer",
    "fromfunction", "fromiter", "fromstring", "full", "full_like", "gcd", "generic", "geomspace", "get_printoptions", "geterr",
    "gradient", "greater", "greater_equal", "half", "hamming", "hanning", "heaviside", "histogram", "histogram2d",
    "histogram_bin_edges", "histogramdd", "hsplit", "hstack", "hypot", "i0", "identity", "iinfo", "imag", "index_exp", "indices",
    "inexact", "inf", "inner", "insert", "int16", "int32", "int64", "int8", "int_", "intc", "integer", "interp", "intersect1d",
    "intp", "invert", "isclose", "iscomplex", "iscomplexobj", "isdtype", "isfinite", "isfortran", "isin", "isinf", "isnan",
    "isneginf", "isposinf", "isreal", "isrealobj", "isscalar", "issubdtype", "iterable", "ix_", "kaiser", "kron", "lcm", "ldexp",
    "left_shift", "less", "less_equal", "lexsort", "lib", "linalg", "linspace", "little_endian", "load", "loadtxt", "log", "log10",
    "log1p", "log2", "logaddexp", "logaddexp2", "logical_and", "logical_not", "logical_or", "logical_xor", "logspace", "long",
    "longlong", "mask_indices", "matmul", "matrix_transpose", "matvec", "max", "maximum", "may_share_memory", "mean", "median",
    "memory_limit", "meshgrid", "mgrid", "min", "min_scalar_type", "minimum", "mod", "modf", "moveaxis", "multiply", "nan",
    "nan_to_num", "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile",
    "nanprod", "nanquantile", "nanstd", "nansum", "nanvar", "ndarray", "ndenumerate", "ndim", "ndindex", "negative", "newaxis",
    "nextafter", "nonzero", "not_equal", "number", "ogrid", "ones", "ones_like", "outer", "packbits", "pad", "partition",
    "percentile", "permute_dims", "pi", "piecewise", "place", "plan", "poly", "polyadd", "polyder", "polydiv", "polyfit", "polyint",
    "polymul", "polysub", "polyval", "positive", "pow", "power", "printoptions", "prod", "promote_types", "ptp", "put",
    "put_along_axis", "putmask", "quantile", "r_", "rad2deg", "radians", "random", "ravel", "ravel_multi_index", "real",
    "real_if_close", "reciprocal", "remainder", "repeat", "require", "reshape", "resize", "result_type", "right_shift", "rint",
    "roll", "rollaxis", "roots", "rot90", "round", "s_", "save", "savetxt", "savez", "savez_compressed", "searchsorted", "select",
    "set_printoptions", "setdiff1d", "seterr", "setxor1d", "shape", "shares_memory", "short", "sign", "signbit", "signedinteger",
    "sin", "sinc", "single", "sinh", "size", "sort", "sort_complex", "spacing", "split", "sqrt", "square", "squeeze", "stack", "std",
    "subtract", "sum", "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot", "testing", "tile", "trace", "transpose",
    "trapezoid", "tri", "tril", "tril_indices", "tril_indices_from", "trim_zeros", "triu", "triu_indices", "triu_indices_from",
    "true_divide", "trunc", "typing", "ubyte", "ufunc", "uint", "uint16", "uint32", "uint64", "uint8", "uintc", "uintp", "ulong",
    "ulonglong", "union1d", "unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "unpackbits", "unravel_index",
    "unsignedinteger", "unstack", "unwrap", "ushort", "vander", "var", "vdot", "vecdot", "vecmat", "vectorize", "vsplit", "vstack",
    "where", "wrap", "zeros", "zeros_like",
]
# fmt: on
