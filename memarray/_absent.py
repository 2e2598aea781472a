"""What NumPy has and memarray does not, with the reason and what to use."""

_STRINGS = "it is for strings; memarray has arrays of numbers only. Use numpy"
_DATES = "it is for dates and times; memarray has arrays of numbers only. Use numpy"
_RECORDS = "it is for records and objects; memarray has arrays of numbers only. Use numpy"
_EXTENDED = "XLA has no extended precision. Use float64 or complex128"
_MATRIX = "numpy.matrix is discouraged by NumPy itself. Use 2-d arrays and @"
_FILES = "files are read by load and loadtxt. Use numpy, then asarray"
_INTERNAL = "it is about NumPy's own build, buffers and C interface"
_ITERATORS = "element-wise Python loops have no lazy form. Use ndenumerate, or vectorised functions"

ABSENT: dict[str, str] = {
    "asmatrix": _MATRIX,
    "bmat": _MATRIX,
    "broadcast": "it iterates in Python. Use broadcast_arrays or broadcast_shapes",
    "busday_count": _DATES,
    "busday_offset": _DATES,
    "busdaycalendar": _DATES,
    "bytes_": _STRINGS,
    "char": _STRINGS,
    "character": _STRINGS,
    "clongdouble": _EXTENDED,
    "complex256": _EXTENDED,
    "core": _INTERNAL,
    "ctypeslib": _INTERNAL,
    "datetime64": _DATES,
    "datetime_as_string": _DATES,
    "datetime_data": _DATES,
    "dtypes": "it holds the classes of NumPy's dtypes. Use numpy.dtypes",
    "emath": "whether its results are complex depends on the data. Cast to complex, then use the function of the main namespace",
    "f2py": _INTERNAL,
    "flexible": _STRINGS,
    "float128": _EXTENDED,
    "fromfile": _FILES,
    "frompyfunc": "it gives arrays of objects. Use vectorize",
    "fromregex": _FILES,
    "genfromtxt": _FILES,
    "get_include": _INTERNAL,
    "getbufsize": _INTERNAL,
    "geterrcall": _INTERNAL,
    "info": "use help()",
    "is_busday": _DATES,
    "isnat": _DATES,
    "longdouble": _EXTENDED,
    "ma": "masked arrays have no lazy form. Use where=, and the nan functions",
    "matrix": _MATRIX,
    "memmap": "arrays of files have no lazy form yet. Use numpy.memmap, then asarray of parts of it",
    "mintypecode": "it is about characters that stand for dtypes. Use result_type",
    "nditer": _ITERATORS,
    "nested_iters": _ITERATORS,
    "object_": _RECORDS,
    "poly1d": "NumPy itself advises against it. Use polyval and its kin, or numpy.polynomial",
    "polynomial": "its classes hold a few coefficients. Use numpy.polynomial on them, and polyval on lazy arrays",
    "rec": _RECORDS,
    "recarray": _RECORDS,
    "record": _RECORDS,
    "row_stack": "NumPy has deprecated it. Use vstack",
    "sctypeDict": _INTERNAL,
    "setbufsize": _INTERNAL,
    "seterrcall": _INTERNAL,
    "show_config": _INTERNAL,
    "show_runtime": _INTERNAL,
    "str_": _STRINGS,
    "strings": _STRINGS,
    "test": _INTERNAL,
    "timedelta64": _DATES,
    "typecodes": "it is about characters that stand for dtypes. Use isdtype",
    "typename": "it is about characters that stand for dtypes. Use dtype.name",
    "void": _RECORDS,
}


def explain(name: str) -> str:
    """Why memarray has no such name."""
    if name in ABSENT:
        return f"memarray has no {name!r}: {ABSENT[name]}"
    return f"module 'memarray' has no attribute {name!r}"
