"""What accounts of an owner held item after item, also when L1 goes back."""

from typing import Any, Final

from rollup_node.core.account_leaves import Directory, Position, Positions
from rollup_node.core.kinds import SeriesKind, SeriesStatus
from rollup_node.core.layout import (
    POSITION_LIMIT,
    balances_key,
    directory_key,
    expiry_key,
    owner_key,
    positions_key,
    sales_key,
    series_key,
    terms_key,
)
from rollup_node.core.leaves import Balances, Owner
from rollup_node.core.market_leaves import Expiry
from rollup_node.core.option_leaves import NO_PLACE, Sales
from rollup_node.node.account_tape import AccountTape, HeldPosition, Offer
from rollup_node.proof.chain_state import ChainState
from tests.unit.core.exchange import STATE, TERMS

VAULT, OTHER = b"\x07" * 20, b"\x08" * 20
ACCOUNT: Final = 5
CALL: Final = 2_048
STRIKE: Final = 3_200_000_000
EXPIRY_AT: Final = 1_795_766_400
NAME: Final = "ETH-27NOV26-3200-C"


class Replica:
    """As much of a replica as a tape sees of it: a state, and how many items led to it."""

    def __init__(self) -> None:
        self.state = ChainState({})
        self.item_count = 0
        self.items: list[Any] = []
        self.blocks = [Block(0)]
        self._marks: list[int] = []
        terms = TERMS._replace(kind=SeriesKind.CALL, underlying=0, expiry_slot=3, strike=STRIKE)
        expiry = Expiry(EXPIRY_AT, 0, 0, 0, 0, 0)
        self.state.commit({terms_key(CALL): terms, expiry_key(0, 3): expiry})
        self.state.commit({series_key(CALL): STATE._replace(funded_ms=0)})

    def derive(self, tape: AccountTape, messages: int = 0, **leaves: Any) -> None:
        """Execute an item that writes leaves, and tell the tape."""
        self._marks.append(self.state.mark())
        self.state.commit(leaves.get("writes", {}))
        self.item_count += 1
        self.items.append(Item((None,) * messages))
        self.blocks.append(Block(self.item_count * 1_000))
        tape.see(self)  # type: ignore[arg-type]

    def rewind(self, tape: AccountTape, kept: int) -> None:
        self.state.rewind(self._marks[kept])
        self.item_count = kept
        del self.items[kept:], self.blocks[kept + 1 :], self._marks[kept:]
        tape.rewind(kept)

    def accounts_of(self, owner: bytes) -> list[int]:
        found = self.state.get(owner_key(ACCOUNT))
        return [ACCOUNT] if found is not None and found.address == owner else []

    def owner(self, account: int) -> Owner | None:
        found: Owner | None = self.state.get(owner_key(account))
        return found

    def balances(self, account: int) -> Balances | None:
        found: Balances | None = self.state.get(balances_key(account))
        return found


class Block:
    """Its time is all that a tape reads."""

    def __init__(self, time_ms: int) -> None:
        self.time_ms = time_ms


class Item:
    """Whether it has delayed messages is all that a tape reads."""

    def __init__(self, delayed: tuple[None, ...]) -> None:
        self.item = self
        self.messages = self
        self.delayed = delayed


def money(cash: int, owner: bytes = VAULT) -> dict[Any, Any]:
    return {
        owner_key(ACCOUNT): Owner(owner, 0, 0),
        balances_key(ACCOUNT): Balances((cash, 0, 0, 0)),
    }


def short(lots: int, basis: int) -> dict[Any, Any]:
    page = (Position(CALL, lots, basis, 0, 0), *(Position(0, 0, 0, 0, 0),) * 7)
    return {
        directory_key(ACCOUNT): Directory((CALL, *(0,) * (POSITION_LIMIT - 1))),
        positions_key(ACCOUNT, 0): Positions(page),
    }


def sale(lots: int) -> dict[Any, Any]:
    place = NO_PLACE._replace(account=ACCOUNT, lots=lots, started_ms=1, ends_ms=9)
    return {sales_key(CALL): Sales((place, NO_PLACE, NO_PLACE, NO_PLACE))}


