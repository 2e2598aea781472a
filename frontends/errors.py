"""What a recorder raises when it cannot turn the user's function into StableHLO."""


class UnsupportedOpError(NotImplementedError):
    """An operation that a recorder cannot lower.

    Attributes
    ----------
    op : str
        Name of the operation, as the user's framework calls it.
    source_line : str or None
        ``file:line`` in the user's code, where it is known.
    """

    def __init__(self, message: str, *, op: str, source_line: str | None = None) -> None:
        super().__init__(message)
        self.op = op
        self.source_line = source_line

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the keyword-only fields."""
        return _rebuild, (type(self), str(self), self.op, self.source_line)


def _rebuild(kind: type[UnsupportedOpError], message: str, op: str, source_line: str | None) -> UnsupportedOpError:
    return kind(message, op=op, source_line=source_line)
