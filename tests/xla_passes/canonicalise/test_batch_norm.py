"""Expanded batch normalisation against XLA's own expansion, and against the definition in NumPy's float64."""

import numpy as np
import pytest

from tests.helpers import evaluate, op_names, random_array, run
from xla_passes.canonicalise.batch_norm import ExpandBatchNorm
from xla_passes.module import clone, parse

EPSILON = 1e-3
SHAPE = (2, 5, 3, 4)


def module_of(name, feature, element):
    """A batch norm of one kind, and its arguments: data, a number or several for each feature, and a cotangent."""
    dtype = {"f32": np.float32, "f64": np.float64}[element]
    data = "tensor<" + "".join(f"{size}x" for size in SHAPE) + f"{element}>"
    each = f"tensor<{SHAPE[feature]}x{element}>"
    kinds = {"training": [data, each, each], "inference": [data] + [each] * 4, "grad": [data, each, each, each, data]}[name]
    results = [data] if name == "inference" else [data, each, each]
    names = ", ".join(f"%{at}" for at in range(len(kinds)))
    outs = ", ".join(f"%r#{at}" for at in range(len(results)))
    module = parse(f"""func.func public @main({", ".join(f"%{at}: {kind}" for at, kind in enumerate(kinds))}) -> ({", ".join(results)}) {{
      %r:{len(results)} = "stablehlo.batch_norm_{name}"({names}) <{{epsilon = {EPSILON} : f32, feature_index = {feature} : i64}}>
        : ({", ".join(kinds)}) -> ({", ".join(results)})
      return {outs} : {", ".join(results)}
    }}""")
    arguments = [random_array(SHAPE if kind == data else (SHAPE[feature],), dtype, at) for at, kind in enumerate(kinds)]
    if name != "training":
        arguments[-1 if name == "inference" else 3] **= 2  # the variance
    return module, arguments


def definition(name, feature, arguments):
    """The results by the textbook."""
    arguments = [argument.astype(np.float64) for argument in arguments]
    others = tuple(dim for dim in range(len(SHAPE)) if dim != feature)
    spread = [1] * len(SHAPE)
    spread[feature] = -1
    x = arguments[0]
    if name == "grad":
        scale, mean, variance = (argument.reshape(spread) for argument in arguments[1:4])
        cotangent = arguments[4]
        normal = (x - mean) / np.sqrt(variance + EPSILON)
        scaled, shifted = (cotangent * normal).sum(others), cotangent.sum(others)
        means = [total.reshape(spread) / (x.size / x.shape[feature]) for total in (scaled, shifted)]
        return [scale / np.sqrt(variance + EPSILON) * (cotangent - means[1] - normal * means[0]), scaled, shifted]
    mean, variance = (x.mean(others), x.var(others)) if name == "training" else arguments[3:]
    scale, offset = arguments[1:3]
    normal = (x - mean.reshape(spread)) / np.sqrt(variance.reshape(spread) + EPSILON)
    result = normal * scale.reshape(spread) + offset.reshape(spread)
    return [result] if name == "inference" else [result, mean, variance]


@pytest.mark.parametrize(("feature", "element"), [(1, "f32"), (3, "f64")])
@pytest.mark.parametrize("name", ["training", "inference", "grad"])
def test_expands_as_xla_does(name, feature, element):
    module, arguments = module_of(name, feature, element)
    expanded = clone(module)
    ExpandBatchNorm().run(expanded)
    expanded.operation.verify()
    assert not any("batch_norm" in each for each in op_names(expanded))
    tolerance = 64 * float(np.finfo(arguments[0].dtype).eps)
    wanted = definition(name, feature, arguments)
    epsilon_rounds = 1e-6 if element == "f64" else 0.0  # the attribute holds a float32
    for results in (evaluate(expanded, *arguments), run(module, *arguments)):
        for actual, expected in zip(results, wanted, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=tolerance + epsilon_rounds, atol=tolerance + epsilon_rounds)
    for actual, expected in zip(run(expanded, *arguments), run(module, *arguments), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
