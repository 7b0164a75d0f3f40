"""A crash on the law alone: small ones end to end, and each check catches what it is there for."""

import json
from typing import Any, Final

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.cli.demo_crash import crash as command
from rollup_node.cli.output import ExitCode
from rollup_node.core import leaving, standing
from rollup_node.core.account_leaves import NO_POSITION, NO_POSITIONS, Positions
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ACCOUNTS,
    CREDIT_KEY,
    DEPTHS,
    INDEX_BITS,
    POOLS_KEY,
    REGION_BITS,
    TOTALS_KEY,
    LeafKey,
    balances_key,
    hot_key,
    outbox_key,
    positions_key,
    series_key,
)
from rollup_node.core.leaves import Balances, Totals, Withdrawal
from rollup_node.core.market_leaves import Credit, Pools
from rollup_node.core.reason import Reason
from rollup_node.devnet.crash.audit import Audit
from rollup_node.devnet.crash.books import Books, Changes
from rollup_node.devnet.crash.bounds import Bounds, count_siblings
from rollup_node.devnet.crash.machine import Machine
from rollup_node.devnet.crash.story import START_MS, Crash, Spec
from rollup_node.devnet.price_script import PriceScript
from rollup_node.ports import InputError
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.multiproof import plan_siblings, sort_keys
from tests.property.ledger import Ledger
from tests.unit.core.book_audit import audit as audit_books

USD: Final = 1_000_000
ALICE: Final = b"\xaa" * 20


def run(prices: str, accounts: int, insurance: int, seed: int = 1) -> tuple[Crash, dict[str, Any]]:
    story = Crash(Spec(prices, accounts, seed, insurance), lambda _text: None)
    return story, story.run()


@pytest.fixture(scope="module")
def ruin() -> tuple[Crash, dict[str, Any]]:
    """Half the price in a minute, and next to no insurance."""
    return run("linear", 200, 10_000)


@pytest.fixture(scope="module")
def cascade() -> tuple[Crash, dict[str, Any]]:
    """October 2025, with enough insurance."""
    return run("october-2025", 200, 1_000_000)


# Whole stories


def test_crash_half_the_price_in_a_minute_leaves_a_deficit_that_is_accounted_for(
    ruin: tuple[Crash, dict[str, Any]],
) -> None:
    story, result = ruin
    assert result["passed"], result["broken"]
    assert result["ledger"]["difference"] == 0
    assert result["deficit"]["created_usdc"] > 0
    assert result["insurance"]["used_usdc"] > 9_000 * USD
    assert result["bad_debt_usdc"] == (
        result["insurance"]["used_usdc"] + result["deficit"]["created_usdc"]
    )
    assert 0 < result["deficit_ratio"]["USDC"] < 1
    left, borne = result["deficit"]["left_usdc"], result["deficit"]["borne_by_withdrawals_usdc"]
    assert left + borne == result["deficit"]["created_usdc"]
    assert borne > 0
    paid = result["withdrawals"]
    assert paid["asked_usdc"] - paid["paid_usdc"] == borne
    assert paid["before_the_deficit_usdc"] > 0
    assert result["liquidations"]["accounts"] > 100
    assert result["liquidations"]["taken_over"] > 0
    assert result["auctions"]["sold"] > 0
    assert result["makers_failed"] > 0
    assert result["triggers_fired"] > 0
    assert result["fund"] == {"accounts": 0, "collateral_usdc": 0, "debt_usdc": 0}
    assert story.machine.prices.rows[0].index_price == 1_750 * USD


def test_crash_of_october_2025_with_insurance_pays_everybody_in_full(
    cascade: tuple[Crash, dict[str, Any]],
) -> None:
    _, result = cascade
    assert result["passed"], result["broken"]
    assert result["ledger"]["difference"] == 0
    assert result["deficit"] == {
        "created_usdc": 0, "borne_by_withdrawals_usdc": 0, "left_usdc": 0,
    }  # fmt: skip
    assert result["deficit_ratio"]["USDC"] == 1
    assert result["withdrawals"]["asked_usdc"] == result["withdrawals"]["paid_usdc"] > 0
    assert result["bad_debt_usdc"] == result["insurance"]["used_usdc"] > 0
    assert result["reports_pending"] > 0, "the wick is above 5 % a second"


