"""What accounts claim in exit mode, and what claims get: each rule of E-5 to E-7 by numbers."""

from rollup_node.core.account_leaves import NO_DIRECTORY, NO_POSITIONS, Position
from rollup_node.core.exit_claims import (
    AssetRate,
    Books,
    compute_claim,
    due,
    list_pages,
    rate_assets,
    seize,
    sum_claims,
    value_position,
)
from rollup_node.core.layout import (
    ASSETS_KEY,
    PRICES_KEY,
    LeafKey,
    balances_key,
    directory_key,
    owner_key,
    positions_key,
    series_key,
)
from rollup_node.core.leaves import Amounts, Balances, Leaf, Owner
from rollup_node.core.market_leaves import (
    NO_ASSETS,
    NO_PRICE,
    NO_PRICES,
    AssetRow,
    AssetTerms,
    Prices,
    SeriesState,
)
from rollup_node.core.standing import FUND_OWNER

ETH = AssetRate(3_000_000_000, 18)
BTC = AssetRate(60_000_000_000, 8)
NONE = AssetRate(0, 0)
RATES = (NONE, ETH, BTC, NONE)
OWNER = b"\xaa" * 20


def _series(mark: int, funding_index: int) -> SeriesState:
    return SeriesState(1, *(0,) * 17)._replace(mark=mark, funding_index=funding_index)


def _state(cash: int, ether: int, positions: dict[int, Position]) -> dict[LeafKey, Leaf]:
    amounts: Amounts = (cash, ether, 0, 5)
    leaves: dict[LeafKey, Leaf] = {
        owner_key(1): Owner(OWNER, 0, 0),
        balances_key(1): Balances(amounts),
        series_key(1): _series(2_500_000, 10_000),
    }
    directory = list(NO_DIRECTORY.series)
    for number, position in positions.items():
        directory[number] = position.series
        rows = list(NO_POSITIONS.rows)
        rows[number % 8] = position
        leaves[positions_key(1, number)] = NO_POSITIONS._replace(rows=tuple(rows))
    if positions:
        leaves[directory_key(1)] = NO_DIRECTORY._replace(series=tuple(directory))
    price = NO_PRICE._replace(reference=3_000_000_000, index_price=1)
    leaves[PRICES_KEY] = Prices((price, *NO_PRICES.rows[1:]), 0)
    half = AssetRow(0, 18, 500_000, 1)
    leaves[ASSETS_KEY] = AssetTerms((*NO_ASSETS.rows[:1], half, *NO_ASSETS.rows[2:]))
    return leaves


def test_value_position_counts_mark_basis_and_funding_that_is_due() -> None:
    series = _series(2_500_000, 10_000)
    assert value_position(Position(1, 100, 200_000_000, 0, 0), series) == 49_000_000
    assert value_position(Position(1, -100, -200_000_000, 0, 0), series) == -49_000_000


def test_compute_claim_of_a_winner_is_cash_and_worth_and_every_balance() -> None:
    state = _state(10_000_000, 7, {9: Position(1, 100, 200_000_000, 0, 0)})
    claim = compute_claim(state, 1)
    assert claim == (OWNER, 59_000_000, (59_000_000, 7, 0, 5), 0, (0, 0, 0, 0))


def test_compute_claim_of_a_debtor_loses_collateral_without_haircut_or_cap() -> None:
    state = _state(30_000_000, 10**18, {127: Position(1, -100, -200_000_000, 0, 0)})
    claim = compute_claim(state, 1)
    taken = -(-19 * 10**18 // 3_000)
    assert claim == (OWNER, -19_000_000, (0, 10**18 - taken, 0, 5), 19_000_001, (0, taken, 0, 0))


def test_compute_claim_of_the_fund_is_nothing_but_its_debt_is_covered() -> None:
    state = _state(30_000_000, 10**18, {0: Position(1, -100, -200_000_000, 0, 0)})
    state[owner_key(1)] = Owner(FUND_OWNER, 0, 0)
    claim = compute_claim(state, 1)
    assert claim is not None
    assert claim.amounts == (0, 0, 0, 0)
    assert claim.covered_usdc == 19_000_001


def test_compute_claim_of_an_account_that_is_not_open_is_none() -> None:
    assert compute_claim(_state(1, 1, {}), 2) is None


def test_list_pages_names_those_of_the_directory_alone() -> None:
    positions = {number: Position(1, 1, 0, 0, 0) for number in (0, 7, 16, 127)}
    assert list_pages(_state(1, 1, positions), 1) == [0, 16, 120]
    assert list_pages(_state(1, 1, {}), 1) == []


def test_rate_assets_without_underlying_or_with_too_many_decimals_is_none() -> None:
    prices = Prices((NO_PRICE._replace(reference=5), *NO_PRICES.rows[1:]), 0)
    rows = (
        AssetRow(0, 1, 1, 1),
        AssetRow(0, 36, 1, 1),
        AssetRow(0, 37, 1, 1),
        AssetRow(8, 1, 1, 1),
    )
    rates = rate_assets(AssetTerms(rows), prices)
    assert rates == (NONE, AssetRate(5, 36), NONE, NONE)


def test_seize_goes_on_with_the_next_asset_and_rounds_against_the_debtor() -> None:
    covered, seized = seize(19_000_000, (0, 10**15, 10**8, 77), RATES)
    assert seized == (0, 10**15, 26_667, 0)  # 16 USD of 60,000 a piece of 10^8
    assert covered == 3_000_000 + 16_000_200
    assert seize(0, (0, 1, 1, 1), RATES) == (0, (0, 0, 0, 0))
    assert seize(10**12, (0, 1, 1, 1), RATES) == (1 + 600, (0, 1, 1, 0))


def test_due_of_a_pool_that_suffices_is_the_claim_and_no_collateral() -> None:
    winner = compute_claim(_state(10_000_000, 7, {9: Position(1, 100, 200_000_000, 0, 0)}), 1)
    assert winner is not None
    books = Books((59_000_000, 0, 0, 0), 59_000_000, 19_000_001, (0, 10**15, 0, 0))
    assert due(books, winner) == winner.amounts


def test_due_of_a_short_pool_shares_as_much_collateral_as_is_missing() -> None:
    claims = [
        compute_claim(_state(10_000_000, 0, {9: Position(1, 100, 200_000_000, 0, 0)}), 1),
        compute_claim(_state(30_000_000, 10**18, {9: Position(1, -100, -200_000_000, 0, 0)}), 1),
    ]
    known = [claim for claim in claims if claim]
    short = sum_claims((40_000_000, 10**18, 0, 10), known)
    taken = short.seized[1]
    assert due(short, known[0]) == (40_000_000, taken * 19_000_000 // 19_000_001, 0, 5)
    assert due(short, known[1]) == (0, 10**18 - taken, 0, 5)
    half = sum_claims((49_500_000, 10**18, 0, 10), known)
    assert due(half, known[0])[:2] == (49_500_000, taken * 9_500_000 // 19_000_001)
    shorter = sum_claims((20_000_000, 10**18, 0, 10), known)
    assert due(shorter, known[0])[:2] == (20_000_000, taken)
