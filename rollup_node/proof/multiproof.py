"""One proof for many leaves: the fold that both twins do, and the plan of its siblings."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rollup_node.core.layout import DEPTHS, INDEX_BITS, POSITION_BITS, LeafKey, position
from rollup_node.proof.hashing import branch_hash, leaf_hash


class Multiproof(NamedTuple):
    """Leaves in position order, siblings to fold them to a root. Source: docs/spec.md T-4."""

    keys: tuple[LeafKey, ...]
    siblings: tuple[bytes, ...]


class WitnessError(ValueError):
    """A proof that does not follow the one canonical form."""


def sort_keys(keys: Sequence[LeafKey]) -> tuple[LeafKey, ...]:
    """Return distinct keys in position order."""
    return tuple(sorted(set(keys), key=position))


def _stops(positions: Sequence[int]) -> list[int]:
    """Return the depth to which each leaf climbs. Source: docs/spec.md T-4."""
    pairs = pairwise(positions)
    return [POSITION_BITS - (a ^ b).bit_length() + 1 for a, b in pairs] + [0]


def plan_siblings(keys: Sequence[LeafKey]) -> list[tuple[int, int]]:
    """Return (depth, index at that depth) of each sibling of a proof, in the order of the fold."""
    positions = [position(key) for key in keys]
    plan: list[tuple[int, int]] = []
    stack: list[int] = []
    for key, place, stop in zip(keys, positions, _stops(positions), strict=True):
        depth = DEPTHS[key >> INDEX_BITS]
        while depth > stop:
            index = place >> (POSITION_BITS - depth)
            if index & 1 and stack and stack[-1] == depth:
                stack.pop()
            else:
                plan.append((depth, index ^ 1))
            depth -= 1
        stack.append(depth)
    return plan


def fold(keys: Sequence[LeafKey], values: Sequence[bytes], siblings: Sequence[bytes]) -> bytes:
    """Return the root over leaves and siblings. Source: docs/spec.md T-4.

    Raises
    ------
    WitnessError
        No leaves, leaves out of order, or siblings missing or left over.
    """
    positions = [position(key) for key in keys]
    if not keys or any(a >= b for a, b in pairwise(positions)):
        raise WitnessError("leaves: not in strictly increasing order")
    rest = iter(siblings)
    stack: list[tuple[int, bytes]] = []
    for key, value, place, stop in zip(keys, values, positions, _stops(positions), strict=True):
        start = DEPTHS[key >> INDEX_BITS], leaf_hash(value)
        stack.append(_climb(start, place, stop, stack, lambda: next(rest, None)))
    if next(rest, None) is not None or len(stack) != 1:
        raise WitnessError("siblings: left over")
    return stack[0][1]


def _climb(
    start: tuple[int, bytes],
    place: int,
    stop: int,
    stack: list[tuple[int, bytes]],
    next_sibling: Callable[[], bytes | None],
) -> tuple[int, bytes]:
    depth, node = start
    while depth > stop:
        is_right = place >> (POSITION_BITS - depth) & 1
        sibling = stack.pop()[1] if is_right and stack and stack[-1][0] == depth else next_sibling()
        if sibling is None:
            raise WitnessError("siblings: missing")
        node = branch_hash(sibling, node) if is_right else branch_hash(node, sibling)
        depth -= 1
    return depth, node
