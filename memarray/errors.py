"""What memarray raises besides Python's own: a program that cannot fit, and an operation that cannot be recorded."""

from frontends import UnsupportedOpError

__all__ = ["MemoryLimitError", "UnsupportedOpError"]


class MemoryLimitError(MemoryError):
    """No plan keeps the program under its memory limit. Raised before anything runs.

    Attributes
    ----------
    op : str
        The operation whose value could not be made small enough ("" when arguments and outputs alone are over the limit).
    source_line : str or None
        ``file:line`` of that operation in the user's code.
    shape : tuple of int
        Shape of its value.
    needed_bytes : int
        Peak of the best plan that was found.
    limit_bytes : int
        The limit that was asked for.
    smallest_limit_bytes : int
        The smallest limit that is known to work; asking for exactly this works.
    """

    def __init__(
        self,
        message: str,
        *,
        op: str,
        source_line: str | None,
        shape: tuple[int, ...],
        needed_bytes: int,
        limit_bytes: int,
        smallest_limit_bytes: int,
    ) -> None:
        super().__init__(message)
        self.op = op
        self.source_line = source_line
        self.shape = shape
        self.needed_bytes = needed_bytes
        self.limit_bytes = limit_bytes
        self.smallest_limit_bytes = smallest_limit_bytes

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the keyword-only fields."""
        return _rebuild, (type(self), str(self), dict(vars(self)))


def _rebuild(kind: type[MemoryLimitError], message: str, fields: dict[str, object]) -> MemoryLimitError:
    return kind(message, **fields)  # type: ignore[arg-type]  # the fields are those of __init__
