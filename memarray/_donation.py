"""Which operands of a program nobody needs afterwards: XLA may write results over them, as NumPy does in place.

A loop that updates a large array in place would otherwise copy it in every stretch, and hold it twice.
"""

import sys
from collections import Counter
from collections.abc import Sequence

from memarray._graph import Node

_OWN_REFERENCES = 3  # of a node while it is looked at: the list it is in, the loop variable, and `getrefcount`'s argument


def donated(order: Sequence[Node], leaves: Sequence[Node], outputs: Sequence[Node]) -> tuple[int, ...]:
    """Positions of the leaves whose memory results can take: of the same shape and dtype, and not needed once `outputs` are evaluated."""
    wanted = Counter((node.shape, node.dtype) for node in outputs)
    if not any(leaf.owned and (leaf.shape, leaf.dtype) in wanted for leaf in leaves):
        return ()
    needed = _needed_afterwards(order, leaves, {id(node) for node in outputs})
    found = []
    for position, leaf in enumerate(leaves):
        spec = (leaf.shape, leaf.dtype)
        if leaf.owned and wanted[spec] and id(leaf) not in needed and sys.getrefcount(leaf.value) <= 2:
            wanted[spec] -= 1
            found.append(position)
    return tuple(found)


def _needed_afterwards(order: Sequence[Node], leaves: Sequence[Node], outputs: set[int]) -> set[int]:
    """Identities of the nodes that somebody outside of `order` refers to, and of those that these need to be evaluated later."""
    uses = Counter(id(operand) for node in order for operand in node.operands)
    needed: set[int] = set()
    for node in reversed(order):
        if id(node) in outputs:
            continue
        if id(node) in needed or sys.getrefcount(node) > uses[id(node)] + _OWN_REFERENCES:
            needed.add(id(node))
            needed.update(id(operand) for operand in node.operands if type(operand) is Node)
    for leaf in leaves:
        if sys.getrefcount(leaf) > uses[id(leaf)] + _OWN_REFERENCES:
            needed.add(id(leaf))
    return needed
