"""Collects `*.mlir` files as FileCheck tests: the pass command line of the RUN line, checked against the CHECK lines of the same file."""

import contextlib
import io
import os
import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest
from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options
from filecheck.parser import Parser

from xla_passes.opt import arguments_parser, run_command

RUN = "// RUN:"


class FileCheckError(Exception):
    """The printed module is not what the CHECK lines say."""


class FileCheckFile(pytest.File):
    """One `.mlir` file: one test."""

    def collect(self) -> Iterable[pytest.Item]:
        """The file's only item."""
        yield FileCheckItem.from_parent(self, name="filecheck")


class FileCheckItem(pytest.Item):
    """Runs the passes in this process and lets the filecheck package compare."""

    def runtest(self) -> None:
        """Run the RUN line's passes on the file and match the output."""
        source = self.path.read_text(encoding="utf-8")
        first = source.splitlines()[0] if source else ""
        if not first.startswith(RUN):
            raise FileCheckError(f"the first line is {first!r}; expected `{RUN} --pass NAME [--pass NAME ...]`")
        printed = run_command(arguments_parser().parse_args(shlex.split(first.removeprefix(RUN))), source)
        message = check(self.path, printed)
        if message:
            raise FileCheckError(f"{message}\n--- the output ---\n{printed}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        """What did not match and the whole output, without a traceback; other errors as pytest shows them."""
        if isinstance(excinfo.value, FileCheckError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test is."""
        return self.path, 0, self.path.name


def check(path: Path, printed: str) -> str:
    """Why `printed` does not match the CHECK lines in `path`; empty if it does."""
    options = Options(match_filename=os.fspath(path), input_file="output")
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = Matcher(options, FInput("output", printed), Parser.from_opts(options)).run()
    return (said.getvalue() or f"filecheck failed with code {code}") if code else ""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> FileCheckFile | None:
    """Take `.mlir` files as tests."""
    return FileCheckFile.from_parent(parent, path=file_path) if file_path.suffix == ".mlir" else None
