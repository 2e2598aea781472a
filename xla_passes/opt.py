"""The passes' command line, for looking at one pass at a time and for the FileCheck tests.

python -m xla_passes.opt --pass dead-code --pass inline-calls program.mlir
python -m xla_passes.opt --canonicalise --split %6:0:4 program.mlir
python -m xla_passes.opt --canonicalise --checkpoint 100 program.mlir
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jaxlib.mlir import ir

from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import main_block, parse
from xla_passes.passes import Pass
from xla_passes.rewrites import backend_passes, rewrite_passes
from xla_passes.split.checkpointing import all_checkpointings
from xla_passes.split.checkpointing import checkpoint as checkpoint_loops
from xla_passes.split.forced import forced_loop
from xla_passes.split.loops import emit

SEPARATOR = "// -----"


def registry() -> dict[str, Pass]:
    """Every pass, by the name it has on the command line."""
    return {item.name: item for item in (*canonicalise_passes(), *rewrite_passes(), *backend_passes())}


def run_passes(source: str, names: Sequence[str], *, splits: Sequence[str] = (), checkpoint: int = 0, debug_info: bool = False) -> str:
    """The text of the modules in `source` (several are separated by `// -----`) after the named passes, each verified before and after.

    `splits` are loops to build then, such as "%6:0:4": axis 0 of what is %6 by now, in four pieces. `checkpoint` is the length of stretches
    of trips to run again from checkpoints, 0 for none.
    """
    known = registry()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"there is no pass {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    printed = []
    for text in source.split(SEPARATOR):
        module = parse(text)
        module.operation.verify()
        for name in names:
            known[name].run(module)
            module.operation.verify()
        for split in splits:
            split_value(main_block(module), split)
            module.operation.verify()
        if checkpoint:
            checkpoint_scan(main_block(module), checkpoint)
            module.operation.verify()
        printed.append(str(module.operation.get_asm(enable_debug_info=debug_info, use_local_scope=debug_info)).rstrip("\n") + "\n")
    return f"{SEPARATOR}\n".join(printed)


def split_value(block: ir.Block, split: str) -> None:
    """Build the loop that "VALUE:AXIS:PIECES" asks for."""
    named = {value.get_name(): value for op in block.operations for value in op.operation.results}
    name, *numbers = split.rsplit(":", 2)
    if len(numbers) < 2 or not all(number.isdecimal() for number in numbers):
        raise ValueError(f"cannot read the split {split!r}; expected VALUE:AXIS:PIECES, such as %6:0:4")
    if name not in named:
        raise ValueError(f"there is no value {name} to split; there are {', '.join(named)}")
    axis, pieces = map(int, numbers)
    emit(forced_loop(block, named[name], axis, pieces))


def checkpoint_scan(block: ir.Block, length: int) -> None:
    """Run the first loop that can be run again in stretches of so many trips, for one that goes back through what it stacked up."""
    found = all_checkpointings(block, length)
    if not found:
        raise ValueError("there is no loop that goes back through what another one stacked up")
    checkpoint_loops(found[0])


def arguments_parser() -> argparse.ArgumentParser:
    """The command line's options; the RUN lines of the FileCheck tests are read with it too."""
    parser = argparse.ArgumentParser(prog="python -m xla_passes.opt", description="Run passes on StableHLO text and print the result.")
    parser.add_argument("--pass", dest="passes", action="append", default=[], metavar="NAME", help="a pass to run; in the order given")
    parser.add_argument("--canonicalise", action="store_true", help="run all canonicalising passes first, in their order")
    parser.add_argument(
        "--split",
        dest="splits",
        action="append",
        default=[],
        metavar="VALUE:AXIS:PIECES",
        help="a loop to build after the passes; in order",
    )
    parser.add_argument(
        "--checkpoint", type=int, default=0, metavar="LENGTH", help="trips to run again from each checkpoint, after all that"
    )
    parser.add_argument("--locations", action="store_true", help="print source locations")
    parser.add_argument("file", nargs="?", default="-", help="MLIR text; - reads the standard input")
    return parser


def run_command(options: argparse.Namespace, source: str) -> str:
    """What the command prints for `source`."""
    names = [item.name for item in canonicalise_passes()] if options.canonicalise else []
    return run_passes(source, [*names, *options.passes], splits=options.splits, checkpoint=options.checkpoint, debug_info=options.locations)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, run, print."""
    options = arguments_parser().parse_args(arguments)
    source = sys.stdin.read() if options.file == "-" else Path(options.file).read_text(encoding="utf-8")
    sys.stdout.write(run_command(options, source))
    return 0


if __name__ == "__main__":
    sys.exit(main())
