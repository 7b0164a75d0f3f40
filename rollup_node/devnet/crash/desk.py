"""What parties see of the exchange, and the records they write."""

from typing import Any, Final, NamedTuple

from rollup_node.core.account_leaves import Hot, Position, RiskRow
from rollup_node.core.cash import accrued_interest, read_pools
from rollup_node.core.flags import FUND_FLAG, LIQUIDATING_FLAG
from rollup_node.core.frame import Frame
from rollup_node.core.inputs import PlaceOrder, Withdraw
from rollup_node.core.kinds import Phase
from rollup_node.core.layout import owner_key, series_key, terms_key
from rollup_node.core.market_leaves import SeriesState, SeriesTerms
from rollup_node.core.positions import read_directory, read_page
from rollup_node.core.reason import Reason
from rollup_node.core.risk import (
    contribute_standard,
    read_amounts,
    read_assets,
    read_hot,
    read_prices,
    require_standard,
)
from rollup_node.core.standing import find_insurer, read_cold
from rollup_node.devnet.crash.machine import Machine
from rollup_node.node.account_health import read_health
from rollup_node.roles.keeper import Health

BPS: Final = 10_000
BUY: Final = 0
SELL: Final = 1
IOC: Final = 2
MAX_FEE_PPM: Final = 10_000
_CLIENT_SLOTS: Final = 1_024
_PPM: Final = 1_000_000


class Party(NamedTuple):
    """Somebody with an account of the bridge."""

    account: int
    address: bytes


class Desk:
    """Looks at a machine as a user's program looks at the API, and sends it records."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._slot = 0

    def frame(self) -> Frame:
        """Return a frame to read the newest state with."""
        cursor = self.machine.cursor
        return Frame(
            self.machine.state,
            time_ms=cursor.time_ms,
            block=cursor.block,
            phase=Phase.IDLE,
            order_class=cursor.order_class,
        )

    # Markets

    def terms(self, series: int) -> SeriesTerms:
        """Return the terms of a series."""
        terms: SeriesTerms = self.machine.leaf(terms_key(series))
        return terms

    def market(self, series: int) -> SeriesState:
        """Return the state of a series."""
        state: SeriesState = self.machine.leaf(series_key(series))
        return state

    def tick(self, series: int, away_bps: int = 0) -> int:
        """Return the tick so far above (negative: below) the mark; at least 1."""
        mark, unit = self.market(series).mark, self.terms(series).unit
        return max(1, mark * (BPS + away_bps) // (unit * BPS))

    # Accounts

    def hot(self, account: int) -> Hot:
        """Return the hot leaf of an account."""
        return read_hot(self.frame(), account)

    def health(self, account: int) -> Health:
        """Return how an account stands at the newest marks."""
        return read_health(self.frame(), account)

    def cash(self, account: int) -> int:
        """Return the cash of an account, µUSDC."""
        return read_amounts(self.frame(), account)[0]

    def owns(self, party: Party) -> bool:
        """Tell whether an account still belongs to who opened it, and may act."""
        owner: Any = self.machine.leaf(owner_key(party.account))
        flags = self.hot(party.account).flags
        return owner.address == party.address and not flags & (LIQUIDATING_FLAG | FUND_FLAG)

    def positions(self, account: int) -> list[Position]:
        """Return the open positions of an account."""
        frame = self.frame()
        if not any(row.positions for row in read_hot(frame, account).rows):
            return []
        return [
            read_page(frame, account, number).rows[number & 7]
            for number, series in enumerate(read_directory(frame, account).series)
            if series
        ]

    def free_usdc(self, account: int) -> int:
        """Return how much cash an account could withdraw at the newest marks, µUSDC."""
        frame = self.frame()
        hot, cash = read_hot(frame, account), read_amounts(frame, account)[0]
        free = cash - hot.reserve - accrued_interest(cash, hot.interest_ms, frame.time_ms)
        for position in self.positions(account):
            state, terms = self.market(position.series), self.terms(position.series)
            value, initial, maintenance = contribute_standard(position, state)
            row = RiskRow(0, 1, value, initial, maintenance)
            free += value - require_standard(row, read_prices(frame).rows[terms.underlying])
        return max(0, min(free, cash))

    def insurance_usdc(self, account: int) -> int:
        """Return the insurance that stands behind an account, µUSDC."""
        frame = self.frame()
        insurer = find_insurer(read_hot(frame, account), read_cold(frame, account))
        return read_pools(frame).insurance[insurer]

    def haircut_usdc(self, account: int) -> int:
        """Return what the collateral of an account is worth beyond what it counts, µUSDC."""
        frame = self.frame()
        amounts, prices, assets = (
            read_amounts(frame, account),
            read_prices(frame),
            read_assets(frame),
        )
        total = 0
        for amount, row in zip(amounts[1:], assets.rows[1:], strict=True):
            if amount and row.underlying < len(prices.rows):
                worth = amount * prices.rows[row.underlying].reference // 10**row.exponent
                total += worth - worth * row.weight_ppm // _PPM
        return total

    # Records

    def order(
        self, party: Party, series: int, side: int, price: int, lots: int, **terms: int
    ) -> Reason:
        """Place an order: GTC unless told otherwise."""
        self._slot = (self._slot + 1) % _CLIENT_SLOTS
        order = PlaceOrder(
            account=party.account, key=0, series=series, side=side, kind=0, time_in_force=0,
            post_only=0, reduce_only=0, self_trade=0, price=price, quantity=lots, trigger=0,
            expiry=0, max_fee=MAX_FEE_PPM, slot=self._slot, nonce=self.machine.next_nonce(),
        )  # fmt: skip
        return self.machine.send(order._replace(**terms), party.address)

    def close(self, party: Party, slippage_bps: int) -> bool:
        """Send reduce-only orders that close all positions now; tell whether there were any."""
        found = self.positions(party.account)
        for position in found:
            side = SELL if position.lots > 0 else BUY
            away = -slippage_bps if side == SELL else slippage_bps
            most = self.terms(position.series).max_order_lots
            tick = self.tick(position.series, away)
            lots = min(abs(position.lots), most)
            self.order(party, position.series, side, tick, lots, time_in_force=IOC, reduce_only=1)
        return bool(found)

    def withdraw(self, party: Party, asset: int, amount: int) -> Reason:
        """Withdraw to the party's address."""
        nonce = self.machine.next_nonce()
        record = Withdraw(party.account, asset, amount, party.address, nonce)
        return self.machine.send(record, party.address)
