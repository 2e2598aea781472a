"""Random programs: recipes of named steps, each of which picks its operands from what was computed so far.

Whole numbers are kept so small that every sum of them is exact, so results are equal to the bit in any order. What is rounded is rough,
and compared within what a perturbation of the arguments by a few units in the last place does to it.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np

SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 2.0, -3.0)
LARGEST_WHOLE = {8: 3.0, 16: 12.0}  # by bits: what values are clipped to between steps; 30 in longer types
DEPTH = 2  # of control flow in control flow


class UnsuitableError(Exception):
    """The operation has nothing to do with these operands."""


@dataclass(frozen=True)
class Value:
    """An array and what is known of its elements."""

    array: jax.Array
    bound: float = 1.0  # of the magnitude of its finite elements
    is_rough: bool = False  # rounded, so that its last digits hang on the order of summation
    is_special: bool = False  # may hold NaN and infinities
    has_signs: bool = False  # its zeros have the same sign in whatever order they were summed
    is_given: bool = False  # an argument of the program

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.array.dtype)

    @property
    def kind(self) -> str:
        """One of "f", "c", "i", "u", "b"; short floats of all kinds are "f"."""
        return "f" if jnp.issubdtype(self.dtype, jnp.floating) else self.dtype.kind

    @property
    def limit(self) -> float:
        """Up to this magnitude every whole number is exact; integers wrap around, which is exact too."""
        return 2.0 ** (jnp.finfo(self.dtype).nmant + 1) if self.kind in "fc" else math.inf

    def within(self, bound: float) -> "Value":
        """Brought down to a magnitude of `bound`: rough values are scaled, whole ones clipped."""
        need(bound >= 1)
        if self.kind not in "fc" or self.bound <= bound:
            return self
        if self.is_rough or self.kind == "c":
            need(self.is_rough)
            scale = 2.0 ** math.ceil(math.log2(self.bound / bound))
            return replace(self, array=self.array * np.array(1 / scale, self.dtype), bound=self.bound / scale)
        low, high = np.array(-math.floor(bound), self.dtype), np.array(math.floor(bound), self.dtype)
        return replace(self, array=jnp.clip(self.array, low, high), bound=math.floor(bound))


def need(condition: bool) -> None:
    """Give up on this step unless the condition holds."""
    if not condition:
        raise UnsuitableError


@dataclass(frozen=True)
class Step:
    """One operation: numbers that its operands and parameters follow from, and steps for the bodies of its control flow."""

    name: str
    left: int
    right: int
    n: int
    inner: tuple["Step", ...] = ()


@dataclass(frozen=True)
class Argument:
    """An argument: "whole" numbers, "special" ones, "rough" ones, any "bits", or "counts" from 0 to 9."""

    shape: tuple[int, ...]
    dtype: str
    kind: str
    seed: int

    def array(self) -> np.ndarray:
        """Its elements, from its seed."""
        generator = np.random.default_rng(self.seed)
        dtype = jnp.dtype(self.dtype)
        if self.kind == "bits":
            return generator.integers(0, 2**63, self.shape, np.uint64).astype(dtype)
        if self.kind == "counts":
            return generator.integers(0, 10, self.shape).astype(dtype)
        if self.kind == "rough":
            parts = [np.clip(generator.standard_normal(self.shape), -3, 3) for _ in range(2)]
        elif self.kind == "special":
            parts = [generator.choice(SPECIAL, self.shape) for _ in range(2)]
        else:
            low = 0 if dtype.kind in "ub" else -4
            parts = [generator.integers(low, 2 if dtype.kind == "b" else 5, self.shape) for _ in range(2)]
            if dtype.itemsize == 1 and dtype.kind not in "iub":
                parts = [np.clip(part, -2, 2) for part in parts]
        made = parts[0].astype(dtype)
        if dtype.kind == "c":
            made.imag = parts[1]
        return made

    def value(self, array: jax.Array) -> Value:
        """A traced array with what is known of it."""
        bound = {"whole": 4.0, "special": 3.0, "rough": 3.0, "counts": 9.0, "bits": math.inf}[self.kind]
        return Value(array, bound, self.kind == "rough", self.kind == "special", has_signs=True, is_given=True)


@dataclass(frozen=True)
class Operation:
    """What makes a new value of an old one and partners that it picks, and which values it takes."""

    function: Callable[[Value, "Draw"], Value]
    kinds: str  # of its first operand's elements
    rough: bool  # continuous: rounding of what comes in is about that of what goes out
    special: bool
    signs: bool  # gives zeros their sign from what it takes, whatever the order of its steps
    is_reversible: bool
    has_bodies: bool


OPERATIONS: dict[str, Operation] = {}


def operation(
    kinds: str = "fciub",
    *,
    rough: bool = True,
    special: bool = True,
    signs: bool = False,
    is_reversible: bool = True,
    has_bodies: bool = False,
) -> Callable[[Callable], Callable]:
    """Register an operation by the name of its function."""

    def register(function: Callable) -> Callable:
        assert function.__name__ not in OPERATIONS
        OPERATIONS[function.__name__] = Operation(function, kinds, rough, special, signs, is_reversible, has_bodies)
        return function

    return register


@dataclass(frozen=True)
class Setting:
    """What all steps of a program share."""

    largest: int  # elements of a value
    is_reversed: bool = False  # a gradient is taken, so there may be no loop of unknown length
    depth: int = 0  # of the control flow around


@dataclass
class Draw:
    """A step's choices: the same numbers make the same ones."""

    step: Step
    operation: Operation
    pool: Sequence[Value]
    setting: Setting
    used: list[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.step.n)

    def below(self, count: int) -> int:
        return self.random.randrange(count)

    def coin(self) -> bool:
        return self.random.random() < 0.5

    def pick(self, options: Sequence) -> object:
        need(len(options) > 0)
        return options[self.below(len(options))]

    def axis(self, a: Value, smallest: int = 1) -> int:
        """An axis with at least so many elements."""
        return self.pick([dim for dim, size in enumerate(a.shape) if size >= smallest])

    def need_size(self, *sizes: int) -> None:
        """Give up on results that are too large."""
        need(math.prod(sizes) <= self.setting.largest)

    def partner(self, suits: Callable[[Value], bool]) -> Value:
        """Another operand: the first one that suits, from where the step says."""
        at = self.step.right % len(self.pool)
        found = next((value for value in (*self.pool[at:], *self.pool[:at]) if self.takes(value) and suits(value)), None)
        if found is None:
            raise UnsuitableError
        self.used.append(found)
        return found

    def like(self, a: Value) -> Value:
        """A partner of the same shape and type."""
        return self.partner(lambda b: b.shape == a.shape and b.dtype == a.dtype)

    def whole_partner(self) -> Value:
        """A partner whose elements are known to the bit, and finite."""
        return self.partner(lambda b: not b.is_rough and not b.is_special and b.size > 0 and b.kind != "c")

    def takes(self, value: Value) -> bool:
        return (self.operation.rough or not value.is_rough) and (self.operation.special or not value.is_special)


