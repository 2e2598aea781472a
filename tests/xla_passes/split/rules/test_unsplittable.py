"""Every operation of the dialects has a rule, or a reason for having none; operations that canonicalisation replaces are gone after it."""

import pytest
from jaxlib.mlir.dialects import chlo, sdy, stablehlo

from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import main_block, parse, walk
from xla_passes.split.rules import RULES
from xla_passes.split.rules.unsplittable import UNSPLITTABLE

TERMINATORS = {"stablehlo.return"}


def names_of(*dialects):
    classes = [item for dialect in dialects for item in vars(dialect).values() if isinstance(item, type)]
    return {item.OPERATION_NAME for item in classes if hasattr(item, "OPERATION_NAME")}


def test_every_operation_has_a_rule_or_a_reason():
    names = names_of(stablehlo, chlo)
    assert names - set(RULES) - set(UNSPLITTABLE) - TERMINATORS == set()
    assert set(UNSPLITTABLE) - names - names_of(sdy) == set()
    assert set(RULES) & set(UNSPLITTABLE) == set()


def test_reasons_read_on_from_the_name_of_the_operation():
    for name, reason in UNSPLITTABLE.items():
        assert reason
        assert reason[0].islower() or reason.startswith("XLA"), name
        assert not reason.endswith("."), name


REPLACED = {
    "stablehlo.broadcast": "%r = stablehlo.broadcast %x, sizes = [2] : (tensor<3x4xf32>) -> tensor<2x3x4xf32>",
    "stablehlo.dot": "%r = stablehlo.dot %x, %y : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>",
    "stablehlo.einsum": '%r = stablehlo.einsum %x, %y, config = "ab,bc->ca" : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<5x3xf32>',
    "stablehlo.unary_einsum": '%r = "stablehlo.unary_einsum"(%x) <{einsum_config = "ab->b"}> : (tensor<3x4xf32>) -> tensor<4xf32>',
    "stablehlo.torch_index_select": '%r = "stablehlo.torch_index_select"(%x, %i) <{dim = 0 : i64, batch_dims = 0 : i64}> '
    ": (tensor<3x4xf32>, tensor<2xi32>) -> tensor<2x4xf32>",
    "stablehlo.composite": '%r = stablehlo.composite "my.op" %x {decomposition = @decomposed} : (tensor<3x4xf32>) -> tensor<3x4xf32>',
}


@pytest.mark.parametrize("name", REPLACED)
def test_what_canonicalisation_replaces_is_gone(name):
    kind = REPLACED[name].rpartition("-> ")[2]
    module = parse(f"""
    func.func public @main(%x: tensor<3x4xf32>, %y: tensor<4x5xf32>, %i: tensor<2xi32>) -> {kind} {{
      {REPLACED[name]}
      return %r : {kind}
    }}
    func.func private @decomposed(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {{
      %0 = stablehlo.sine %x : tensor<3x4xf32>
      return %0 : tensor<3x4xf32>
    }}""")
    assert name in {op.name for op in walk(main_block(module))}
    for each in canonicalise_passes():
        each.run(module)
        module.operation.verify()
    names = {op.name for op in walk(main_block(module))} - {"func.return", "stablehlo.return"}
    assert names <= set(RULES)