@pytest.mark.parametrize("which", ["ruin", "cascade"])
def test_crash_ends_in_a_state_that_the_checks_of_the_tests_accept(
    which: str, request: pytest.FixtureRequest
) -> None:
    story, result = request.getfixturevalue(which)
    machine = story.machine
    Ledger(machine.state, machine.now_ms).check()
    audit_books(machine.state)
    state = ChainState({})
    state.commit(machine.state)
    assert "0x" + state.root().hex() == result["state_root"]
    deposited = sum(machine.books.brought.values())
    left = story.founders_usdc + result["withdrawals"]["paid_usdc"]
    assert deposited == result["custody_usdc"] + left


def test_crash_steps_are_within_their_bounds_and_counted(
    ruin: tuple[Crash, dict[str, Any]],
) -> None:
    _, result = ruin
    bounds = result["bounds"]
    assert sum(result["steps_by_kind"].values()) == result["steps"]
    assert set(result["largest_step_by_kind"]) == set(result["steps_by_kind"])
    sizes = [step["bytes"] for step in result["largest_step_by_kind"].values()]
    assert max(sizes) == bounds["largest_opening_bytes"] < bounds["opening_limit_bytes"]
    weights = [step["weight"] for step in result["largest_step_by_kind"].values()]
    assert max(weights) == bounds["max_step_weight"] <= bounds["step_weight_limit"]
    assert bounds["heaviest_segment"] < 32_000_000
    kinds = {"LIQUIDATE", "TAKEOVER", "BID", "DRAIN", "SWEEP", "REFRESH", "LEAVE", "SAMPLE"}
    assert kinds <= set(result["steps_by_kind"])


def test_crash_same_seed_same_root_and_another_seed_another() -> None:
    roots = [run("linear", 50, 1_000, seed)[1]["state_root"] for seed in (3, 3, 4)]
    assert roots[0] == roots[1] != roots[2]


def test_crash_unknown_profile_is_refused() -> None:
    with pytest.raises(InputError, match="no price profile 'bank-holiday'"):
        Crash(Spec("bank-holiday", 50, 1, 0), lambda _text: None)


def test_linear_falls_to_half_in_sixty_seconds_and_moves_by_nothing_else() -> None:
    story = Crash(Spec("linear", 50, 1, 0), lambda _text: None)
    seconds = (0, 10, 40, 70, 700)
    prices = [story.process.price_at("ETH", 1_000 * second) // USD for second in seconds]
    assert prices == [3_500, 3_500, 2_625, 1_750, 1_750]
    assert PriceScript.parse("linear").activity_bps == 0


# A law that is wrong


@pytest.mark.sources
def test_crash_withdrawals_in_full_despite_a_deficit_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaving, "share_of_custody", lambda _custody, _deficit, amount: amount)
    _, result = run("linear", 100, 1_000)
    assert result["broken"].startswith("X-10: ")
    assert not result["passed"]


