"""The order book in state: levels, tick maps, order slots. Links and unlinks, never decides.

Both sides of a book share levels and tick map, because a book is never crossed; trigger orders
have levels and a map of their own. Source: docs/spec.md S-11, S-12, O-4, O-5.
Twin: contracts/src/core/Book.sol.
"""

from typing import Final

from rollup_node.core.account_leaves import Hot
from rollup_node.core.book_leaves import NO_LEVEL, NO_TICKS, Level, Order, TickWord
from rollup_node.core.client_slots import put_client_slot
from rollup_node.core.flags import SIDE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    MIDDLE_WORDS,
    ORDER_LIMIT,
    TOP_WORD,
    WORD_BITS,
    Opaque,
    hot_key,
    level_key,
    order_key,
    series_key,
    terms_key,
    word_key,
)
from rollup_node.core.leaves import Allocators
from rollup_node.core.market_leaves import SeriesState, SeriesTerms
from rollup_node.core.option_terms import compute_reserve
from rollup_node.core.risk import read_hot

_WORD_MASK: Final = (1 << WORD_BITS) - 1
_LEVELS_OF_WORDS: Final = (0, MIDDLE_WORDS, TOP_WORD)
_new: Final = tuple.__new__
"""Makes a tuple without the constructor of its class, in half the time: for the hot path."""


def allocate_slot(frame: Frame) -> int:
    """Take an order slot from the free list, else the next one; 0 if there is none left.

    Reads allocators, then the order slot. Source: docs/spec.md O-4.
    """
    allocators: Allocators = frame.get(ALLOCATORS_KEY)
    outbox, account, free, following = allocators
    if free:
        freed: Order = frame.get(order_key(free))
        frame.put(ALLOCATORS_KEY, _new(Allocators, (outbox, account, freed.next, following)))
        return free
    slot = following + 1
    if slot >= ORDER_LIMIT:
        return 0
    frame.get(order_key(slot))
    frame.put(ALLOCATORS_KEY, _new(Allocators, (outbox, account, free, slot)))
    return slot


def link_order(frame: Frame, terms: SeriesTerms, slot: int, order: Order) -> Order:
    """Append an order to its level, and return it as it is there: its links, its sequence.

    The slot was allocated and the client slot of the order is empty. Reads series, hot, client
    slots, level, then the tail of the level or the words of the map that change.
    Source: docs/spec.md O-4.
    """
    place = series_key(order.series)
    (
        status, bid, ask, sequence, interest, count, epoch, mark, initial, maintenance,
        index, left, premiums, samples, funded_ms, low, high, waiting,
    ) = frame.get(place)  # fmt: skip
    _count(frame, order, slot, 1)
    trigger = order.trigger
    tick, triggers = trigger or order.tick, trigger != 0
    key = level_key(terms.book, tick, triggers=triggers)
    head, tail, lots, orders = frame.get(key) or NO_LEVEL
    if orders:
        last_key = order_key(tail)
        last: Opaque = frame.get(last_key)
        frame.put(last_key, _relinked(last, last.previous, slot, last.sequence))
    else:
        head = slot
        _set_tick(frame, terms.book, tick, triggers=triggers)
    frame.put(key, _new(Level, (head, slot, lots + order.remaining, orders + 1)))
    sequence += 1
    linked = _relinked(order, tail, 0, sequence)
    frame.put(order_key(slot), linked)
    if triggers:
        waiting += 1
    else:
        count += 1
        bid, ask = _improved(bid, ask, order.flags, tick)
    changed = (
        status, bid, ask, sequence, interest, count, epoch, mark, initial, maintenance,
        index, left, premiums, samples, funded_ms, low, high, waiting,
    )  # fmt: skip
    frame.put(place, _new(SeriesState, changed))
    return linked


