"""The auditor holds the state together after every block: positions, custody, claims, books.

It counts along: only leaves that changed since the block before are looked at, so an audit costs
what the block cost, not what the state holds. Its own sums come from positions, balances and orders
alone; what the law wrote down as totals is compared with them. Ids are those of
docs/invariants.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from rollup_node.core.account_leaves import Hot, RiskRow
from rollup_node.core.book_leaves import Order
from rollup_node.core.flags import FUND_FLAG
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    ASSET_COUNT,
    BALANCES_FIELD,
    CREDIT_KEY,
    HOT_FIELD,
    INDEX_BITS,
    ORDERS,
    POOLS_KEY,
    POSITION_LIMIT,
    POSITIONS_FIELD,
    PRICES_KEY,
    RISK_FIELD,
    SERIES,
    SERIES_FIELD_BITS,
    TOTALS_KEY,
    LeafKey,
    account_risk_key,
    hot_key,
    positions_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Balances, LeafReader
from rollup_node.core.market_leaves import (
    NO_CREDIT,
    NO_POOLS,
    Credit,
    Pools,
    SeriesState,
    SeriesTerms,
)
from rollup_node.core.portfolio import weigh_risk
from rollup_node.core.risk import find_model
from rollup_node.roles.portfolio_sums import NO_SUM, sum_portfolio

_INDEX_MASK: Final = (1 << INDEX_BITS) - 1
_FIELD_MASK: Final = (1 << ACCOUNT_FIELD_BITS) - 1
_PAGES: Final = POSITION_LIMIT >> 3

_Count = Callable[[int, Any, int], None]


class Auditor:
    """Sums over the whole state, kept up leaf by leaf; `blocks` counts the audits."""

    def __init__(self) -> None:
        self.blocks = 0
        self._seen: dict[LeafKey, Any] = {}
        self._amounts = [0] * ASSET_COUNT
        self._borrowed = 0
        self._basis = 0
        self._funding = 0
        self._lots: Counter[int] = Counter()
        self._longs: Counter[int] = Counter()
        self._positions: Counter[int] = Counter()
        self._reserves: Counter[int] = Counter()
        self._orders: Counter[int] = Counter()
        self._queued: Counter[tuple[int, bool]] = Counter()
        self._accounts: set[int] = set()
        self._series: set[int] = set()

    def audit(self, state: LeafReader, changed: Iterable[LeafKey]) -> None:
        """Take in what changed since the last audit, then hold everything together.

        Parameters
        ----------
        state
            The state at the end of a block.
        changed
            At least the keys that were written since the last audit.

        Raises
        ------
        InvariantViolation
            Something does not add up; the message begins with the id of the invariant.
        """
        for key in changed:
            new, old = state.get(key), self._seen.get(key)
            if new is not old:
                self._replace(key, old, new)
        self._check_money(state)
        for series in self._series:
            self._check_series(series, state)
        for account in self._accounts:
            self._check_account(account, state)
        self._series.clear()
        self._accounts.clear()
        self.blocks += 1

    def _replace(self, key: LeafKey, old: Any, new: Any) -> None:  # noqa: ANN401 - any leaf
        region, index = key >> INDEX_BITS, key & _INDEX_MASK
        owner, field = index >> ACCOUNT_FIELD_BITS, index & _FIELD_MASK
        if region == SERIES:
            self._seen[key] = new
            self._series.add(index >> SERIES_FIELD_BITS)
        elif region == ACCOUNTS and (field == HOT_FIELD or RISK_FIELD <= field < POSITIONS_FIELD):
            self._seen[key] = new
            self._accounts.add(owner)
        elif region == ACCOUNTS and field == BALANCES_FIELD:
            self._recount(key, self._count_balances, old, new)
        elif region == ACCOUNTS and field >= POSITIONS_FIELD:
            self._recount(key, self._count_positions, old, new)
        elif region == ORDERS:
            self._recount(key, self._count_order, old, new)

    def _recount(self, key: LeafKey, count: _Count, old: Any, new: Any) -> None:  # noqa: ANN401
        """Take an old leaf out of the sums and a new one in."""
        owner = (key & _INDEX_MASK) >> ACCOUNT_FIELD_BITS
        self._seen[key] = new
        if old is not None:
            count(owner, old, -1)
        if new is not None:
            count(owner, new, 1)

    def _count_balances(self, owner: int, balances: Balances, sign: int) -> None:
        self._accounts.add(owner)
        for asset, amount in enumerate(balances.amounts):
            self._amounts[asset] += sign * amount
        self._borrowed += sign * max(0, -balances.amounts[0])

    def _count_positions(self, owner: int, page: Any, sign: int) -> None:  # noqa: ANN401 - a page
        self._accounts.add(owner)
        for series, lots, basis, funding_index, _ in page.rows:
            if lots:
                self._series.add(series)
                self._lots[series] += sign * lots
                self._longs[series] += sign * max(lots, 0)
                self._basis += sign * basis
                self._funding += sign * lots * funding_index
                self._positions[owner] += sign

    def _count_order(self, _owner: int, order: Order, sign: int) -> None:
        if order.account:
            self._accounts.add(order.account)
            self._series.add(order.series)
            self._reserves[order.account] += sign * order.reserve
            self._orders[order.account] += sign
            self._queued[order.series, order.trigger != 0] += sign

    def _check_money(self, state: LeafReader) -> None:
        """Hold custody against what accounts and pools hold. X-2, X-7, X-12."""
        totals = state.get(TOTALS_KEY).amounts
        pools: Pools = state.get(POOLS_KEY) or NO_POOLS
        credit: Credit = state.get(CREDIT_KEY) or NO_CREDIT
        held = self._amounts[0] + self._funding - self._basis + pools.fees + sum(pools.insurance)
        held += sum(lots * _payout(series, state) for series, lots in self._lots.items() if lots)
        _demand(held == totals[0] + credit.deficit, f"X-2: USDC {held - totals[0]} too much")
        for asset in range(1, ASSET_COUNT):
            _demand(self._amounts[asset] == totals[asset], f"X-2: asset {asset}")
        _demand(self._borrowed == credit.borrowed, f"X-7: borrowed {credit.borrowed}")
        _demand(pools.fees >= 0 and min(pools.insurance) >= 0, f"X-7: pools {pools}")

    def _check_series(self, number: int, state: LeafReader) -> None:
        """Check positions and the head of the book. X-1, X-12, X-20, BK-1, BK-7."""
        now: SeriesState | None = state.get(series_key(number))
        if now is None:
            return
        lots, longs = self._lots[number], self._longs[number]
        if now.status == SeriesStatus.SETTLED:
            longs += longs - lots  # both sides, each settles by itself
        else:
            _demand(lots == 0, f"X-1: positions of series {number} sum to {lots}")
            terms: SeriesTerms = state.get(terms_key(number))
            _demand(longs <= terms.open_interest_cap, f"X-20: open interest of series {number}")
        _demand(longs == now.open_interest, f"X-1: open interest of series {number}")
        is_open = not (now.bid and now.ask) or now.bid < now.ask
        _demand(is_open, f"BK-1: series {number} is crossed, {now.bid} and {now.ask}")
        counted = self._queued[number, False], self._queued[number, True]
        _demand(counted == (now.orders, now.triggers), f"BK-7: series {number} counts {counted}")

    def _check_account(self, number: int, state: LeafReader) -> None:
        """Check what an account says of its own orders and positions. X-2, X-3, X-4, BK-6."""
        balances: Balances | None = self._seen.get(LeafKey(hot_key(number) + BALANCES_FIELD))
        if balances is not None:
            _demand(min(balances.amounts[1:]) >= 0, f"X-2: account {number} lacks an asset")
        hot = state.get(hot_key(number))
        if hot is None:
            return
        _demand(hot.reserve == self._reserves[number], f"BK-6: reserve of account {number}")
        _demand(hot.open_orders == self._orders[number], f"BK-6: orders of account {number}")
        positions = sum(row.positions for row in hot.rows)
        _demand(positions == self._positions[number], f"X-3: account {number} has {positions}")
        for row in hot.rows:
            _demand(row.maintenance <= row.initial, f"X-4: account {number}")
        if find_model(hot.mode).weigh is not None:
            self._check_portfolio(number, hot, state)

    def _check_portfolio(self, number: int, hot: Hot, state: LeafReader) -> None:
        """Sum the rows and risk leaves of an account under portfolio margin anew. X-3, X-24."""
        _demand(not hot.flags & FUND_FLAG, f"X-24: account {number} of the fund")
        first = positions_key(number, 0)
        pages = [self._seen.get(LeafKey(first + page)) for page in range(_PAGES)]
        held = (row for page in pages if page is not None for row in page.rows if row.lots)
        sums, prices = sum_portfolio(state, held), state.get(PRICES_KEY)
        for underlying, (row, price) in enumerate(zip(hot.rows, prices.rows, strict=True)):
            if row.positions == 0 or row.epoch != price.epoch:
                continue
            count, value, risk = sums.get(underlying, NO_SUM)
            expected = RiskRow(row.epoch, count, value, *weigh_risk(risk))
            _demand(row == expected, f"X-3: account {number}, underlying {underlying}")
            leaf = state.get(account_risk_key(number, underlying))
            _demand(leaf == risk, f"X-24: account {number}, underlying {underlying}")


def _payout(series: int, state: LeafReader) -> int:
    """Return what a lot of a settled series still pays, in µUSDC; 0 of any other."""
    now: SeriesState = state.get(series_key(series))
    return now.mark if now.status == SeriesStatus.SETTLED else 0


def _demand(good: bool, message: str) -> None:
    if not good:
        raise InvariantViolation(message)
