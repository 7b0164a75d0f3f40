"""What accounts are worth in the exit state, what a debt takes, and what claims get.

Source: docs/spec.md E-5 to E-7. Twin: contracts/src/core/ExitClaims.sol.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rollup_node.core.account_leaves import NO_DIRECTORY, NO_POSITIONS, Position
from rollup_node.core.fixed_point import div_down, div_up
from rollup_node.core.layout import (
    ASSET_COUNT,
    ASSETS_KEY,
    POSITIONS_PER_PAGE,
    PRICES_KEY,
    UNDERLYING_LIMIT,
    balances_key,
    directory_key,
    owner_key,
    positions_key,
    series_key,
)
from rollup_node.core.leaves import LeafReader
from rollup_node.core.market_leaves import NO_ASSETS, NO_PRICES, AssetTerms, Prices, SeriesState
from rollup_node.core.risk import MAX_EXPONENT
from rollup_node.core.standing import FUND_OWNER

_NONE: Final[tuple[int, ...]] = (0, 0, 0, 0)


class AssetRate(NamedTuple):
    """What an asset is worth: µUSDC for 10^exponent of its smallest units; 0: nothing prices it."""

    price_usdc: int
    exponent: int


class Claim(NamedTuple):
    """What an account has a claim to, by asset, and what was taken of it for its debt.

    `worth_usdc` is cash and positions, signed; `covered_usdc` what `seized` is worth.
    """

    owner: bytes
    worth_usdc: int
    amounts: tuple[int, ...]
    covered_usdc: int
    seized: tuple[int, ...]


class Books(NamedTuple):
    """The sums that payments depend on, by asset where there is one for each."""

    pool: tuple[int, ...]
    claimed_usdc: int
    covered_usdc: int
    seized: tuple[int, ...]


def value_position(position: Position, series: SeriesState) -> int:
    """Return what a position adds to cash, in µUSDC, exact: M-4 with the funding that is due."""
    _, lots, basis, funding_index, _ = position
    return lots * (series.mark + funding_index - series.funding_index) - basis


def rate_assets(assets: AssetTerms, prices: Prices) -> tuple[AssetRate, ...]:
    """Return what each asset is worth where a debt is covered, without haircut."""
    rates = [AssetRate(0, 0)]
    for asset in range(1, ASSET_COUNT):
        underlying, exponent, _, _ = assets.rows[asset]
        if underlying >= UNDERLYING_LIMIT or exponent > MAX_EXPONENT:
            rates.append(AssetRate(0, 0))
        else:
            rates.append(AssetRate(prices.rows[underlying].reference, exponent))
    return tuple(rates)


def seize(
    debt_usdc: int, amounts: Sequence[int], rates: Sequence[AssetRate]
) -> tuple[int, tuple[int, ...]]:
    """Return (covered, seized): what covers a debt, in the order of the assets, and its worth.

    Both are rounded up: the first so that who shares it never gets more than the claim.
    """
    covered, seized = 0, [0] * ASSET_COUNT
    for asset in range(1, ASSET_COUNT):
        price, exponent = rates[asset]
        if price == 0:
            continue
        units = 10**exponent
        wanted = div_up(debt_usdc * units, price)
        taken = min(wanted, amounts[asset])
        covered += div_up(taken * price, units)
        debt_usdc = 0 if taken == wanted else debt_usdc - div_down(taken * price, units)
        seized[asset] = taken
    return covered, tuple(seized)


def list_pages(state: LeafReader, account: int) -> list[int]:
    """Return the first position number of each page that the directory names, ascending."""
    series = (state.get(directory_key(account)) or NO_DIRECTORY).series
    firsts = range(0, len(series), POSITIONS_PER_PAGE)
    return [first for first in firsts if any(series[first : first + POSITIONS_PER_PAGE])]


def list_positions(state: LeafReader, account: int) -> list[Position]:
    """Return the positions of an account, by their numbers."""
    pages = (
        state.get(positions_key(account, first)) or NO_POSITIONS
        for first in list_pages(state, account)
    )
    return [position for page in pages for position in page.rows if position.lots]


def compute_claim(state: LeafReader, account: int) -> Claim | None:
    """Return what an account has a claim to in the window; `None` if it is not open."""
    owner = state.get(owner_key(account))
    if owner is None:
        return None
    cash, *others = state.get(balances_key(account)).amounts
    worth = cash + sum(
        value_position(position, state.get(series_key(position.series)))
        for position in list_positions(state, account)
    )
    amounts: tuple[int, ...] = (max(worth, 0), *others)
    covered, seized = 0, _NONE
    if worth < 0:
        prices = state.get(PRICES_KEY) or NO_PRICES
        rates = rate_assets(state.get(ASSETS_KEY) or NO_ASSETS, prices)
        covered, seized = seize(-worth, amounts, rates)
        amounts = tuple(map(int.__sub__, amounts, seized))
    if owner.address == FUND_OWNER:
        amounts = _NONE
    return Claim(owner.address, worth, amounts, covered, seized)


def due_usdc(books: Books, claim: int) -> int:
    """Return the USDC that a claim gets once all are known, rounded down."""
    pool, claimed = books.pool[0], books.claimed_usdc
    return claim if claimed <= pool else div_down(claim * pool, claimed)


def due_seized(books: Books, claim: int, asset: int) -> int:
    """Return what a claim to USDC gets of the collateral that was seized, rounded down twice.

    Only so much of it is shared as is worth what the pool lacks.
    """
    pool, claimed, covered = books.pool[0], books.claimed_usdc, books.covered_usdc
    if claimed <= pool or covered == 0:
        return 0
    shared = books.seized[asset]
    missing = claimed - pool
    if missing < covered:
        shared = div_down(shared * missing, covered)
    return div_down(claim * shared, claimed)


def due(books: Books, claim: Claim) -> tuple[int, ...]:
    """Return what a claim of the window gets of each asset when the window is over."""
    usdc, *others = claim.amounts
    return (
        due_usdc(books, usdc),
        *(own + due_seized(books, usdc, asset) for asset, own in enumerate(others, 1)),
    )


def sum_claims(pool: Sequence[int], claims: Sequence[Claim]) -> Books:
    """Return the books after all these claims."""
    return Books(
        tuple(pool),
        sum(claim.amounts[0] for claim in claims),
        sum(claim.covered_usdc for claim in claims),
        tuple(sum(claim.seized[asset] for claim in claims) for asset in range(ASSET_COUNT)),
    )