def unlink_order(frame: Frame, slot: int) -> Order:
    """Take a linked order out of the book whole, free its slot, and return it as it was.

    Reads order, terms, series, its neighbours, level, the words of the map that change or that
    lead to the next best tick, hot, client slots, allocators. Source: docs/spec.md O-5.
    """
    key = order_key(slot)
    order: Order = frame.get(key)
    terms: SeriesTerms = frame.get(terms_key(order.series))
    place = series_key(order.series)
    (
        status, bid, ask, sequence, interest, count, epoch, mark, initial, maintenance,
        index, left, premiums, samples, funded_ms, low, high, waiting,
    ) = frame.get(place)  # fmt: skip
    trigger = order.trigger
    tick, triggers = trigger or order.tick, trigger != 0
    if order.previous or order.next:
        _unlink_neighbours(frame, order)
    is_empty = _leave_level(frame, order, terms.book, tick)
    if triggers:
        waiting -= 1
    else:
        count -= 1
        if is_empty and tick == bid:
            bid = next_tick(frame, terms.book, tick, up=False)
        elif is_empty and tick == ask:
            ask = next_tick(frame, terms.book, tick, up=True)
    changed = (
        status, bid, ask, sequence, interest, count, epoch, mark, initial, maintenance,
        index, left, premiums, samples, funded_ms, low, high, waiting,
    )  # fmt: skip
    frame.put(place, _new(SeriesState, changed))
    _count(frame, order, 0, -1)
    outbox, account, free, following = frame.get(ALLOCATORS_KEY)
    frame.put(key, _new(Order, (0, 0, 0, 0, 0, 0, 0, free, 0, 0, 0, 0, 0, 0, 0, 0)))
    frame.put(ALLOCATORS_KEY, _new(Allocators, (outbox, account, slot, following)))
    return order


def shrink_order(frame: Frame, slot: int, lots: int) -> Order:
    """Take `lots`, fewer than it has, off a linked order in place; return it as it is now.

    Its reserve shrinks by the formula that made it. Reads order, terms, level, hot.
    Source: docs/spec.md M-7, O-7, O-10.
    """
    key = order_key(slot)
    order: Order = frame.get(key)
    terms: SeriesTerms = frame.get(terms_key(order.series))
    remaining = order.remaining - lots
    reserve = compute_reserve(terms, order.flags, order.tick, remaining)
    numbers: list[Opaque] = list(order)
    numbers[5], numbers[9] = remaining, reserve
    shrunk: Order = _new(Order, numbers)
    frame.put(key, shrunk)
    tick, triggers = order.trigger or order.tick, order.trigger != 0
    place = level_key(terms.book, tick, triggers=triggers)
    head, tail, sum_lots, orders = frame.get(place)
    frame.put(place, _new(Level, (head, tail, sum_lots - lots, orders)))
    if reserve != order.reserve:
        hot: list[Opaque] = list(read_hot(frame, order.account))
        hot[0] -= order.reserve - reserve
        frame.put(hot_key(order.account), _new(Hot, hot))
    return shrunk


def next_tick(frame: Frame, book: int, tick: int, *, up: bool, triggers: bool = False) -> int:
    """Return the next tick above (or below) `tick` that holds an order, 0 if there is none.

    Reads words of the map: up to the first level of words that has one, then down again.
    Source: docs/spec.md S-12.
    """
    index = tick
    for level, base in enumerate(_LEVELS_OF_WORDS):
        place, bit = index >> WORD_BITS, index & _WORD_MASK
        bits = _word(frame, book, base + place, triggers=triggers)
        bits = bits >> bit + 1 << bit + 1 if up else bits & (1 << bit) - 1
        if bits:
            index = place << WORD_BITS | _edge(bits, up=up)
            for lower in reversed(_LEVELS_OF_WORDS[:level]):
                bits = _word(frame, book, lower + index, triggers=triggers)
                index = index << WORD_BITS | _edge(bits, up=up)
            return index
        index = place
    return 0