@pytest.mark.sources
def test_crash_claim_too_many_is_caught_and_end_with_code_6(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pay = standing.cover

    def give_more(frame: Any, account: int, hot: Any, missing: int, insurer: int) -> Any:
        hot = pay(frame, account, hot, missing, insurer)
        deficit, borrowed, cap = frame.get(CREDIT_KEY)
        frame.put(CREDIT_KEY, Credit(deficit + 1, borrowed, cap))
        return hot

    monkeypatch.setattr("rollup_node.core.auctions.cover", give_more)
    arguments = ["--accounts", "100", "--insurance", "1000", "--json"]
    outcome = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert outcome.return_value == ExitCode.SCENARIO_FAILED
    result = json.loads(outcome.stdout)
    assert result["broken"] == "X-2: TAKEOVER left -1 µUSDC without an owner"
    assert result["ledger"] is None
    assert result["state_root"] is None


# The command


def test_demo_crash_prints_a_report_for_people() -> None:
    outcome = CliRunner().invoke(command, ["--accounts", "50", "--insurance", "0"])
    assert outcome.exit_code == 0
    for words in (
        "in liquidation", "bad debt", "insurance before", "deficit made", "not accounted for",
        "withdrawals paid", "largest opening", "heaviest step", "a withdrawal pays: USDC 0.",
        "yes  every loss is accounted for",
    ):  # fmt: skip
        assert words in outcome.stdout
    assert "not accounted for                       0.000000 USDC" in outcome.stdout


# The books


def books() -> Books:
    return Books(lambda _account: ALICE)


def deposited(amount: int) -> Books:
    found = books()
    changes: Changes = {
        TOTALS_KEY: (None, Totals((amount, 0, 0, 0))),
        balances_key(1): (None, Balances((amount, 0, 0, 0))),
    }
    found.note(StepKind.DEPOSIT, changes)
    return found


def test_books_deposit_is_what_its_owner_brought() -> None:
    found = deposited(100)
    assert found.brought[ALICE] == found.custody == 100


def test_books_money_out_of_nowhere_is_caught() -> None:
    change: Changes = {balances_key(2): (None, Balances((1, 0, 0, 0)))}
    with pytest.raises(InvariantViolation, match=r"X-2: TAKE left 1 µUSDC without an owner"):
        deposited(100).note(StepKind.TAKE, change)


def test_books_other_asset_out_of_nowhere_is_caught() -> None:
    change: Changes = {balances_key(2): (None, Balances((0, 7, 0, 0)))}
    with pytest.raises(InvariantViolation, match="X-2: TAKE left 7 of asset 1"):
        deposited(100).note(StepKind.TAKE, change)


def test_books_positions_that_do_not_cancel_out_are_caught() -> None:
    row = NO_POSITION._replace(series=2, lots=5)
    page = Positions((row, *NO_POSITIONS.rows[1:]))
    with pytest.raises(InvariantViolation, match="X-1: TAKE left positions"):
        books().note(StepKind.TAKE, {positions_key(1, 0): (None, page)})


def test_books_open_interest_of_nobody_is_caught() -> None:
    machine = Machine(START_MS)
    state = machine.leaf(series_key(2))
    change: Changes = {series_key(2): (state, state._replace(open_interest=1))}
    with pytest.raises(InvariantViolation, match="X-1: TAKE left a wrong open interest"):
        books().note(StepKind.TAKE, change)


def test_books_deficit_that_vanishes_is_caught() -> None:
    found = deposited(100)
    grown: Changes = {
        CREDIT_KEY: (None, Credit(10, 0, 0)),
        balances_key(1): (Balances((100, 0, 0, 0)), Balances((110, 0, 0, 0))),
    }
    found.note(StepKind.TAKEOVER, grown)
    assert (found.deficit, found.uncovered) == (10, 10)
    back: Changes = {
        key: (after, before or Credit(0, 0, 0)) for key, (before, after) in grown.items()
    }
    with pytest.raises(InvariantViolation, match="X-2: TAKEOVER made the deficit shrink by 10"):
        found.note(StepKind.TAKEOVER, back)


@pytest.mark.parametrize(("paid", "good"), [(44, False), (45, True), (46, False), (50, False)])
def test_books_withdrawal_pays_its_part_of_custody_rounded_down(paid: int, *, good: bool) -> None:
    found = deposited(100)
    lacking: Changes = {
        CREDIT_KEY: (None, Credit(10, 0, 0)),
        balances_key(1): (Balances((100, 0, 0, 0)), Balances((110, 0, 0, 0))),
    }
    found.note(StepKind.TAKEOVER, lacking)
    changes: Changes = {
        TOTALS_KEY: (Totals((100, 0, 0, 0)), Totals((100 - paid, 0, 0, 0))),
        CREDIT_KEY: (Credit(10, 0, 0), Credit(10 - (50 - paid), 0, 0)),
        balances_key(1): (Balances((110, 0, 0, 0)), Balances((60, 0, 0, 0))),
        outbox_key(0): (None, Withdrawal(1, 0, paid, ALICE)),
    }
    if good:
        found.note(StepKind.WITHDRAW, changes)
        assert (found.took[ALICE], found.borne, found.least_ratio_ppm) == (50, 5, 909_090)
    else:
        with pytest.raises(InvariantViolation, match="X-10: "):
            found.note(StepKind.WITHDRAW, changes)


def test_books_count_what_the_insurance_takes_and_pays() -> None:
    found = deposited(100)
    pools = [Pools(fees, (insured, *(0,) * 7)) for fees, insured in ((0, 0), (0, 30), (30, 0))]
    give: Changes = {
        POOLS_KEY: (None, pools[1]),
        balances_key(1): (Balances((100, 0, 0, 0)), Balances((70, 0, 0, 0))),
    }
    found.note(StepKind.TAKE, give)
    found.note(StepKind.ADMIN, {POOLS_KEY: (pools[1], pools[2])})
    assert found.insurance_in == {StepKind.TAKE: 30}
    assert found.insurance_out == {StepKind.ADMIN: 30}
    assert (found.fees, found.insurance) == (30, 0)


# The bounds


@st.composite
def keys(draw: st.DrawFn) -> list[LeafKey]:
    regions = draw(st.lists(st.sampled_from(sorted(DEPTHS)), min_size=1, max_size=12))
    found = []
    for region in regions:
        index = draw(st.integers(0, (1 << DEPTHS[region] - REGION_BITS) - 1))
        found.append(LeafKey(region << INDEX_BITS | index))
    return found


@given(keys())
def test_count_siblings_is_the_length_of_the_plan(found: list[LeafKey]) -> None:
    distinct = sort_keys(found)
    assert count_siblings(set(found)) == len(plan_siblings(distinct))


def test_bounds_too_large_a_step_is_caught() -> None:
    many = [hot_key(account << 9) for account in range(1, 200)]
    with pytest.raises(InvariantViolation, match="G-1: TAKE needs"):
        Bounds().note(StepKind.TAKE, Reason.OK, None, many, {})


# The audit at the end


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("cash", "X-2: "),
        ("lots", "X-1: |X-2: "),
        ("row", "X-3: "),
        ("reserve", "BK-6: "),
        ("outbox", "L-4: "),
    ],
)
def test_audit_of_a_wrong_state_names_what_is_wrong(
    name: str, broken: str, cascade: tuple[Crash, dict[str, Any]]
) -> None:
    leaves: dict[LeafKey, Any] = dict(cascade[0].machine.state)
    Audit(leaves).check()
    first = ACCOUNTS << INDEX_BITS
    pages = [key for key, leaf in leaves.items() if isinstance(leaf, Positions)]
    held = next(key for key in pages if key >= first and leaves[key].rows[0].lots)
    account = (held - first) >> 5
    hot, page = leaves[hot_key(account)], leaves[held]
    if name == "cash":
        amounts = leaves[balances_key(account)].amounts
        leaves[balances_key(account)] = Balances((amounts[0] + 1, *amounts[1:]))
    elif name == "lots":
        rows = (page.rows[0]._replace(lots=page.rows[0].lots + 1), *page.rows[1:])
        leaves[held] = Positions(rows)
    elif name == "row":
        rows = tuple(
            row._replace(value=row.value + 1, epoch=price.epoch) if row.positions else row
            for row, price in zip(hot.rows, cascade[0].machine.prices.rows, strict=True)
        )
        leaves[hot_key(account)] = hot._replace(rows=rows)
    elif name == "reserve":
        leaves[hot_key(account)] = hot._replace(reserve=hot.reserve + 1)
    else:
        del leaves[outbox_key(0)]
    with pytest.raises(InvariantViolation, match=f"^({broken})"):
        Audit(leaves).check()


def test_settle_misses_not_a_single_unit(cascade: tuple[Crash, dict[str, Any]]) -> None:
    machine = cascade[0].machine
    owner = next(iter(machine.books.took))
    machine.books.took[owner] += 1
    try:
        with pytest.raises(InvariantViolation, match="CR-1: 1 µUSDC not accounted for"):
            Audit(machine.state).settle(machine.books)
    finally:
        machine.books.took[owner] -= 1
