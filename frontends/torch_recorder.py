"""Recording torch programs: which recorder there is, the process that it lives in, and what it answers as a `Recording`."""

import atexit
import contextlib
import functools
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from frontends.errors import UnsupportedOpError
from frontends.recording import Recording, Spec
from frontends.torch_program import TensorSpec, Unsupported
from frontends.torch_trace import TracedTorch
from frontends.torch_worker import receive, send

RECORDERS = ("torch-xla", "torchax")

_MODULES = {"torch-xla": "torch_xla", "torchax": "torchax"}
_EXTRAS = {"torch-xla": "memarray[torch-xla]", "torchax": "memarray[torch]"}


def choose_recorder(name: str | None = None) -> str:
    """The recorder to use: `name`, or else the first that is installed and fits the torch that is: torch-xla, torchax.

    Raises
    ------
    ImportError
        Where it is not installed, or is for another torch; says what to install.
    """
    if name is not None:
        problem = _problem(name)
        if problem:
            raise ImportError(f"the recorder {name!r} cannot be used: {problem}. Install it with `pip install '{_EXTRAS[name]}'`.")
        return name
    for each in RECORDERS:
        if _problem(each) is None:
            return each
    problems = "; ".join(f"{each}: {_problem(each)}" for each in RECORDERS)
    raise ImportError(
        f"functions of torch tensors need a recorder, and none can be used ({problems}). Install one with "
        "`pip install 'memarray[torch]'`, which takes any recent torch, or `pip install 'memarray[torch-xla]'`, which brings torch 2.9."
    )


@functools.cache
def _problem(name: str) -> str | None:
    """Why a recorder cannot be used, None where it can."""
    module = _MODULES[name]
    if importlib.util.find_spec(module) is None:
        return f"{module} is not installed"
    if name == "torch-xla":
        built, there = (".".join(importlib.metadata.version(each).split(".")[:2]) for each in ("torch_xla", "torch"))
        if built != there:
            return f"torch_xla {built} works with torch {built} only, and torch {there} is installed"
    return None


def record_torch(traced: TracedTorch, recorder: str, platform: str) -> Recording:
    """Lower a traced function with a recorder.

    Raises
    ------
    UnsupportedOpError
        For an operation that the recorder has no lowering for.
    """
    answer = _worker(recorder).lower(traced, platform)
    if isinstance(answer, Unsupported):
        raise UnsupportedOpError(
            f"`{answer.op}` at {answer.source_line or 'an unknown line'} in `{traced.name}` cannot be recorded by {recorder}: "
            f"{answer.reason}. Write it with other operations, or use another recorder (memarray.config.recorder).",
            op=answer.op,
            source_line=answer.source_line,
        )
    arguments = tuple(map(_spec, traced.program.arguments))
    results = tuple(map(_spec, traced.program.results))
    no_keys = ((None,) * len(arguments), (None,) * len(results))
    return Recording(traced.name, traced.definition, answer, arguments, results, (), None, None, *no_keys)


def start_recorder(recorder: str) -> None:
    """Start the recorder's process, if it is not there yet, while the caller traces."""
    _worker(recorder)


def _spec(spec: TensorSpec) -> Spec:
    return Spec(spec.shape, jnp.dtype(str(spec.dtype).removeprefix("torch.")))


class _Worker:
    """The process of one recorder; a new one is started where it has died."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._process = self._start()

    def lower(self, traced: TracedTorch, platform: str) -> bytes | Unsupported:
        """The artifact, or why there is none."""
        with self._lock:
            if self._process.poll() is not None:
                self.stop()
                self._process = self._start()
            number = -1
            try:
                self._await_ready()
                send(self._stdin, (traced.program, platform))
                answer = receive(self._stdout)
                while isinstance(answer, int):
                    number = answer
                    answer = receive(self._stdout)
            except (EOFError, BrokenPipeError):
                return self._died(traced, number)
            except BaseException:  # interrupted: what it would still answer is for nobody
                self._process.kill()
                raise
        return answer

    def _died(self, traced: TracedTorch, number: int) -> Unsupported:
        code = self._process.wait()
        if number < 0:
            raise RuntimeError(
                f"the process of the recorder {self._name!r} ended with code {code} before it recorded anything: see its output above"
            )
        call = traced.program.calls[number]
        return Unsupported(call.op, f"its process ended with code {code}", call.source_line)

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(Path(__file__).parent.parent), *filter(None, sys.path)])
        environment = {**os.environ, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-m", "frontends.torch_worker", self._name]
        self._is_ready = False
        return subprocess.Popen(  # noqa: S603  # in a session of its own, where Ctrl-C does not reach it
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )

    def _await_ready(self) -> None:
        if not self._is_ready:
            receive(self._stdout)
            self._is_ready = True

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    @property
    def _stdout(self) -> Any:
        return self._process.stdout

    def stop(self) -> None:
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        self._stdout.close()
        self._process.wait()


_workers: dict[tuple[int, str], _Worker] = {}
_starting = threading.Lock()


def _worker(name: str) -> _Worker:
    """The worker of this process (a forked child of the user's has its own)."""
    key = (os.getpid(), name)
    with _starting:
        if key not in _workers:
            _workers[key] = _Worker(name)
            atexit.register(_workers[key].stop)
        return _workers[key]
