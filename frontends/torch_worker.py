"""The process in which one of torch's recorders lives: `python -m frontends.torch_worker NAME`, programs on its input, artifacts on its output.

A process of its own, because importing torch-xla or torchax changes environment variables, dispatch and settings of the process, and because
torch-xla's tracer may end it.
"""

import functools
import importlib
import os
import pickle
import struct
import sys
from typing import Any, BinaryIO

LOWERINGS = {"torch-xla": "frontends.torch_xla_recorder", "torchax": "frontends.torchax_recorder"}
_LENGTH = struct.Struct("<Q")


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message."""
    data = pickle.dumps(message)
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
    """Answer programs until the input ends. A request is (program, platform), an answer the artifact or
    `Unsupported`; before it come the numbers of the calls as they are lowered.
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
    _serve(sys.argv[1])