def apply(step: Step, pool: Sequence[Value], setting: Setting) -> Value | None:
    """What a step makes of the values so far, or None where it has nothing to do with them."""
    op = OPERATIONS[step.name]
    # Half of the operands are the newest value: chains; the others may be any: diamonds.
    a = pool[-1] if step.left % 2 else pool[step.left // 2 % len(pool)]
    draw = Draw(step, op, pool, setting)
    is_possible = (op.is_reversible or not setting.is_reversed) and (setting.depth < DEPTH or not op.has_bodies)
    if not is_possible or a.kind not in op.kinds or not draw.takes(a):
        return None
    try:
        made = op.function(a, draw)
        used = [a, *draw.used]
        made = replace(
            made,
            is_rough=made.is_rough or (made.kind in "fc" and any(value.is_rough for value in used)),
            is_special=made.kind in "fc" and any(value.is_special for value in used),
            has_signs=op.signs and all(value.has_signs for value in used),
            is_given=False,
        )
        bits = 8 * made.dtype.itemsize // (2 if made.kind == "c" else 1)
        made = made.within(4.0 if made.is_rough else LARGEST_WHOLE.get(bits, 30.0))
    except UnsuitableError:
        return None
    return made if made.size <= setting.largest else None


def interpret(pool: Iterable[Value], steps: Sequence[Step], setting: Setting) -> list[Value]:
    """What the steps make, in order."""
    values = list(pool)
    count = len(values)
    for step in steps:
        made = apply(step, values, setting)
        if made is not None:
            values.append(made)
    return values[count:]
