"""Recipes: arguments and steps of a random program, what is done with it (a gradient, a batch), and how recipes are drawn from a seed."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from tests.xla_passes.split import random_control_flow, random_indexing, random_moves, random_pointwise, random_reductions
from tests.xla_passes.split.random_programs import OPERATIONS, Argument, Setting, Step, Value, interpret

SMALL, LARGE = 700, 60_000  # elements of a value
FAMILIES = ("whole", "special", "rough", "mixed")
TRANSFORMS = ("", "gradient", "tangent", "second", "batch")
FLOATS = ("float32", "float32", "float32", "float32", "float16", "bfloat16", "float64")
INTEGERS = ("int32", "int32", "uint32", "int8", "uint8", "int16", "uint16", "int64", "uint64")
COMPLEX = ("complex64", "complex64", "complex128")
# Whoever imports recipes wants every operation registered.
MODULES = (random_control_flow, random_indexing, random_moves, random_pointwise, random_reductions)


@dataclass(frozen=True)
class Recipe:
    """A whole random program: printing it gives an expression that makes it again."""

    arguments: tuple[Argument, ...]
    steps: tuple[Step, ...]
    kept: int = 2  # values that come out, from the last one
    transform: str = ""
    largest: int = SMALL
    x64: bool = False

    def arrays(self) -> list[np.ndarray]:
        """The arguments."""
        return [argument.array() for argument in self.arguments]

    def function(self, notes: list[Value]) -> Callable[..., list[jax.Array]]:
        """The program for JAX; tracing it notes its results, with what is known of their elements."""

        def random_program(*arrays: jax.Array) -> list[jax.Array]:
            values = [argument.value(array) for argument, array in zip(self.arguments, arrays, strict=True)]
            made = interpret(values, self.steps, Setting(self.largest, self.transform in ("gradient", "second")))
            notes[:] = made[-self.kept :] + made[:1]
            return [value.array for value in notes]

        if not self.transform:
            return random_program
        if self.transform == "batch":
            return lambda *arrays: jax.vmap(random_program, (None,) * (len(arrays) - 1) + (0,))(*arrays[:-1], jnp.stack([arrays[-1]] * 2))
        return self._differentiated(random_program, notes)

    def _differentiated(self, program: Callable, notes: list[Value]) -> Callable[..., list[jax.Array]]:
        """The derivative with respect to the rough arguments of the results, summed with weights."""

        def derived(*arrays: jax.Array) -> list[jax.Array]:
            places = [at for at, argument in enumerate(self.arguments) if argument.kind == "rough"]

            def of_rough(*rough: jax.Array) -> jax.Array:
                known = dict(zip(places, rough, strict=True))
                made = program(*(known.get(at, array) for at, array in enumerate(arrays)))
                return sum((weighted(array) for array in made if jnp.issubdtype(array.dtype, jnp.floating)), start=jnp.float32(0))

            rough = tuple(arrays[at] for at in places)
            gradient = jax.value_and_grad(of_rough, argnums=tuple(range(len(rough))))
            if self.transform == "gradient":
                results = gradient(*rough)
            elif self.transform == "tangent":
                results = jax.jvp(of_rough, rough, rough)
            else:
                results = jax.jvp(gradient, rough, tuple(map(jnp.cos, rough)))[1]
            leaves = jax.tree.leaves(results)
            notes[:] = [Value(array, is_rough=True) for array in leaves]
            return leaves

        return derived

    def without(self) -> Iterator["Recipe"]:
        """Smaller recipes, the smallest first."""
        if self.transform:
            yield replace(self, transform="")
        for kept in range(1, self.kept):
            yield replace(self, kept=kept)
        for steps in _shorter(self.steps):
            yield replace(self, steps=steps)
        for at, argument in enumerate(self.arguments):
            for smaller in _smaller(argument):
                yield replace(self, arguments=(*self.arguments[:at], smaller, *self.arguments[at + 1 :]))


def weighted(array: jax.Array) -> jax.Array:
    """The mean of an array's elements, each with a weight of its own."""
    weights = jnp.cos(jnp.arange(array.size, dtype=np.float32)).reshape(array.shape)
    return jnp.sum(array.astype(np.float32) * weights) / max(array.size, 1)