def _edge(bits: int, *, up: bool) -> int:
    """Return the number of the lowest bit that is set, or of the highest; there is one."""
    return ((bits & -bits) if up else bits).bit_length() - 1


def _word(frame: Frame, book: int, word: int, *, triggers: bool) -> int:
    leaf: TickWord = frame.get(word_key(book, word, triggers=triggers)) or NO_TICKS
    return leaf.bits


def _set_tick(frame: Frame, book: int, tick: int, *, triggers: bool) -> None:
    """Mark a tick; a word that was empty is marked one level up."""
    index = tick
    for base in _LEVELS_OF_WORDS:
        place, bit = index >> WORD_BITS, index & _WORD_MASK
        bits = _word(frame, book, base + place, triggers=triggers)
        frame.put(word_key(book, base + place, triggers=triggers), TickWord(bits | 1 << bit))
        if bits:
            return
        index = place


def _clear_tick(frame: Frame, book: int, tick: int, *, triggers: bool) -> None:
    """Unmark a tick; a word that becomes empty is unmarked one level up."""
    index = tick
    for base in _LEVELS_OF_WORDS:
        place, bit = index >> WORD_BITS, index & _WORD_MASK
        bits = _word(frame, book, base + place, triggers=triggers) & ~(1 << bit)
        frame.put(word_key(book, base + place, triggers=triggers), TickWord(bits))
        if bits:
            return
        index = place


def _improved(bid: int, ask: int, flags: int, tick: int) -> tuple[int, int]:
    """Return best bid and ask with an order at `tick`."""
    if flags & SIDE_FLAG:
        return bid, tick if ask == 0 or tick < ask else ask
    return tick if tick > bid else bid, ask  # noqa: FURB136 - the hot path: a call costs more


def _relinked(order: Opaque, previous: Opaque, following: Opaque, sequence: Opaque) -> Order:
    """Return an order with other neighbours, and its sequence."""
    (
        account, series, flags, tick, trigger, remaining, _, _, _,
        reserve, expiry_at, client, tag, cap, key, generation,
    ) = order  # fmt: skip
    numbers = (
        account, series, flags, tick, trigger, remaining, previous, following, sequence,
        reserve, expiry_at, client, tag, cap, key, generation,
    )  # fmt: skip
    return _new(Order, numbers)


def _unlink_neighbours(frame: Frame, order: Order) -> None:
    """Let the orders before and after meet."""
    if order.previous:
        key = order_key(order.previous)
        before: Opaque = frame.get(key)
        frame.put(key, _relinked(before, before.previous, order.next, before.sequence))
    if order.next:
        key = order_key(order.next)
        after: Opaque = frame.get(key)
        frame.put(key, _relinked(after, order.previous, after.next, after.sequence))


def _leave_level(frame: Frame, order: Order, book: int, tick: int) -> bool:
    """Take an order off its level, and say whether the level is empty now."""
    triggers = order.trigger != 0
    key = level_key(book, tick, triggers=triggers)
    head, tail, lots, orders = frame.get(key)
    if not order.previous:
        head = order.next
    if not order.next:
        tail = order.previous
    frame.put(key, _new(Level, (head, tail, lots - order.remaining, orders - 1)))
    if orders > 1:
        return False
    _clear_tick(frame, book, tick, triggers=triggers)
    return True


def _count(frame: Frame, order: Order, slot: int, change: int) -> None:
    """Add an order (change 1, at `slot`) to what its account has, or take it off (-1, slot 0)."""
    account = order.account
    hot: Opaque = read_hot(frame, account)
    slot_map, slots = put_client_slot(frame, account, hot, order.slot, slot)
    reserve, group, flags, mode, protected, orders, dead_ms, interest_ms, version, _, _, rows = hot
    reserve += change * order.reserve
    counted = (
        reserve, group, flags, mode, protected, orders + change,
        dead_ms, interest_ms, version, slot_map, slots, rows,
    )  # fmt: skip
    frame.put(hot_key(account), _new(Hot, counted))
