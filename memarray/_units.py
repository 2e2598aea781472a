"""Bytes as people write and read them: "256MB" to 256_000_000 and back."""

import math
import numbers
import re
from typing import Any

_UNITS = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "pb": 10**15,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
    "pib": 2**50,
}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*", re.IGNORECASE)
_EXPECTED = 'expected bytes as an int, text such as "256MB", "512MiB" or "1.5 GB", or "auto" for what the device has free'


def parse_bytes(value: Any) -> int:
    """Bytes from an int (Python's, NumPy's, or a float without a fraction), or text with a unit.

    Units are B, kB, MB, GB, TB, PB (powers of 1000) and KiB, MiB, GiB, TiB, PiB (powers of 1024), in any case; bytes are not rounded up.

    Raises
    ------
    TypeError
        For anything but a number or text.
    ValueError
        For text that does not parse, and for less than one byte.
    """
    if isinstance(value, bool) or not isinstance(value, (str, numbers.Real)):
        raise TypeError(f"memory limit {value!r} is a {type(value).__name__}; {_EXPECTED}")
    count = _parse_text(value) if isinstance(value, str) else _parse_number(value)
    if count < 1:
        raise ValueError(f"memory limit {value!r} is {count} bytes; {_EXPECTED}, at least 1 byte")
    return count


def format_bytes(count: float) -> str:
    """`256_000_000` as "256.0 MB": powers of 1000, four digits at most."""
    if count < 1000:
        return f"{int(count)} B"
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        count /= 1000
        if count < 999.95 or unit == "PB":
            break
    return f"{count:.1f} {unit}"


def _parse_number(value: Any) -> int:
    if not math.isfinite(value):
        raise ValueError(f"memory limit {value!r} is not a finite number; {_EXPECTED}")
    if value != int(value):
        raise ValueError(f"memory limit {value!r} is not a whole number of bytes; {_EXPECTED}")
    return int(value)


def _parse_text(text: str) -> int:
    if text.strip().isdecimal():
        return int(text)
    match = _PATTERN.fullmatch(text)
    scale = _UNITS.get(match.group(2).lower()) if match else None
    if match is None or scale is None:
        raise ValueError(f"memory limit {text!r} could not be read; {_EXPECTED} (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)")
    whole, _, fraction = match.group(1).partition(".")
    return (int(whole + fraction or "0") * scale) // 10 ** len(fraction)  # exact: a float would lose bytes beyond 2**53
