"""The keeper: looks at accounts in its own replica; has the sequencer liquidate, settle and list.

What the sequencer leaves out for long goes through the fast queue of L1, where nobody can stop it.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any, Final

from rollup_node.codec.records import encode_open
from rollup_node.core.flags import FUND_FLAG, SALE_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.inputs import Liquidate, Settle, Takeover
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    BALANCES_FIELD,
    CURSOR_KEY,
    HOT_FIELD,
    INDEX_BITS,
)
from rollup_node.core.leaves import Cursor
from rollup_node.core.risk import read_hot, read_prices
from rollup_node.core.standing import read_cold
from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.node.account_health import read_health
from rollup_node.node.listing import Lister
from rollup_node.node.replica import Replica
from rollup_node.node.settlements import EndedDates
from rollup_node.ports import L1Sender, L1Update, TemporaryError
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.keeper import Remains, Watch
from rollup_node.roles.settlements import Ended, Settlements

_FIELD_MASK: Final = (1 << ACCOUNT_FIELD_BITS) - 1
_WATCHED_FIELDS: Final = (HOT_FIELD, BALANCES_FIELD)
SILENT_MS: Final = 15_000
"""A sequencer that does not answer for so long is passed by."""

_logger = logging.getLogger(__name__)


@dataclass
class KeeperPlayer:
    """Watches every account that trades, and every date; one of these anywhere is enough.

    Without a `lister` others have to list options.
    """

    replica: Replica
    sequencer: JsonRpcClient
    sender: L1Sender
    watch: Watch = field(default_factory=Watch)
    remains: Remains = field(default_factory=Remains)
    settlements: Settlements = field(default_factory=Settlements)
    lister: Lister | None = None
    asked: int = 0
    forced: int = 0
    takeovers: int = 0
    settled: int = 0
    _silent: dict[int, int] = field(default_factory=dict)
    _items: int = 0
    _mark: int = 0
    _state: ChainState | None = None
    _dates: EndedDates = field(default_factory=EndedDates)
    _ended: list[Ended] = field(default_factory=list)
    _hushed_ms: int = -1
    """Time of L2 at which the sequencer did not answer: nothing is settled until it goes on."""

    def on_l1(self, update: L1Update) -> None:
        """Begin anew after a reorg: the accounts are looked at once more."""
        if update.reorg:
            self._state = None

    async def act(self) -> bool:
        """Look at whom the new items changed, and at whom the prices came near; then settle."""
        state = self.replica.state
        if self._state is not state or self._items != self.replica.item_count:
            await self._look(state)
        return await self._settle(state)

    async def _look(self, state: ChainState) -> None:
        changed = self._changed(state)
        frame = _frame(state)
        if self._state is not state:
            self._dates = EndedDates()
        self._ended = self._dates.read(state, frame.time_ms, changed)
        self._state, self._items = state, self.replica.item_count
        self._mark = state.mark()
        prices = tuple(row.index_price for row in read_prices(frame).rows)
        for account in sorted({*changed, *self.watch.due(prices, frame.time_ms)}):
            flags = read_hot(frame, account).flags
            self.remains.note(account, flags)
            found = self.watch.note(account, read_health(frame, account), prices, frame.time_ms)
            if found is None or flags & FUND_FLAG:
                continue
            if found.series or not flags & SALE_FLAG:  # nothing to reduce: it has to be for sale
                await self._ask(found, frame.time_ms)
        for account in self.remains.due(frame.time_ms):
            await self._clear(frame, account)
        if self.lister is not None:
            await self.lister.act(frame)

    def status(self) -> dict[str, Any]:
        """Return how many looks were taken, what was done, and who is in liquidation."""
        found = {
            "looks": self.watch.looks,
            "asked": self.asked,
            "forced": self.forced,
            "takeovers": self.takeovers,
            "in_liquidation": len(self.remains.accounts),
            "settled": self.settled,
            "listed": self.lister.changes if self.lister else 0,
        }
        return {"keeper": found}

    def _changed(self, state: ChainState) -> set[int]:
        """Return the accounts whose hot leaf or balances changed since the last time."""
        known = self._state is state and self._mark >= state.first_mark
        keys = state.changed_since(self._mark) if known else state.keys()
        first, last = ACCOUNTS << INDEX_BITS, (ACCOUNTS + 1) << INDEX_BITS
        return {
            (key - first) >> ACCOUNT_FIELD_BITS
            for key in keys
            if first <= key < last and key & _FIELD_MASK in _WATCHED_FIELDS
        }

    async def _clear(self, frame: Frame, account: int) -> None:
        """Have the fund take an account when it is time, or be rid of what it took."""
        flags, cold = read_hot(frame, account).flags, read_cold(frame, account)
        health, now_ms = read_health(frame, account), frame.time_ms
        found = self.remains.decide(account, flags, cold.auction_ms, health, now_ms)
        if isinstance(found, Liquidate):
            await self._ask(found, now_ms)
        elif found is not None:
            await self._take_over(found)

    async def _take_over(self, takeover: Takeover) -> None:
        """Hand a takeover to the sequencer; it has no place in the fast queue, and can wait."""
        fields = {"account": takeover.account}
        try:
            await self.sequencer.call("rollup_sendTransaction", "0x" + encode_open(takeover).hex())
        except (RpcError, TemporaryError) as error:
            _logger.info("not taken over: %s", error, extra=fields)
        else:
            self.takeovers += 1
            _logger.info("account %d taken over", takeover.account, extra=fields)

    async def _settle(self, state: ChainState) -> bool:
        """Ask for some of the settlements that are due; tell whether there may be more."""
        if not self._ended:
            return False
        cursor: Cursor = state.get(CURSOR_KEY)
        if cursor.time_ms == self._hushed_ms:
            return False
        found = self.settlements.decide(self._ended, cursor.time_ms)
        await asyncio.gather(*(self._send_settle(settle, cursor.time_ms) for settle in found))
        return bool(found)

    async def _send_settle(self, settle: Settle, now_ms: int) -> None:
        """Hand a settlement to the sequencer; it has no place in the fast queue, and can wait."""
        fields = {"account": settle.account, "series": settle.series}
        try:
            await self.sequencer.call("rollup_sendTransaction", "0x" + encode_open(settle).hex())
        except RpcError as error:
            _logger.info("not settled: %s", error, extra=fields)
        except TemporaryError as error:
            self._hushed_ms = now_ms
            _logger.info("sequencer is silent: %s", error, extra=fields)
        else:
            self.settled += 1
            _logger.info("settled account %d", settle.account, extra=fields)

    async def _ask(self, liquidate: Liquidate, now_ms: int) -> None:
        """Hand a liquidation to the sequencer; if it does not answer for long, to L1."""
        account = liquidate.account
        fields = {"account": account, "series": liquidate.series}
        try:
            await self.sequencer.call("rollup_sendTransaction", "0x" + encode_open(liquidate).hex())
        except RpcError as error:
            _logger.info("not liquidated: %s", error, extra=fields)
        except TemporaryError as error:
            if now_ms - self._silent.setdefault(account, now_ms) < SILENT_MS:
                _logger.info("sequencer is silent: %s", error, extra=fields)
                return
            await self.sender.send("inbox", "sendFast", encode_open(liquidate))
            self.forced += 1
            _logger.warning("liquidation of account %d sent to L1", account, extra=fields)
        else:
            self.asked += 1
            _logger.info("liquidated account %d", account, extra=fields)
        self._silent.pop(account, None)


def _frame(state: ChainState) -> Frame:
    """Return a frame to read the newest state with."""
    cursor: Cursor = state.get(CURSOR_KEY)
    return Frame(
        state,
        time_ms=cursor.time_ms,
        block=cursor.block,
        phase=Phase.IDLE,
        order_class=cursor.order_class,
    )
