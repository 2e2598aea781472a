"""The cases that `trial.py` splits, runs and compares: JAX's own table of primitive cases, recorded, and a module for every operation."""

import functools
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from frontends import Spec, record_jax
from memarray._runtime import Signature
from tests.conformance.stablehlo_modules import CASES
from tests.helpers import signature
from xla_passes.module import parse, serialize, walk

OWN = "own "  # begins the names of our own modules
UNSUPPORTED = {f"{OWN}chlo.ragged_dot": "HLO opcode `ragged-dot` is not supported by XLA:CPU"}
_WIDE = {np.dtype(kind) for kind in ("int64", "uint64", "float64", "complex128")}


@functools.cache
def harnesses() -> dict[str, Any]:
    """The cases that JAX implements on the CPU, by name and in its order. The table has those of 64 bits only when read with x64 on."""
    with jax.enable_x64(True):
        from jax._src.internal_test_util import test_harnesses  # noqa: TID251  slow, and without a public name (jax 0.10.2)

    found = {each.fullname: each for each in test_harnesses.all_harnesses if each.filter("cpu")}
    return dict(sorted(found.items()))


@dataclass(frozen=True, eq=False)
class Recorded:
    """A program as a StableHLO artifact, the cases that come down to it, and the arrays to run it on for each of them."""

    names: tuple[str, ...]
    is_x64: bool
    artifact: bytes
    signature: Signature
    arguments: tuple[tuple[np.ndarray, ...], ...]

    @property
    def name(self) -> str:
        """That of the first case."""
        return self.names[0]

    @property
    def is_own(self) -> bool:
        """Whether it is a module of our own rather than a case of JAX's table."""
        return self.name.startswith(OWN)

    @functools.cached_property
    def ops(self) -> frozenset[str]:
        """The names of all operations in it, those in the private functions of composites and calls too."""
        module = parse(self.artifact)
        blocks = [block for op in module.body.operations for region in op.operation.regions for block in region.blocks]
        return frozenset(op.name for block in blocks for op in walk(block))


def case_names() -> list[str]:
    """All cases: those of JAX's table, then our own modules, which are named after their operations."""
    return [*harnesses(), *own_names()]


def own_names() -> list[str]:
    """Our own modules, but for those that XLA's CPU backend cannot compile."""
    return [name for name in map(OWN.__add__, CASES) if name not in UNSUPPORTED]


def record_case(name: str) -> Recorded:
    """The case of that name, always with the same arguments."""
    return _module(name) if name.startswith(OWN) else _harness(name)


def distinct(cases: Iterable[Recorded]) -> list[Recorded]:
    """The programs of the cases, each once, to be run on the arguments of all of its cases.

    Half of JAX's cases are such that others record the same program: they differ in their values, or in a parameter that lowers alike.
    """
    found: dict[tuple[str, Signature, bool], list[Recorded]] = {}
    for case in cases:
        text = str(parse(case.artifact).operation.get_asm(enable_debug_info=False))  # without locations
        found.setdefault((text, case.signature, case.is_x64), []).append(case)
    return [
        replace(
            group[0],
            names=tuple(name for case in group for name in case.names),
            arguments=tuple(arrays for case in group for arrays in case.arguments),
        )
        for group in found.values()
    ]


def _module(name: str) -> Recorded:
    """The operands of the operation are values that the program computes; see `stablehlo_modules.py`."""
    case = CASES[name.removeprefix(OWN)]
    module = parse(case.text)
    arguments, results = (tuple(Spec(each.shape, np.dtype(each.dtype)) for each in specs) for specs in signature(module))
    return Recorded((name,), True, serialize(module), Signature(arguments, results), (tuple(map(np.asarray, case.arguments)),))


def _harness(name: str) -> Recorded:
    """The case of JAX's table, by the recorder that users' functions go through.

    A program's arguments are there whole, whatever is split. So the program gets the arrays negated and negates them first: every operand
    of the primitive is then a value that the program computes, and can be computed in pieces. Negating twice is exact for every dtype.
    """
    harness = harnesses()[name]
    is_x64 = _is_wide(harness)
    with jax.enable_x64(is_x64), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the functions of the table cast complex numbers to real ones, overflow, and so on
        given = jax.tree.map(_negated, harness.dyn_args_maker(np.random.RandomState(zlib.crc32(name.encode()))))

        def negating(*arguments: Any) -> Any:
            return harness.dyn_fun(*jax.tree.map(_negated, arguments))

        recording = record_jax(negating, given, {})
        leaves = zip(jax.tree.leaves(given), recording.in_keys, strict=True)
        raw = [leaf if key is None else jax.random.key_data(leaf) for leaf, key in leaves]
        arrays = tuple(np.asarray(leaf) for leaf in (*recording.constants, *raw))
        return Recorded((name,), is_x64, recording.artifact, Signature(recording.arguments, recording.results), (arrays,))


def _is_wide(harness: Any) -> bool:
    """Whether the case is about 64 bits: its dtype, a dtype among its parameters, or that of an argument."""
    given = (harness.dtype, *harness.params.values(), *(getattr(each, "dtype", None) for each in harness.arg_descriptors))
    return any(_dtype(each) in _WIDE for each in given)


def _dtype(value: Any) -> np.dtype | None:
    try:
        return None if value is None else np.dtype(value)
    except TypeError:
        return None


def _negated(leaf: Any) -> Any:
    dtype = getattr(leaf, "dtype", None)
    if dtype is None or jnp.issubdtype(dtype, jax.dtypes.prng_key):
        return leaf
    xp = jnp if isinstance(leaf, jax.Array) else np
    return xp.logical_not(leaf) if jnp.issubdtype(dtype, jnp.bool_) else xp.negative(leaf)
