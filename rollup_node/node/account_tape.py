"""What accounts of some owners held after each inbox item: balances, positions, by L2 time.

Kept for telling what a vault sold and paid: nothing is decided by it. A node that went on from a
snapshot knows nothing of the items before it, and says so.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rollup_node.core.account_leaves import NO_DIRECTORY, NO_POSITIONS, Directory, Positions
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import (
    FIRST_OPTION,
    POSITIONS_PER_PAGE,
    SERIES_LIMIT,
    directory_key,
    expiry_key,
    positions_key,
    sales_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import NO_AMOUNTS, Amounts
from rollup_node.core.market_leaves import NO_EXPIRY, Expiry, SeriesState, SeriesTerms
from rollup_node.core.option_leaves import NO_SALES, Sales
from rollup_node.node.instruments import series_name
from rollup_node.node.replica import Replica
from rollup_node.proof.chain_state import ChainState


class HeldPosition(NamedTuple):
    """Lots of an instrument (negative: short), and what they cost, µUSDC (negative: were paid)."""

    series: int
    name: str
    strike_usdc: int
    lots: int
    basis_usdc: int


class Offer(NamedTuple):
    """What is left of the sale of an account, and of which option."""

    name: str
    strike_usdc: int
    lots: int


class Holding(NamedTuple):
    """What an account held after the item before `items`; `time_ms` is the L2 time there.

    `settled_usdc` is what the positions that it had before and has no more were paid at the end of
    their dates; `None` if one of them went in another way.
    """

    items: int
    time_ms: int
    owner: bytes
    amounts: Amounts
    positions: tuple[HeldPosition, ...]
    offer: Offer | None
    settled_usdc: int | None


class AccountTape:
    """Follows one replica, item after item; an account that was seen once is followed for ever."""

    def __init__(self, owners: Iterable[bytes], symbols: Sequence[str]) -> None:
        """Take whose accounts to follow, and the names of the underlyings by number."""
        self._owners, self._symbols = tuple(owners), symbols
        self._tapes: dict[int, list[Holding]] = {}
        self._offered: dict[int, int] | None = None
        self.first_item = -1
        """Items before this one were not seen, -1: none was."""

    def see(self, replica: Replica) -> None:
        """Take note of what the last item left, as soon as it was executed."""
        if self.first_item < 0:
            self.first_item = replica.item_count - 1
        for owner in self._owners:
            for account in replica.accounts_of(owner):
                self._tapes.setdefault(account, [])
        if self._offered is None or replica.items[-1].item.messages.delayed:
            self._offered = self._find_offers(replica.state)  # only a message begins a sale
        for account, tape in self._tapes.items():
            before = tape[-1] if tape else None
            found = self._read(replica, account, before)
            if before is None or before[2:-1] != found[2:-1]:
                tape.append(found)

    def rewind(self, kept_items: int) -> None:
        """Forget what was after the first items."""
        if kept_items <= self.first_item:
            self._tapes.clear()
            self.first_item = -1
        self._offered = None
        for tape in self._tapes.values():
            del tape[bisect_left(tape, kept_items + 1, key=lambda held: held.items) :]

    def accounts_of(self, owner: bytes) -> list[int]:
        """Return the accounts that this owner ever had, ascending."""
        return sorted(
            account
            for account, tape in self._tapes.items()
            if any(held.owner == owner for held in tape)
        )

    def holdings(self, account: int) -> Sequence[Holding]:
        """Return what an account held, oldest first, one for each change."""
        return self._tapes.get(account, ())

    def _read(self, replica: Replica, account: int, before: Holding | None) -> Holding:
        owner, balances = replica.owner(account), replica.balances(account)
        positions = tuple(self._positions(replica.state, account))
        known = {held.series for held in positions}
        gone = [held for held in before.positions if held.series not in known] if before else []
        return Holding(
            replica.item_count,
            replica.blocks[-1].time_ms,
            bytes(20) if owner is None else owner.address,
            NO_AMOUNTS if balances is None else balances.amounts,
            positions,
            self._offer(replica.state, account),
            _settle(replica.state, gone),
        )

    def _find_offers(self, state: ChainState) -> dict[int, int]:
        """Return the options that these accounts offer, by account."""
        found = [
            (place.started_ms, place.account, series)
            for series in range(FIRST_OPTION, SERIES_LIMIT)
            for place in (state.get(sales_key(series)) or NO_SALES).places
            if place.lots and place.account in self._tapes
        ]
        return {account: series for _, account, series in sorted(found)}

    def _offer(self, state: ChainState, account: int) -> Offer | None:
        series = None if self._offered is None else self._offered.get(account)
        listed: SeriesState | None = None if series is None else state.get(series_key(series))
        if series is None or listed is None:
            return None
        sales: Sales = state.get(sales_key(series)) or NO_SALES
        # What is left of a sale stays in its place when the number is given to another option.
        own = [place for place in sales.places if place.account == account]
        left = sum(place.lots for place in own if listed.funded_ms < place.started_ms)
        return Offer(*self._name(state, series), left) if left else None

    def _positions(self, state: ChainState, account: int) -> Iterator[HeldPosition]:
        """Yield the positions of an account in the order of their numbers."""
        directory: Directory = state.get(directory_key(account)) or NO_DIRECTORY
        for number, series in enumerate(directory.series):
            if series:
                page: Positions = state.get(positions_key(account, number)) or NO_POSITIONS
                row = page.rows[number % POSITIONS_PER_PAGE]
                yield HeldPosition(series, *self._name(state, series), row.lots, row.basis)

    def _name(self, state: ChainState, series: int) -> tuple[str, int]:
        """Return what the field calls a series, and its strike."""
        terms: SeriesTerms = state.get(terms_key(series))
        expiry: Expiry = state.get(expiry_key(terms.underlying, terms.expiry_slot)) or NO_EXPIRY
        name = series_name(self._symbols[terms.underlying], terms, expiry.expiry_at)
        return name, terms.strike


def _settle(state: ChainState, gone: Iterable[HeldPosition]) -> int | None:
    """Return what positions were paid that ended with their dates (V-10), `None` if one did not."""
    paid = 0
    for held in gone:
        now: SeriesState | None = state.get(series_key(held.series))
        if now is None or now.status != SeriesStatus.SETTLED:
            return None
        paid += held.lots * now.mark
    return paid
