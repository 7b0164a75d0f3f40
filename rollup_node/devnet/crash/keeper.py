"""Who keeps the market clean in a crash: the keeper of the devnet, and who takes what is left."""

from collections import Counter
from typing import Any

from rollup_node.core.account_leaves import NO_COLD, Cold
from rollup_node.core.events import Liquidated
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import Trigger
from rollup_node.core.layout import cold_key
from rollup_node.core.reason import Reason
from rollup_node.devnet.crash.desk import Desk
from rollup_node.devnet.markets import MARKETS
from rollup_node.roles.keeper import Remains, Watch


class Keeper:
    """Liquidates as `node.keeper` does: the same `Watch`, the same `Remains`, the same look.

    Besides, it has triggers drained that a block left over. `stages` are the accounts that ever
    reached a stage of docs/spec.md L-1; `taken` those that went to the fund; `asked` counts what
    was sent, by reason.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.watch, self.remains = desk, Watch(), Remains()
        self.stages: dict[int, set[int]] = {1: set(), 2: set(), 3: set()}
        self.asked: Counter[tuple[str, Reason]] = Counter()
        self.taken: set[int] = set()

    @property
    def troubled(self) -> list[int]:
        """The accounts in liquidation, but those of the fund that are empty."""
        return self.remains.accounts

    def hear(self, event: Any) -> None:  # noqa: ANN401 - any event
        """Note who is in liquidation."""
        if isinstance(event, Liquidated):
            self.stages[event.stage].add(event.account)

    def act(self) -> None:
        """Look at whom the last blocks changed, at whom prices came near, and at what is left."""
        machine = self.desk.machine
        changed, machine.changed = machine.changed, set()
        prices = tuple(row.index_price for row in machine.prices.rows)
        now_ms = machine.now_ms
        for account in sorted({*changed, *self.watch.due(prices, now_ms)}):
            flags = self.desk.hot(account).flags
            self.remains.note(account, flags)
            found = self.watch.note(account, self.desk.health(account), prices, now_ms)
            if found is None or account in self.taken:
                continue
            if found.series or not flags & LIQUIDATING_FLAG:
                self._send(found)
                self.remains.note(account, self.desk.hot(account).flags)
        for account in self.remains.due(now_ms):
            self._follow(account, now_ms)
        for underlying in {market.terms.underlying for market in MARKETS}:
            if self._has_left_triggers(underlying):
                self._send(Trigger(underlying))

    def _send(self, record: Any) -> Reason:  # noqa: ANN401 - any open record
        reason = self.desk.machine.open(record)
        self.asked[type(record).__name__, reason] += 1
        return reason

    def _follow(self, account: int, now_ms: int) -> None:
        """Have an account taken over when it is time, and one of the fund reduced."""
        flags, auction_ms = self.desk.hot(account).flags, self.auction_ms(account)
        health = self.desk.health(account)
        found = self.remains.decide(account, flags, auction_ms, health, now_ms)
        if found is not None and self._send(found) is Reason.STALE_ACCOUNT:
            self._send(found)
        if self.desk.hot(account).flags & FUND_FLAG:
            self.taken.add(account)

    def auction_ms(self, account: int) -> int:
        """Return since when an account is for sale, 0 if it is not."""
        hot = self.desk.hot(account)
        cold: Cold = self.desk.machine.leaf(cold_key(account)) or NO_COLD
        return cold.auction_ms if hot.flags & LIQUIDATING_FLAG else 0

    def _has_left_triggers(self, underlying: int) -> bool:
        states = [
            self.desk.market(market.series)
            for market in MARKETS
            if market.terms.underlying == underlying
        ]
        return any(state.triggers and state.low < state.high for state in states)