def test_see_notes_each_change_once_with_names() -> None:
    replica, tape = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(tape)
    replica.derive(tape, writes=money(100))
    replica.derive(tape)
    replica.derive(tape, messages=1, writes=sale(300))
    replica.derive(tape, writes=short(-120, -900) | sale(180) | money(97))
    found = tape.holdings(ACCOUNT)
    assert [held.items for held in found] == [2, 4, 5]
    assert [held.time_ms for held in found] == [2_000, 4_000, 5_000]
    assert [held.amounts[0] for held in found] == [100, 100, 97]
    assert [held.offer for held in found] == [
        None,
        Offer(NAME, STRIKE, 300),
        Offer(NAME, STRIKE, 180),
    ]
    assert found[-1].positions == (HeldPosition(CALL, NAME, STRIKE, -120, -900),)
    assert tape.first_item == 0


def test_see_forgets_what_nobody_bought_once_its_number_is_another_option() -> None:
    replica, tape = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(tape, writes=money(100))
    replica.derive(tape, messages=1, writes=sale(300))
    listed = TERMS._replace(kind=SeriesKind.CALL, underlying=0, expiry_slot=3, strike=2 * STRIKE)
    replica.derive(
        tape, writes={terms_key(CALL): listed, series_key(CALL): STATE._replace(funded_ms=2)}
    )
    offers = [held.offer for held in tape.holdings(ACCOUNT)]
    assert offers == [None, Offer(NAME, STRIKE, 300), None]


def test_see_knows_what_a_settled_position_was_paid() -> None:
    replica, tape = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(tape, writes=money(100) | short(-120, -900))
    gone = {directory_key(ACCOUNT): Directory((0,) * POSITION_LIMIT)}
    settled = STATE._replace(status=SeriesStatus.SETTLED, mark=3)
    replica.derive(tape, writes=money(640) | gone | {series_key(CALL): settled})
    assert [held.settled_usdc for held in tape.holdings(ACCOUNT)] == [0, -360]


def test_see_of_a_position_that_was_closed_knows_no_payoff() -> None:
    replica, tape = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(tape, writes=money(100) | short(-120, -900))
    gone = {directory_key(ACCOUNT): Directory((0,) * POSITION_LIMIT)}
    replica.derive(tape, writes=money(640) | gone | {series_key(CALL): STATE})
    assert tape.holdings(ACCOUNT)[-1].settled_usdc is None


def test_see_goes_on_with_an_account_that_was_taken_away() -> None:
    replica, tape = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(tape, writes=money(100))
    replica.derive(tape, writes=money(40, OTHER))
    assert [held.owner for held in tape.holdings(ACCOUNT)] == [VAULT, OTHER]
    assert tape.accounts_of(VAULT) == [ACCOUNT]


def test_rewind_forgets_what_came_after_and_finds_offers_again() -> None:
    replica, tape = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(tape, writes=money(100))
    replica.derive(tape, messages=1, writes=sale(300))
    replica.derive(tape, messages=1, writes=sale(0) | money(50))
    replica.rewind(tape, 2)
    assert [held.items for held in tape.holdings(ACCOUNT)] == [1, 2]
    replica.derive(tape, writes=money(99))
    last = tape.holdings(ACCOUNT)[-1]
    assert (last.items, last.amounts[0]) == (3, 99)
    assert last.offer == Offer(NAME, STRIKE, 300)


def test_rewind_before_the_first_item_begins_anew() -> None:
    replica, tape = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(tape, writes=money(100))
    replica.rewind(tape, 0)
    assert tape.first_item == -1
    assert not tape.holdings(ACCOUNT)
    replica.derive(tape, writes=money(7))
    assert [held.amounts[0] for held in tape.holdings(ACCOUNT)] == [7]


def test_tape_that_begins_late_says_from_where() -> None:
    replica, late = Replica(), AccountTape([VAULT], ["ETH"])
    replica.derive(AccountTape([], []), writes=money(100))
    replica.derive(late, writes=money(90))
    assert late.first_item == 1
    assert [held.amounts[0] for held in late.holdings(ACCOUNT)] == [90]
