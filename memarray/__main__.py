"""The command line: `python -m memarray plan file.py:function "f32[100000,128]" ... --limit 2GB` prints a plan; nothing runs."""

import argparse
import contextlib
import importlib.util
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from memarray import MemoryLimitError, UnsupportedOpError, __version__, plan
from memarray._config import parse_limit

_SHORT_NAMES = {
    "f16": "float16",
    "bf16": "bfloat16",
    "f32": "float32",
    "f64": "float64",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "s8": "int8",
    "s16": "int16",
    "s32": "int32",
    "s64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "pred": "bool",
    "c64": "complex64",
    "c128": "complex128",
}
_SPEC = re.compile(r"\s*([a-z]\w*)\s*\[([\d\s,_]*)\]\s*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 if the function fits, 1 if it does not or cannot be recorded, 2 for a mistake in the command."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        limit = parse_limit(options.limit)
        specs = [parse_spec(text) for text in options.arguments]
        function = load_function(options.function)
    except (ValueError, TypeError, OSError, ImportError) as error:
        return _fail(error, 2)
    with _x64_if(any(spec.dtype.itemsize > 4 and spec.dtype != np.complex64 for spec in specs)):
        try:
            found = plan(function, *specs, memory_limit=limit)
        except (MemoryLimitError, UnsupportedOpError) as error:
            return _fail(error, 1)
    sys.stdout.write(f"{found}\n")
    if options.plot:
        found.plot(options.plot)
    return 0


def _fail(error: Exception, status: int) -> int:
    """Say what went wrong; the exit status."""
    sys.stderr.write(f"memarray: {error}\n")
    return status


def parse_spec(text: str) -> jax.ShapeDtypeStruct:
    """An argument from text such as "f32[100,64]", "int32[]" or "pred[10]"."""
    match = _SPEC.fullmatch(text)
    if match is None:
        raise ValueError(
            f'argument "{text}" could not be read; expected a dtype and a shape, such as "f32[1000,64]", or "i32[]" for a scalar'
        )
    name = _SHORT_NAMES.get(match.group(1), match.group(1))
    try:
        dtype = jnp.dtype(name)
    except TypeError as error:
        raise ValueError(
            f'argument "{text}" has an unknown dtype "{match.group(1)}"; expected one of {", ".join(_SHORT_NAMES)}, or NumPy\'s name'
        ) from error
    lengths = [length for length in match.group(2).split(",") if length.strip()]
    return jax.ShapeDtypeStruct(tuple(int(length) for length in lengths), dtype)


def load_function(place: str) -> Callable[..., Any]:
    """The function that "path/to/file.py:name" names; the file is run as an import runs it."""
    file, colon, name = place.rpartition(":")
    path = Path(file)
    if not colon or not name or path.suffix != ".py":
        raise ValueError(f'"{place}" could not be read; expected a file and a function, such as "examples/knn.py:knn"')
    if not path.is_file():
        raise FileNotFoundError(f'"{file}" is not a file; expected the path of a Python file before the colon')
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f'"{file}" could not be loaded as a Python file')
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # dataclasses look their module up
    with _first_on_path(str(path.resolve().parent)):
        spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        names = sorted(
            key for key, value in vars(module).items() if callable(value) and getattr(value, "__module__", None) == module.__name__
        )
        raise ImportError(f'"{file}" has no function "{name}"; it has {", ".join(names) or "none"}')  # noqa: TRY004  # a name that is not there
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m memarray", description="Memory-limited programs: see how one would be split.")
    parser.add_argument("--version", action="version", version=f"memarray {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    command = commands.add_parser(
        "plan",
        help="print how a function fits under a limit; nothing runs",
        description="Record a function, split it under the limit, verify with the compiler, and print the plan.",
    )
    command.add_argument("function", help='file and function, such as "examples/knn.py:knn"')
    command.add_argument("arguments", nargs="*", help='dtype and shape of each argument, such as "f32[100000,128]"')
    command.add_argument("--limit", default="auto", help='"2GB", "512MiB", a number of bytes, or "auto" (the default)')
    command.add_argument("--plot", metavar="FILE", help="save a picture of the memory over the program's steps (needs matplotlib)")
    return parser


def _x64_if(wanted: bool) -> contextlib.AbstractContextManager[Any]:
    return jax.enable_x64(True) if wanted else contextlib.nullcontext()


@contextlib.contextmanager
def _first_on_path(folder: str) -> Any:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


if __name__ == "__main__":
    sys.exit(main())
