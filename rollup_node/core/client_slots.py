"""The client slots of an account: the order behind each number that its owner gave.

Slots 0 to 7 are in the hot leaf, the others in leaves of eight; bit k of the slot map says that
the k-th eight hold an order, so an empty leaf is never read. Source: docs/spec.md S-13, S-14.
Twin: contracts/src/core/SlotTable.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot
from rollup_node.core.book_leaves import NO_SLOTS, ClientSlots
from rollup_node.core.frame import Frame
from rollup_node.core.layout import SLOTS_PER_LEAF_BITS, client_slots_key

_MASK: Final = (1 << SLOTS_PER_LEAF_BITS) - 1
_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


def find_client_order(frame: Frame, account: int, hot: Hot, client: int) -> int:
    """Return the order slot behind client slot `client` < 1,024, 0 if there is no order.

    Reads the leaf of the slot only if the slot map says that it holds an order.
    """
    group = client >> SLOTS_PER_LEAF_BITS
    return _slots(frame, account, hot, group)[client & _MASK]


def put_client_slot(
    frame: Frame, account: int, hot: Hot, client: int, slot: int
) -> tuple[int, tuple[int, ...]]:
    """Put an order slot (0: none) behind a client slot; return slot map and slots of the hot leaf.

    Reads and writes the leaf of the slot, if that is not the hot leaf, which the caller writes.
    """
    group, place = client >> SLOTS_PER_LEAF_BITS, client & _MASK
    if group:
        key = client_slots_key(account, client)
        (before,) = frame.get(key) or NO_SLOTS
        after = _with_slot(before, place, slot)
        frame.put(key, _new(ClientSlots, (after,)))
        slots = hot.slots
    else:
        after = slots = _with_slot(hot.slots, place, slot)
    bit = 1 << group
    return hot.slot_map | bit if slot or any(after) else hot.slot_map & ~bit, slots


def _with_slot(slots: tuple[int, ...], place: int, slot: int) -> tuple[int, ...]:
    changed = list(slots)
    changed[place] = slot
    return tuple(changed)


def next_client_slot(frame: Frame, account: int, hot: Hot, start: int) -> tuple[int, int] | None:
    """Return the first client slot from `start` on that holds an order, and that order's slot.

    Reads the leaf of `start` if it holds an order, and at most one leaf after it. None at the end.
    """
    group = start >> SLOTS_PER_LEAF_BITS
    found = _first(_slots(frame, account, hot, group), start & _MASK)
    if found is None:
        later = hot.slot_map >> group + 1 << group + 1
        if not later:
            return None
        group = (later & -later).bit_length() - 1
        found = _first(_slots(frame, account, hot, group), 0)
    if found is None:
        return None
    place, slot = found
    return group << SLOTS_PER_LEAF_BITS | place, slot


def _slots(frame: Frame, account: int, hot: Hot, group: int) -> tuple[int, ...]:
    if group == 0:
        return hot.slots
    if not hot.slot_map >> group & 1:
        return NO_SLOTS.slots
    leaf: ClientSlots = frame.get(client_slots_key(account, group << SLOTS_PER_LEAF_BITS))
    return leaf.slots


def _first(slots: tuple[int, ...], start: int) -> tuple[int, int] | None:
    for place in range(start, len(slots)):
        if slots[place]:
            return place, slots[place]
    return None


def has_client_order(frame: Frame, account: int, hot: Hot, start: int) -> bool:
    """Say whether a client slot from `start` on holds an order.

    Opens no leaf that was not read: `start` follows a slot that was just looked at.
    """
    group, place = start >> SLOTS_PER_LEAF_BITS, start & _MASK
    if place == 0:
        return hot.slot_map >> group != 0
    if hot.slot_map >> group + 1:
        return True
    return _first(_slots(frame, account, hot, group), place) is not None
