"""The orders of all accounts as their owners call them, and what each record did to them."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from rollup_node.core.book_leaves import Order
from rollup_node.core.events import Fill, OrderChanged, OrderRemoved, OrderRested, TakerDone
from rollup_node.core.flags import (
    IN_FORCE_SHIFT,
    KIND_SHIFT,
    POST_ONLY_FLAG,
    REDUCE_ONLY_FLAG,
    SIDE_FLAG,
)
from rollup_node.core.inputs import PlaceOrder, ReplaceOrder
from rollup_node.core.layout import Opaque
from rollup_node.core.reason import Reason
from rollup_node.node.tape import Heard
from rollup_node.rpc.market_data import SIDES, OrderState

MAX_CLOSED: Final = 100_000
"""Orders that are no longer open and still remembered, the newest ones."""

KINDS: Final = ("limit", "market", "stop_limit", "take_limit")
TIMES_IN_FORCE: Final = ("good_til_cancelled", "good_til_time", "immediate_or_cancel")
OPEN, UNTRIGGERED, FILLED = "open", "untriggered", "filled"
CANCELLED, REJECTED, REPLACED = "cancelled", "rejected", "REPLACED"
_OPEN_STATES: Final = frozenset([OPEN, UNTRIGGERED])
_OK_NAME: Final = Reason.OK.name


def order_id(account: int, client_slot: int, tag: int) -> str:
    """Return what an order is called: what its owner calls it, and so the same after a restart."""
    return f"{account}-{client_slot}-{tag}"


class OrderTracker:
    """Order states by name; `touched` are those of the line that is being heard, in order."""

    def __init__(self) -> None:
        self.touched: dict[str, None] = {}
        self.open: dict[int, set[str]] = {}
        self._states: dict[str, OrderState] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()
        self._names: dict[int, str] = {}

    def reset(self, orders: Iterable[tuple[int, Order]], time_ms: int) -> list[OrderState]:
        """Begin anew with these orders; return the states of those that are gone."""
        found = list(orders)
        names = {order_id(order.account, order.slot, order.tag) for _, order in found}
        gone = [name for mine in self.open.values() for name in mine if name not in names]
        self.touched = {}
        for name in gone:
            self._close(self._states[name], CANCELLED, "REORG", time_ms)
        self._names = {}
        for slot, order in found:
            self._rest(slot, order, b"", time_ms)
        return [self._states[name] for name in gone]

    def forget(self, series: int) -> None:
        """Drop the closed orders of a series: its number means another one now."""
        for name in [name for name in self._closed if self._states[name].series == series]:
            del self._closed[name], self._states[name]

    def state(self, account: int, name: str) -> OrderState | None:
        """Return an order of an account, if it is remembered."""
        found = self._states.get(name)
        return found if found is not None and found.account == account else None

    def states(self, names: Iterable[str]) -> list[OrderState]:
        """Return orders by name."""
        return [self._states[name] for name in names]

    def open_of(self, account: int) -> list[OrderState]:
        """Return the open orders of an account, oldest first."""
        mine = self.states(self.open.get(account, ()))
        return sorted(mine, key=lambda order: (order.created_ms, order.tag))

    def begin(self, line: Heard) -> str:
        """Begin to hear a line; return the name of the order that it places, if it does more."""
        self.touched = {}
        content, events = line.content, line.events
        if type(content) is not PlaceOrder or not events:
            return ""
        rests = type(events[0]) is OrderRested
        if rests and len(events) == 1:  # that says all of it
            return ""
        name = order_id(content.account, content.slot, content.nonce & 0xFFFFFFFF)
        if not rests:
            self._set(_placed(content, line, name))
        return name

    def hear(self, line: Heard, event: Any) -> None:  # noqa: ANN401 - any event of core.events
        """Take one event of the line."""
        time_ms, kind = line.time_ms, type(event)
        if kind is OrderRested or kind is OrderChanged:
            self._rest(event.slot, event.order, line.source, time_ms)
        elif kind is OrderRemoved:
            is_replaced = type(line.content) is ReplaceOrder
            self._remove(event, REPLACED if is_replaced else event.reason.name, time_ms)
        elif kind is TakerDone:
            self._end_taker(event, time_ms)

    def end_triggered(self, done: TakerDone, time_ms: int) -> str:
        """Take the size of an order that was triggered or is the protocol's; return its name.

        Its fills came before anything said whose they are; they are told after this.
        """
        name = order_id(done.account, done.slot, done.tag)
        state = self._states.get(name)
        if state is None:
            return ""
        self._set(replace(state, lots=done.filled + done.remaining, updated_ms=time_ms))
        return name

    def fill(self, name: str, fill: Fill, cost_usdc: int, time_ms: int) -> None:
        """Take a fill of an order."""
        state = self._states.get(name)
        if state is None:
            return
        filled = state.filled_lots + fill.lots
        self._set(
            replace(
                state,
                filled_lots=filled,
                filled_usdc=state.filled_usdc + cost_usdc,
                state=FILLED if filled >= state.lots else state.state,
                updated_ms=time_ms,
            )
        )

    def name_at(self, slot: int) -> str:
        """Return the name of the order at an order slot, empty if there is none."""
        return self._names.get(slot, "")

    def _rest(self, slot: int, order: Order, source: bytes, time_ms: int) -> None:
        name = order_id(order.account, order.slot, order.tag)
        before = self._names.get(slot)
        known = self._states.get(name)
        if before is not None and before != name:
            self._replace(before, time_ms)
        self._names[slot] = name
        self._set(_resting(order, source, time_ms, name, known))

    def _replace(self, name: str, time_ms: int) -> None:
        """Close an order whose place another tag took."""
        state = self._states.get(name)
        if state is not None and state.state in _OPEN_STATES:
            self._close(state, CANCELLED, REPLACED, time_ms)

    def _remove(self, event: OrderRemoved, reason: str, time_ms: int) -> None:
        name = self._names.pop(event.slot, "")
        state = self._states.get(name)
        if state is None or state.state == FILLED:
            return
        self._close(state, CANCELLED, "" if reason == _OK_NAME else reason, time_ms)

    def _end_taker(self, event: TakerDone, time_ms: int) -> None:
        name = order_id(event.account, event.slot, event.tag)
        state = self._states.get(name)
        if state is None or event.reason is Reason.OK:
            return
        how = CANCELLED if state.filled_lots or event.filled else REJECTED
        self._close(state, how, event.reason.name, time_ms)

    def _close(self, state: OrderState, how: str, reason: str, time_ms: int) -> None:
        self._set(replace(state, state=how, reason=reason, updated_ms=time_ms))

    def _set(self, state: OrderState) -> None:
        name = state.order_id
        self._states[name] = state
        self.touched[name] = None
        if state.state in _OPEN_STATES:
            mine = self.open.get(state.account)
            if mine is None:
                mine = self.open[state.account] = set()
            mine.add(name)
            if name in self._closed:
                del self._closed[name]
            return
        mine = self.open.get(state.account)
        if mine is not None:
            mine.discard(name)
            if not mine:
                del self.open[state.account]
        if name in self._closed:
            self._closed.move_to_end(name)
        else:
            self._closed[name] = None
        if len(self._closed) > MAX_CLOSED:
            oldest, _ = self._closed.popitem(last=False)
            del self._states[oldest]


def _placed(order: PlaceOrder, line: Heard, name: str) -> OrderState:
    return OrderState(
        account=order.account,
        order_id=name,
        series=order.series,
        side=SIDES[order.side],
        kind=KINDS[order.kind],
        time_in_force=TIMES_IN_FORCE[order.time_in_force],
        ticks=order.price,
        trigger_ticks=order.trigger,
        lots=order.quantity,
        filled_lots=0,
        filled_usdc=0,
        state=OPEN,
        reason="",
        post_only=bool(order.post_only),
        reduce_only=bool(order.reduce_only),
        client_slot=order.slot,
        tag=order.nonce & 0xFFFFFFFF,
        record_hash=line.source,
        created_ms=line.time_ms,
        updated_ms=line.time_ms,
    )


def _resting(
    order: Opaque, source: bytes, time_ms: int, name: str, known: OrderState | None
) -> OrderState:
    """Return the state of an order in the book, with what is known of it from before.

    By place, not by name: this is made for most records.
    """
    (
        account, series, flags, tick, trigger, remaining, _, _, _,
        _, _, client, tag, _, _, _,
    ) = order  # fmt: skip
    filled_lots, filled_usdc, created_ms = 0, 0, time_ms
    if known is not None:
        filled_lots, filled_usdc, created_ms = (
            known.filled_lots,
            known.filled_usdc,
            known.created_ms,
        )
        source = known.record_hash or source
    return OrderState(
        account,
        name,
        series,
        SIDES[flags & SIDE_FLAG],
        KINDS[flags >> KIND_SHIFT & 3],
        TIMES_IN_FORCE[min(flags >> IN_FORCE_SHIFT & 3, 2)],
        tick,
        trigger,
        filled_lots + remaining,
        filled_lots,
        filled_usdc,
        UNTRIGGERED if trigger else OPEN,
        "",
        bool(flags & POST_ONLY_FLAG),
        bool(flags & REDUCE_ONLY_FLAG),
        client,
        tag,
        source,
        created_ms,
        time_ms,
    )
