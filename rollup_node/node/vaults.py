"""Option vaults as L1 has them at one block, and what their account is in a state."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from rollup_node.codec.leaves import decode_leaf
from rollup_node.core.account_leaves import Hot
from rollup_node.core.kinds import SeriesStatus
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    EXPIRIES,
    PRICES_KEY,
    LeafKey,
    balances_key,
    board_key,
    expiry_key,
    hot_key,
    outbox_key,
    owner_key,
    series_key,
    terms_key,
)
from rollup_node.core.market_leaves import Expiry, Prices, SeriesState
from rollup_node.core.option_leaves import NO_BOARD, Board
from rollup_node.core.standing import has_positions
from rollup_node.node.config import RollupConfig, Vault
from rollup_node.node.replica import LeafProofs
from rollup_node.ports import L1Reader
from rollup_node.proof.chain_state import ChainState
from rollup_node.roles.vault_keeper import VaultEpoch, VaultPhase

SHARES_PRICED: Final = 10**24
"""A share price is that of so many shares, in the smallest unit of the asset."""
VIRTUAL_SHARES: Final = 10**6
"""What every conversion counts besides the shares there are; one unit of the asset goes with it."""
STEADY_MS: Final = 5_000
"""A board is complete when nothing was listed for so long."""
FRESH_MS: Final = 30_000
"""An index price is good for a sale up to this age; the exchange asks for less than a minute."""


class VaultTerms(NamedTuple):
    """What a vault is, as its contract was made; twin: contracts/src/types/Vault.sol."""

    bridge: bytes
    asset: bytes
    guardian: bytes
    fee_recipient: bytes
    is_call: bool
    underlying: int
    spot_series: int
    delta_ppm: int
    max_lots: int
    start_ppm: int
    reserve_ppm: int
    sale_seconds: int
    max_fee_ppm: int
    slippage_ppm: int
    max_rounds: int
    min_tenor_seconds: int
    loss_grace_seconds: int
    cap: int
    minimum: int
    management_ppm: int
    performance_ppm: int
    crank_fee: int
    crank_ppm: int


class VaultBooks(NamedTuple):
    """Sums of a vault in the smallest unit of its asset, or of shares."""

    managed: int
    idle: int
    incoming: int
    pending_deposits: int
    late_deposits: int
    pending_redeems: int
    late_redeems: int
    claimable: int
    fees: int


class VaultSight(NamedTuple):
    """A vault at one block of L1."""

    phase: VaultPhase
    epoch: VaultEpoch
    books: VaultBooks
    supply: int
    share_price: int
    cutoff_at: int
    next_expiry_at: int
    deposits_paused: bool


@dataclass
class VaultReader:
    """Reads one vault from L1."""

    vault: Vault
    address: bytes
    reader: L1Reader
    _terms: VaultTerms | None = None

    @classmethod
    def all_of(cls, rollup: RollupConfig, reader: L1Reader) -> "list[VaultReader]":
        """Return a reader for each vault of a rollup."""
        return [cls(vault, rollup.address(vault.contract), reader) for vault in rollup.vaults]

    async def terms(self) -> VaultTerms:
        """Return what the vault is; it never changes."""
        if self._terms is None:
            (found,) = await self.reader.call(self.vault.strategy, "terms")
            self._terms = VaultTerms(*found)
        return self._terms

    async def sight(self, now: int, block_hash: bytes | None = None) -> VaultSight:
        """Read where the vault stands; `now` is the time of the block."""
        books = VaultBooks(*await self.ask("books", block_hash=block_hash))
        supply = await self.ask_share("totalSupply", block_hash=block_hash)
        return VaultSight(
            phase=VaultPhase(await self.ask("phase", block_hash=block_hash)),
            epoch=VaultEpoch(*await self.ask("epoch", block_hash=block_hash)),
            books=books,
            supply=supply,
            share_price=share_price(books.managed, supply),
            cutoff_at=await self.ask("cutoffAt", block_hash=block_hash),
            next_expiry_at=await self.expiry_after(now),
            deposits_paused=await self.ask("depositsPaused", block_hash=block_hash),
        )

    async def expiry_after(self, time: int) -> int:
        """Return the date that a roll at a time (unix seconds) sells to."""
        (found,) = await self.reader.call(self.vault.strategy, "expiryAfter", time)
        return int(found)

    async def ask(self, function: str, *arguments: object, block_hash: bytes | None = None) -> Any:  # noqa: ANN401 - what the view answers
        """Return the only result of a view of the vault."""
        contract = self.vault.contract
        (found,) = await self.reader.call(contract, function, *arguments, block_hash=block_hash)
        return found

    async def ask_share(
        self, function: str, *arguments: object, block_hash: bytes | None = None
    ) -> int:
        """Return the only result of a view of the token of its shares."""
        share = self.vault.share
        (found,) = await self.reader.call(share, function, *arguments, block_hash=block_hash)
        return int(found)


def share_price(assets: int, supply: int) -> int:
    """Return the assets of 10^24 shares, rounded down: 10^18 at par. Source: docs/vaults.md."""
    return (assets + 1) * SHARES_PRICED // (supply + VIRTUAL_SHARES)


class StateSight(NamedTuple):
    """The account of a vault in a proven state."""

    consumed: int
    time_ms: int
    outbox_next: int
    owner: bytes
    group: int
    amounts: tuple[int, ...]
    has_positions: bool


def settle_keys(terms: VaultTerms, account: int) -> list[LeafKey]:
    """Return the leaves that `settle` opens."""
    market = [PRICES_KEY, terms_key(terms.spot_series)] if terms.is_call else []
    return [CURSOR_KEY, *market, ALLOCATORS_KEY, *_account_keys(account)]


def close_keys(account: int, slot: int) -> list[LeafKey]:
    """Return the leaves that `close` opens."""
    return [CURSOR_KEY, *_account_keys(account), outbox_key(slot)]


def adopt_keys(account: int) -> list[LeafKey]:
    """Return the leaves that `adopt` opens."""
    return [hot_key(account), owner_key(account)]


def _account_keys(account: int) -> list[LeafKey]:
    return [hot_key(account), owner_key(account), balances_key(account)]


def find_group(account: int, hot: Hot | None) -> int:
    """Return the group of an account: one that never traded is its own, as in the law."""
    return account if hot is None else hot.group


def is_held(vault: bytes, group: int, owner: bytes, actual: int) -> bool:
    """Tell whether a vault has not lost an account with this owner, `actual` its group now.

    An owner alone proves nothing: who bought an account may give it back, and keep the keys that
    trade for it. Nobody puts it back into its group. Twin: `VaultStrategy._isHeld`.
    """
    return owner == vault and actual == group


def read_proven(proof: LeafProofs, account: int) -> StateSight:
    """Read the leaves of `settle_keys`; an account that is not open has nothing."""
    values = dict(zip(proof.keys, proof.values, strict=True))

    def leaf(key: LeafKey) -> Any:  # noqa: ANN401 - the key decides
        return decode_leaf(key, values[key]) if values[key] else None

    cursor, owner = leaf(CURSOR_KEY), leaf(owner_key(account))
    hot, balances = leaf(hot_key(account)), leaf(balances_key(account))
    return StateSight(
        cursor.delayed,
        cursor.time_ms,
        leaf(ALLOCATORS_KEY).outbox_next,
        bytes(20) if owner is None else owner.address,
        find_group(account, hot),
        (0, 0, 0, 0) if balances is None else balances.amounts,
        hot is not None and has_positions(hot),
    )


def can_sell(
    state: ChainState, terms: VaultTerms, expiry_at: int, times_ms: tuple[int, int]
) -> bool:
    """Tell whether all options of a date are listed and priced by now, and the index is fresh.

    A sale takes the best strike that has a price when it begins: while strikes are being listed
    that may be any. `times_ms` are those of the state and of L1.
    """
    time_ms, _ = times_ms
    if not is_fresh(state, terms.underlying, times_ms):
        return False
    for slot in range(EXPIRIES):
        expiry: Expiry | None = state.get(expiry_key(terms.underlying, slot))
        if expiry is not None and expiry.expiry_at == expiry_at:
            board: Board = state.get(board_key(terms.underlying, slot)) or NO_BOARD
            listed = [row.series + (not terms.is_call) for row in board.strikes if row.series]
            return bool(listed) and all(_is_priced(state, each, time_ms) for each in listed)
    return False


def is_fresh(state: ChainState, underlying: int, times_ms: tuple[int, int]) -> bool:
    """Tell whether the index is fresh by the time of the state, and by that of L1.

    After a pause of L2 prices that are fresh in its state are old.
    """
    prices: Prices | None = state.get(PRICES_KEY)
    return prices is not None and max(times_ms) - prices.rows[underlying].index_ms <= FRESH_MS


def _is_priced(state: ChainState, series: int, time_ms: int) -> bool:
    """Tell whether an option trades, has a mark, and was not listed just now."""
    now: SeriesState | None = state.get(series_key(series))
    if now is None or now.status != SeriesStatus.TRADING:
        return False
    return now.mark > 0 and time_ms - now.funded_ms >= STEADY_MS
