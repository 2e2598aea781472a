"""The quick way to weigh a loop, from what it changes, against the estimate of the whole block with the loop in it."""

import jax
import pytest

from frontends import record_jax
from tests.xla_passes.split.programs import PROGRAMS
from tests.xla_passes.split.random_recipes import draw_recipe
from tests.xla_passes.split.splitting import canonical
from xla_passes.analysis.graph import snapshot
from xla_passes.analysis.liveness import CONTROL_FLOW, Schedule, graph_items
from xla_passes.canonicalise import canonicalise_passes
from xla_passes.module import main_block, parse
from xla_passes.pipeline import run_passes
from xla_passes.split.axes import Axes
from xla_passes.split.candidates import virtual_items
from xla_passes.split.growth import Growth, grow
from xla_passes.split.scales import Scales


def regions(graph):
    """Regions along every axis of every value, far-reaching and narrow ones."""
    axes = Axes(graph)
    for target, owner in enumerate(graph.owner):
        for axis, size in enumerate(graph.shapes[target] if owner >= 0 else ()):
            for large_bytes in (1, 1 + graph.bytes[target] // 4, graph.bytes[target]) if size > 1 else ():
                for recomputes_whole in (False, True):
                    region = grow(graph, axes, target, axis, Growth(large_bytes, recomputes_whole))
                    if region:
                        yield region


def weighed_anew(graph, items, region, fuses):
    """The estimate for the items in their new order, each number found from nothing."""
    items, at = virtual_items(graph, region, items)
    makers, users = [-1] * len(graph.values), [[] for _ in graph.values]
    for index, item in enumerate(items):
        for value in item.results:
            makers[value] = index
        for value in dict.fromkeys(item.reads):
            users[value].append(index)
    for value in items[at].results:  # whoever else made it before may stay for the sake of another result
        makers[value] = at
    is_body = graph.terminator.name == "stablehlo.return"
    whole = Schedule(items, makers, users, graph.outer, graph.outputs, graph.can_take_over, fuses=fuses, is_body=is_body)
    return whole.liveness(graph.bytes.__getitem__), at


def assert_weighed_alike(block, most=24):
    graph = snapshot(block)
    found = list(dict.fromkeys(regions(graph)))
    for fuses in (True, False):
        items = graph_items(graph, fuses)
        scales = Scales(graph, items, fuses=fuses)
        for region in found[:: 1 + len(found) // most]:
            quick, (live, at) = scales.with_loop(region), weighed_anew(graph, items, region, fuses)
            assert (quick.loop_at, quick.live_bytes.tolist()) == (at, list(live.live_bytes))
            assert quick.materialised == live.materialised
            assert (quick.peak_bytes, quick.overflow_bytes(100)) == (live.peak_bytes, live.overflow_bytes(100))
    return len(found)


def blocks_of(block):
    """A block, and the bodies of the loops and branches in it."""
    yield block
    for op in block.operations:
        for region in op.operation.regions if op.operation.name in CONTROL_FLOW else ():
            yield from blocks_of(region.blocks[0])


@pytest.mark.parametrize("seed", range(30_000, 30_016))
def test_random_programs(seed):
    recipe = draw_recipe(seed)
    with jax.enable_x64(recipe.x64):
        module = parse(record_jax(recipe.function([]), recipe.arrays(), {}).artifact)
    run_passes(module, canonicalise_passes())
    for block in blocks_of(main_block(module)):
        assert_weighed_alike(block)


def test_known_programs():
    """Most of them have a region to weigh."""
    modules = [canonical(item.function, *item.arguments, x64=item.x64) for item in PROGRAMS.values()]
    counts = [assert_weighed_alike(main_block(module), most=6) for module in modules]
    assert sum(count > 0 for count in counts) > len(counts) // 2
