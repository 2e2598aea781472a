"""What says how a program is spread over devices says nothing where there is one; JAX writes it down all the same."""

import math
import re
from dataclasses import dataclass

from jaxlib.mlir import ir
from jaxlib.mlir.dialects import sdy

from xla_passes.build import filled, scalar
from xla_passes.patterns import Rule, apply_rules
from xla_passes.plan import Rewrite
from xla_passes.structured import element_of

_COUNTS = ("mhlo.num_partitions", "mhlo.num_replicas")
_SHARDING_CALLS = frozenset({"Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "xla.sdy.FuncResultSharding"})
_DEVICES = re.compile(r"devices=\[([\d,]+)\]")  # as in "{devices=[2,1]0,1}"
_GROUPED = (
    "all_gather", "all_reduce", "all_to_all", "reduce_scatter", "collective_broadcast", "cross-replica-sum",
)  # fmt: skip


@dataclass(frozen=True)
class DropOneDeviceForms:
    """In a program for one device: shardings and collectives -> their operand, a device's number -> 0; exact.

    - `sdy.sharding_constraint(x)`, `custom_call @Sharding(x)` -> `x`;
    - `all_reduce(x)`, `all_gather(x)`, and so on for what a group of one device computes -> `x`;
    - `collective_permute(x)` -> `x` if the device sends to itself, zeros if it does not;
    - `partition_id`, `replica_id` -> `0`.

    A program for several devices is left as it is, and so is what names others where the program does not say for how many it is.
    """

    name: str = "drop-one-device-forms"

    def run(self, module: ir.Module) -> tuple[Rewrite, ...]:
        """Change `module` in place."""
        if is_for_one_device(module):
            apply_rules(module, _RULES)
        return ()


def is_for_one_device(module: ir.Module) -> bool:
    """Whether the module has one replica and one partition, which is also meant where it says nothing, and no larger mesh."""
    attributes = module.operation.attributes
    if any(ir.IntegerAttr(attributes[name]).value != 1 for name in _COUNTS if name in attributes):
        return False
    meshes = [view.operation for view in module.body.operations if view.operation.name == "sdy.mesh"]
    return all(math.prod(sdy.MeshAxisAttr(axis).size for axis in sdy.MeshAttr(mesh.attributes["mesh"]).axes) == 1 for mesh in meshes)


def _operand(op: ir.Operation) -> ir.Value | None:
    return op.operands[0] if op.operands[0].type == op.results[0].type else None


def _operands(op: ir.Operation) -> list[ir.Value] | None:
    """All operands: collectives of several values at once have a result for each."""
    operands, results = list(op.operands), list(op.results)
    is_alone = len(ir.DenseIntElementsAttr(op.attributes["replica_groups"])) <= 1
    return operands if is_alone and [value.type for value in operands] == [value.type for value in results] else None


def _marked_operand(op: ir.Operation) -> ir.Value | None:
    target = ir.StringAttr(op.attributes["call_target_name"]).value
    sharding = _DEVICES.search(str(op.attributes.get("mhlo.sharding", "")))
    is_alone = sharding is None or math.prod(map(int, sharding.group(1).split(","))) == 1
    return _operand(op) if is_alone and target in _SHARDING_CALLS and len(op.operands) == 1 == len(op.results) else None


def _sent_to_itself(op: ir.Operation) -> ir.Value | None:
    pairs = ir.DenseIntElementsAttr(op.attributes["source_target_pairs"])
    if any(pairs[at] for at in range(len(pairs))):
        return None
    value = op.operands[0]
    return value if len(pairs) else filled(scalar(0, element_of(value)), value.type)


def _first_number(op: ir.Operation) -> ir.Value:
    return scalar(0, element_of(op.results[0]))


_RULES: dict[str, Rule] = {
    "sdy.sharding_constraint": _operand,
    "stablehlo.custom_call": _marked_operand,
    **{f"stablehlo.{name}": _operands for name in _GROUPED},
    "stablehlo.collective_permute": _sent_to_itself,
    "stablehlo.partition_id": _first_number,
    "stablehlo.replica_id": _first_number,
}
