"""The process in which one of torch's recorders lives: `python -m frontends.torch_worker NAME`, programs in, artifacts out.

A process of its own, because importing torch-xla or torchax changes environment variables, dispatch and settings of the process, and
because torch-xla's tracer may end it.
"""

import contextlib
import functools
import importlib
import io
import os
import pickle
import struct
import sys
from typing import Any, BinaryIO

LOWERINGS = {"torch-xla": "frontends.torch_xla_recorder", "torchax": "frontends.torchax_recorder"}
_LENGTH = struct.Struct("<Q")


class _Pickler(pickle.Pickler):
    """Torch's layouts and memory formats do not say where they are from: pickle would name any module that has torch in it."""

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind.__module__ == "torch" and kind.__name__ in ("layout", "memory_format"):
            return _of_torch, (str(value).removeprefix("torch."),)
        return NotImplemented


def _of_torch(name: str) -> Any:
    return getattr(importlib.import_module("torch"), name)


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message."""
    buffer = io.BytesIO()
    _Pickler(buffer).dump(message)
    data = buffer.getvalue()
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; EOFError where the other side has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    size = _LENGTH.unpack(head)[0]
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301  # from the process that started this one, or that it started


def _serve(name: str) -> None:
    """Answer programs until the input ends.

    A request is (program, platform), an answer the artifact or `Unsupported`; before it come the numbers of the calls as they are lowered.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not get between the answers
    recorder = importlib.import_module(LOWERINGS[name])
    send(answers, "ready")
    while True:
        try:
            program, platform = receive(sys.stdin.buffer)
        except EOFError:
            return
        send(answers, recorder.lower(program, platform, functools.partial(send, answers)))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # whoever asked is gone
        _serve(sys.argv[1])
