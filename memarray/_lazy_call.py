"""Wrapped functions called with lazy arrays: the function is traced once, and each call is one operation of the graph.

It is called under JAX's trace: lazy arguments become lazy arrays of tracers, which NumPy's and memarray's functions take. JAX's own refuse
them; then the function is called once more, with the tracers themselves.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.extend.core as jex
import numpy as np

from frontends import TracedFunction, function_name, trace_jax
from memarray._array import ndarray, new_array
from memarray._config import Limit
from memarray._evaluate import evaluate, jax_scopes, plan_of
from memarray._graph import Node, Op, leaf
from memarray._plan import Plan
from memarray._record import lazy, lazy_several
from memarray._routine import wrap
from memarray.errors import UnsupportedOpError


@dataclass(frozen=True, eq=False)
class LazyFunction:
    """A function, traced for lazy arguments of given shapes and dtypes."""

    op: Op
    traced: TracedFunction

    def record(self, nodes: Sequence[Any]) -> Any:
        """Its results for nodes and scalars, as lazy arrays."""
        operands = tuple(node if isinstance(node, Node) else np.asarray(node)[()] for node in nodes)
        operands = (*(leaf(value) for value in self.traced.constants), *operands)
        specs = self.traced.results
        if len(specs) == 1:
            found = [lazy(self.op, operands, (), specs[0].shape, specs[0].dtype)]
        else:
            found = lazy_several(self.op, operands, (), [(spec.shape, spec.dtype) for spec in specs])
        return jax.tree_util.tree_unflatten(self.traced.out_tree, [wrap(node) for node in found])


def trace_lazy(
    fn: Callable[..., Any], name: str, nodes: Sequence[Any], arrays: Sequence[bool], in_tree: Any, limit: Limit | None
) -> LazyFunction:
    """Trace `fn` for nodes and Python scalars; `arrays` says which of them are lazy arrays, to `fn` too."""
    specs = [jax.ShapeDtypeStruct(node.shape, node.dtype) if isinstance(node, Node) else node for node in nodes]
    with jax_scopes():
        try:
            traced = _trace(fn, name, specs, arrays, in_tree)
        except (TypeError, ValueError) as error:
            if f"{ndarray.__module__}.{ndarray.__qualname__}" not in str(error):
                raise
            traced = _trace(fn, name, specs, [False] * len(arrays), in_tree)
    if any(key is not None for key in traced.out_keys):
        raise UnsupportedOpError(
            f"`{name}` returns random keys of JAX's, which are no lazy arrays; return jax.random.key_data of them.", op=name
        )
    function = jex.jaxpr_as_fun(traced.jaxpr)
    count = len(traced.results)

    def replay(*operands: Any) -> Any:
        cast = [jax.numpy.asarray(o, aval.dtype) for o, aval in zip(operands, traced.jaxpr.in_avals, strict=True)]
        results = function(*cast)
        return results[0] if count == 1 else tuple(results)

    return LazyFunction(Op(name, replay, replay, limit), traced)


def _trace(fn: Callable[..., Any], name: str, specs: Sequence[Any], arrays: Sequence[bool], in_tree: Any) -> TracedFunction:
    def run(*values: Any) -> Any:
        leaves = [new_array(leaf(value)) if is_lazy else value for value, is_lazy in zip(values, arrays, strict=True)]
        args, kwargs = jax.tree_util.tree_unflatten(in_tree, leaves)
        return with_traced_results(fn)(*args, **kwargs)

    run.__name__ = name
    return trace_jax(run, specs, {}, _definition(fn))


def with_traced_results(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` with the lazy arrays among its results as the tracers that they are made of."""

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        results = fn(*args, **kwargs)
        leaves, tree = jax.tree_util.tree_flatten(results)
        lazy_ones = [each for each in leaves if isinstance(each, ndarray)]
        if not lazy_ones:
            return results
        evaluate([each._node() for each in lazy_ones])
        return jax.tree_util.tree_unflatten(tree, [each._node().value if isinstance(each, ndarray) else each for each in leaves])

    call.__name__ = function_name(fn)
    return call


def plan_of_arrays(arrays: Any) -> Plan:
    """The plan for evaluating lazy arrays together; nothing runs."""
    found = [each for each in jax.tree_util.tree_leaves(arrays) if isinstance(each, ndarray)]
    if all(each._node().value is not None for each in found):
        raise ValueError("there is nothing to plan: the arrays are evaluated already")
    name, served, limit, is_auto = plan_of([each._node() for each in found])
    return Plan.of(name, served.plan, max(limit, served.peak_bytes), is_auto=is_auto)


def _definition(fn: Callable[..., Any]) -> str | None:
    code = getattr(fn, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else None