def _shorter(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for size in (8, 4, 2, 1):
        for at in range(0, len(steps), size):
            if size == 1 or size < len(steps):
                yield steps[:at] + steps[at + size :]
    for at, step in enumerate(steps):
        for inner in _shorter(step.inner):
            yield (*steps[:at], replace(step, inner=inner), *steps[at + 1 :])


def _smaller(argument: Argument) -> Iterator[Argument]:
    for dim, size in enumerate(argument.shape):
        if size > 1:
            for shorter in {1, size // 2, size - 1}:
                yield replace(argument, shape=(*argument.shape[:dim], shorter, *argument.shape[dim + 1 :]))
        else:
            yield replace(argument, shape=argument.shape[:dim] + argument.shape[dim + 1 :])


def draw_recipe(seed: int, *, is_large: bool = False, transforms: Sequence[str] = TRANSFORMS) -> Recipe:
    """The recipe of a seed."""
    draw = random.Random(seed)
    transform = draw.choice(transforms) if draw.random() < 0.5 else transforms[0]
    family = "rough" if transform in ("gradient", "tangent", "second") else draw.choice(FAMILIES)
    x64 = draw.random() < 0.2
    arguments = tuple(_arguments(draw, family, is_large=is_large, x64=x64))
    steps = tuple(_steps(draw, draw.choice((3, 6, 10, 16)), 0))
    return Recipe(arguments, steps, draw.randint(1, 3), transform, LARGE if is_large else SMALL, x64)


def _arguments(draw: random.Random, family: str, *, is_large: bool, x64: bool) -> Iterator[Argument]:
    lengths = (1, 2, 3, 5, 7, 12, 17, 24, 30, 41, 64) if is_large else (1, 2, 2, 3, 3, 4, 5, 6, 7)
    ranks = (1, 2, 2, 2, 3) if not is_large else (1, 2, 2, 3)
    shapes = [tuple(draw.choice(lengths) for _ in range(draw.choice(ranks))) for _ in range(3)]
    if draw.random() < 0.7:  # they fit each other, so that more operations apply
        shapes[1:] = [(draw.choice(lengths), *shapes[0][1:]), shapes[0]]
    floats = draw.choice((COMPLEX, FLOATS, FLOATS, FLOATS)) if family != "rough" else FLOATS[:4]
    dtype = _available(draw.choice(floats), x64)
    for at, shape in enumerate(shapes):
        kind = family if family != "mixed" else draw.choice(("whole", "rough", "special"))
        if kind != "rough" and draw.random() < 0.2:
            yield Argument(shape, _available(draw.choice(INTEGERS), x64), draw.choice(("whole", "bits")), draw.randrange(1000))
        else:
            same = dtype if at < 2 or draw.random() < 0.7 else _available(draw.choice(FLOATS), x64)
            kind = "whole" if kind == "rough" and jnp.dtype(same).kind == "c" else kind
            yield Argument(shape, same, kind, draw.randrange(1000))
    yield Argument(tuple(draw.choice(lengths) for _ in range(draw.choice((1, 1, 2)))), "int32", "counts", draw.randrange(1000))
    if draw.random() < 0.3:
        yield Argument((2,), "uint32", "bits", draw.randrange(1000))


def _available(dtype: str, x64: bool) -> str:
    narrow = {"float64": "float32", "int64": "int32", "uint64": "uint32", "complex128": "complex64"}
    return dtype if x64 else narrow.get(dtype, dtype)


def _steps(draw: random.Random, count: int, depth: int) -> Iterator[Step]:
    plain = [name for name, op in OPERATIONS.items() if not op.has_bodies]
    bodies = [name for name, op in OPERATIONS.items() if op.has_bodies]
    for _ in range(count):
        has_body = depth < 2 and draw.random() < 0.15
        name = draw.choice(bodies if has_body else plain)
        inner = tuple(_steps(draw, draw.randint(1, 4), depth + 1)) if has_body else ()
        yield Step(name, draw.randrange(100), draw.randrange(100), draw.randrange(100_000), inner)
