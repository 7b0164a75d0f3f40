"""Who keeps the market clean in a crash: the keeper of the devnet, and who takes what is left."""

from collections import Counter
from typing import Any, Final

from rollup_node.core.account_leaves import NO_COLD, Cold
from rollup_node.core.auctions import AUCTION_MS, SALE_MS
from rollup_node.core.events import Liquidated
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.inputs import Liquidate, Takeover, Trigger
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import cold_key
from rollup_node.core.reason import Reason
from rollup_node.devnet.crash.desk import Desk
from rollup_node.devnet.markets import MARKETS
from rollup_node.roles.keeper import Watch

PAUSE_MS: Final = 5_000
"""Between two tries to take an account over, or to reduce one of the fund."""


class Keeper:
    """Liquidates as `node.keeper` does, with the same `Watch` and the same look at an account.

    Besides, it lets the fund take what nobody bought, reduces what the fund has, and has triggers
    drained that a block left over. `stages` counts the accounts that ever reached a stage of
    docs/spec.md L-1; `asked` what was sent, by reason.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.watch = desk, Watch()
        self.troubled: set[int] = set()
        self.stages: dict[int, set[int]] = {1: set(), 2: set(), 3: set()}
        self.asked: Counter[tuple[str, Reason]] = Counter()
        self.taken: set[int] = set()
        self._next: dict[int, int] = {}

    def hear(self, _kind: StepKind, event: Any) -> None:  # noqa: ANN401 - any event
        """Note who is in liquidation."""
        if isinstance(event, Liquidated):
            self.troubled.add(event.account)
            self.stages[event.stage].add(event.account)

    def act(self) -> None:
        """Look at whom the last blocks changed, at whom prices came near, and at what is left."""
        machine = self.desk.machine
        changed, machine.changed = machine.changed, set()
        prices = tuple(row.index_price for row in machine.prices.rows)
        now_ms = machine.now_ms
        for account in sorted({*changed, *self.watch.due(prices, now_ms)}):
            found = self.watch.note(account, self.desk.health(account), prices, now_ms)
            if found is not None and account not in self.taken:
                self._send(found)
        for account in sorted(self.troubled):
            self._follow(account)
        for underlying in {market.terms.underlying for market in MARKETS}:
            if self._has_left_triggers(underlying):
                self._send(Trigger(underlying))

    def _send(self, record: Any) -> Reason:  # noqa: ANN401 - any open record
        reason = self.desk.machine.open(record)
        self.asked[type(record).__name__, reason] += 1
        return reason

    def auction_ms(self, account: int) -> int:
        """Return since when an account is for sale, 0 if it is not."""
        hot = self.desk.hot(account)
        cold: Cold = self.desk.machine.leaf(cold_key(account)) or NO_COLD
        return cold.auction_ms if hot.flags & LIQUIDATING_FLAG else 0

    def _follow(self, account: int) -> None:
        """Take an account over when it is time, and clear out one of the fund."""
        flags, now_ms = self.desk.hot(account).flags, self.desk.machine.now_ms
        if not flags & LIQUIDATING_FLAG:
            self.troubled.discard(account)
            return
        if self._next.get(account, 0) > now_ms:
            return
        auction_ms = self.auction_ms(account)
        self._next[account] = max(now_ms + PAUSE_MS, auction_ms + SALE_MS if auction_ms else 0)
        if flags & FUND_FLAG:
            self._next[account] = now_ms + PAUSE_MS
            self.taken.add(account)
            self._clear(account)
        elif auction_ms and now_ms - auction_ms >= SALE_MS:
            health = self.desk.health(account)
            wait_ms = SALE_MS if health.equity < 0 else AUCTION_MS
            if now_ms - auction_ms >= wait_ms and health.equity < health.maintenance:
                if self._send(Takeover(account)) is Reason.STALE_ACCOUNT:
                    self._send(Takeover(account))
                self._next[account] = now_ms

    def _clear(self, account: int) -> None:
        """Reduce an account of the fund, or hand its last money to the insurance.

        One that has collateral left stays for sale: the fund has no other way to sell it.
        """
        health = self.desk.health(account)
        if health.series:
            self._send(Liquidate(account, health.series))
            return
        self._send(Takeover(account))
        self._next[account] += SALE_MS
        if not any(health.exposures):
            self.troubled.discard(account)

    def _has_left_triggers(self, underlying: int) -> bool:
        states = [
            self.desk.market(market.series)
            for market in MARKETS
            if market.terms.underlying == underlying
        ]
        return any(state.triggers and state.low < state.high for state in states)
