"""What torch's fake tensors raise, in the words of `UnsupportedOpError`."""

import contextlib
from collections.abc import Iterator

from frontends.errors import UnsupportedOpError
from frontends.torch_compat import DataDependentOutputException, DynamicOutputShapeException, UnsupportedOperatorException
from frontends.torch_source import line_of

_READS_DATA = (
    "it needs the data of a tensor, in Python or for the shape of its result (`if`, `item()`, `nonzero`, a boolean mask), and a recorded "
    "program has none. Use torch.where instead of `if` and masks, keep numbers as tensors, or do this step outside of the wrapped function."
)


# What torch says where C++ code looks at the memory of a tensor that has none.
_NO_MEMORY = ("its data is not allocated yet", "Cannot access data pointer of Tensor")


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what tracing raises into `UnsupportedOpError`; what the user's code raises passes."""
    try:
        yield
    except (DataDependentOutputException, DynamicOutputShapeException) as error:
        raise _unsupported(name, str(error.func), _READS_DATA, error) from error
    except UnsupportedOperatorException as error:
        raise _unsupported(name, str(error.func), "torch cannot say what its result would be like without running it.", error) from error
    except RuntimeError as error:
        if any(each in str(error) for each in _NO_MEMORY):
            raise _unsupported(name, "Tensor.data_ptr", _READS_DATA, error) from error
        raise


def _unsupported(name: str, op: str, reason: str, error: BaseException) -> UnsupportedOpError:
    line = line_of(error)
    return UnsupportedOpError(f"`{op}` at {line or 'an unknown line'} in `{name}` cannot be recorded: {reason}", op=op, source_line=line)
