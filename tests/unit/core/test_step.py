"""Every reason of the step function once, with its exact effect."""

from typing import Final

import pytest

from rollup_node.core.families import ACTIONS
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    Prune,
    RotateKey,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    MAX_BALANCE,
    TOTALS_KEY,
    LeafKey,
    balances_key,
    outbox_key,
    owner_key,
)
from rollup_node.core.leaves import Allocators, Balances, Cursor, Leaf, Owner, Totals, Withdrawal
from rollup_node.core.reason import Reason
from rollup_node.core.step import (
    apply_record,
    apply_seal,
    clamp_time,
    close_item,
    end_records,
    open_item,
    pull_message,
)

ALICE: Final = b"a" * 20
BOB: Final = b"b" * 20
CAROL: Final = b"c" * 20
HEADER: Final = ItemHeader(0, 500, bytes(32), 9, bytes(32), 7, bytes(32), 100, 200)
CURSOR: Final = Cursor(3, 50, 4, 2, 5, 150_000, 1, 3)


def state(**changes: Leaf) -> dict[LeafKey, Leaf]:
    """Return a state with two accounts, a cursor in an open item and 110 of asset 0."""
    leaves: dict[LeafKey, Leaf] = {
        CURSOR_KEY: CURSOR,
        ALLOCATORS_KEY: Allocators(7, 0, 0, 0),
        TOTALS_KEY: Totals((110, 0, 0, 0)),
        owner_key(1): Owner(ALICE, 0, 0),
        balances_key(1): Balances((100, 0, 0, 0)),
        owner_key(2): Owner(BOB, 0, 0),
        balances_key(2): Balances((10, 0, 0, MAX_BALANCE)),
    }
    names = {"allocators": ALLOCATORS_KEY, "cursor": CURSOR_KEY, "totals": TOTALS_KEY}
    return leaves | {names[name]: leaf for name, leaf in changes.items()}


def test_transfer_moves_the_amount_and_spends_the_nonce() -> None:
    outcome = apply_record(state(), Transfer(1, 2, 0, 60, 5), ALICE, 90)
    assert (outcome.kind, outcome.reason) == (StepKind.TRANSFER, Reason.OK)
    assert outcome.writes == {
        CURSOR_KEY: CURSOR._replace(offset=140),
        owner_key(1): Owner(ALICE, 5, 1),
        balances_key(1): Balances((40, 0, 0, 0)),
        balances_key(2): Balances((70, 0, 0, MAX_BALANCE)),
    }


def test_withdraw_appends_to_the_outbox() -> None:
    outcome = apply_record(state(), Withdraw(1, 0, 100, CAROL, 1), ALICE, 90)
    assert outcome.reason is Reason.OK
    assert outcome.writes[outbox_key(7)] == Withdrawal(1, 0, 100, CAROL)
    assert outcome.writes[ALLOCATORS_KEY] == Allocators(8, 0, 0, 0)
    assert outcome.writes[TOTALS_KEY] == Totals((10, 0, 0, 0))
    assert outcome.writes[balances_key(1)] == Balances((0, 0, 0, 0))


def test_rotate_key_changes_the_owner_and_keeps_the_window() -> None:
    outcome = apply_record(state(), RotateKey(1, CAROL, 4), ALICE, 90)
    assert outcome.writes[owner_key(1)] == Owner(CAROL, 4, 1)


@pytest.mark.parametrize(
    ("transaction", "reason"),
    [
        (Transfer(1, 2, 4, 1, 1), Reason.UNKNOWN_ASSET),
        (Transfer(1, 2, 0, 0, 1), Reason.ZERO_AMOUNT),
        (Transfer(1, 1, 0, 1, 1), Reason.SELF_TRANSFER),
        (Transfer(1, 0, 0, 1, 1), Reason.UNKNOWN_RECIPIENT),
        (Transfer(1, 1 << 22, 0, 1, 1), Reason.UNKNOWN_RECIPIENT),
        (Transfer(1, 9, 0, 1, 1), Reason.UNKNOWN_RECIPIENT),
        (Transfer(1, 2, 0, 101, 1), Reason.INSUFFICIENT_BALANCE),
        (Withdraw(1, 4, 1, CAROL, 1), Reason.UNKNOWN_ASSET),
        (Withdraw(1, 0, 0, CAROL, 1), Reason.ZERO_AMOUNT),
        (Withdraw(1, 0, 1, bytes(20), 1), Reason.ZERO_RECIPIENT),
        (Withdraw(1, 0, 101, CAROL, 1), Reason.INSUFFICIENT_BALANCE),
        (RotateKey(1, bytes(20), 1), Reason.ZERO_OWNER),
    ],
)
def test_rejected_transaction_spends_only_its_nonce(
    transaction: Transaction, reason: Reason
) -> None:
    outcome = apply_record(state(), transaction, ALICE, 90)
    assert outcome.reason is reason
    assert outcome.writes == {
        CURSOR_KEY: CURSOR._replace(offset=140),
        owner_key(1): Owner(ALICE, 1, 1),
    }


@pytest.mark.parametrize(
    ("account", "nonce", "signer", "reason"),
    [
        (0, 1, ALICE, Reason.UNKNOWN_ACCOUNT),
        (1 << 22, 1, ALICE, Reason.UNKNOWN_ACCOUNT),
        (5, 1, ALICE, Reason.UNKNOWN_ACCOUNT),
        (1, 1, None, Reason.BAD_SIGNATURE),
        (1, 1, BOB, Reason.BAD_SIGNATURE),
        (1, 150_000 + 86_400_001, ALICE, Reason.NONCE_TOO_NEW),
    ],
)
def test_unauthorised_transaction_moves_only_the_cursor(
    account: int, nonce: int, signer: bytes | None, reason: Reason
) -> None:
    outcome = apply_record(state(), Transfer(account, 2, 0, 1, nonce), signer, 90)
    assert outcome.reason is reason
    assert set(outcome.writes) == {CURSOR_KEY}


def test_transfer_to_a_full_balance_overflows() -> None:
    leaves = state() | {balances_key(1): Balances((0, 0, 0, 5))}
    outcome = apply_record(leaves, Transfer(1, 2, 3, 1, 1), ALICE, 90)
    assert outcome.reason is Reason.BALANCE_OVERFLOW


def test_withdraw_beyond_the_range_of_withdrawals_is_refused() -> None:
    leaves = state(allocators=Allocators(1 << 31, 0, 0, 0))
    outcome = apply_record(leaves, Withdraw(1, 0, 1, CAROL, 1), ALICE, 90)
    assert outcome.reason is Reason.OUTBOX_FULL
    assert set(outcome.writes) == {CURSOR_KEY, owner_key(1)}


@pytest.mark.parametrize(("sender", "reason"), [(ALICE, Reason.OK), (BOB, Reason.NOT_OWNER)])
def test_forced_transaction_obeys_its_sender_and_spends_no_nonce(
    sender: bytes, reason: Reason
) -> None:
    message = DelayedMessage(1, sender, 0, b"")
    outcome = pull_message(state(), message, Transfer(1, 2, 0, 1, 0))
    assert (outcome.kind, outcome.reason) == (StepKind.FORCED_TRANSFER, reason)
    assert outcome.writes[CURSOR_KEY] == CURSOR._replace(delayed=5, order_class=5)
    assert owner_key(1) not in outcome.writes


def test_pull_message_from_the_fast_queue_moves_the_other_count() -> None:
    message = DelayedMessage(3, CAROL, 0, b"\x30")
    outcome = pull_message(state(), message, None, 3, fast=True)
    assert (outcome.kind, outcome.reason) == (StepKind.FORCED_UNDECODABLE, Reason.UNDECODABLE)
    after = CURSOR._replace(fast=CURSOR.fast + 1, offset=53, order_class=5)
    assert outcome.writes == {CURSOR_KEY: after}


@pytest.mark.parametrize(("fast", "tag"), [(False, CURSOR.delayed), (True, CURSOR.fast)])
def test_pull_message_tells_the_family_the_number_in_its_queue(
    fast: bool, tag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Authority] = []

    def note(_frame: Frame, _said: object, authority: Authority) -> tuple[StepKind, Reason]:
        seen.append(authority)
        return StepKind.PRUNE, Reason.OK

    monkeypatch.setitem(ACTIONS, Prune, note)
    pull_message(state(), DelayedMessage(3, CAROL, 0, b""), Prune(1), fast=fast)
    assert seen == [Authority(CAROL, forced=True, tag=tag)]


@pytest.mark.parametrize(
    ("deposit", "reason", "is_refunded"),
    [
        (Deposit(1, ALICE, 0, 5), Reason.OK, False),
        (Deposit(9, ALICE, 0, 5), Reason.OK, False),
        (Deposit(9, ALICE, 0, 0), Reason.ZERO_AMOUNT, False),
        (Deposit(0, ALICE, 0, 5), Reason.UNKNOWN_ACCOUNT, True),
        (Deposit(1 << 21, ALICE, 0, 5), Reason.UNKNOWN_ACCOUNT, True),
        (Deposit(9, ALICE, 4, 5), Reason.UNKNOWN_ASSET, True),
        (Deposit(9, bytes(20), 0, 5), Reason.ZERO_OWNER, True),
        (Deposit(2, BOB, 3, 1), Reason.BALANCE_OVERFLOW, True),
    ],
)
def test_deposit_is_credited_or_refunded(
    deposit: Deposit, reason: Reason, is_refunded: bool
) -> None:
    outcome = pull_message(state(), DelayedMessage(0, CAROL, 0, b""), deposit, 3)
    assert (outcome.kind, outcome.reason) == (StepKind.DEPOSIT, reason)
    assert outcome.writes[CURSOR_KEY] == CURSOR._replace(delayed=5, offset=53, order_class=5)
    refund = Withdrawal(deposit.account, deposit.asset, deposit.amount, CAROL)
    assert outcome.writes.get(outbox_key(7)) == (refund if is_refunded else None)
    assert (balances_key(deposit.account) in outcome.writes) == (reason is Reason.OK)


def test_deposit_to_an_open_account_keeps_its_owner() -> None:
    outcome = pull_message(state(), DelayedMessage(0, CAROL, 0, b""), Deposit(1, BOB, 1, 5))
    assert owner_key(1) not in outcome.writes
    assert outcome.writes[balances_key(1)] == Balances((100, 5, 0, 0))


def test_deposit_over_the_limit_of_the_total_is_refunded() -> None:
    leaves = state(totals=Totals((0, 0, (1 << 96) - 5, 0)))
    outcome = pull_message(leaves, DelayedMessage(0, CAROL, 0, b""), Deposit(1, BOB, 2, 5))
    assert outcome.reason is Reason.BALANCE_OVERFLOW
    assert outcome.writes[outbox_key(7)] == Withdrawal(1, 2, 5, CAROL)


@pytest.mark.parametrize(
    ("cursor_ms", "time_ms", "expected"),
    [
        (0, 0, 100_000),
        (0, 150_500, 150_500),
        (0, 200_001, 200_000),
        (170_000, 150_000, 170_000),
        (900_000, 150_000, 900_000),
        (900_000, 999_999, 900_000),
    ],
)
def test_clamp_time_never_runs_back_and_keeps_the_bounds(
    cursor_ms: int, time_ms: int, expected: int
) -> None:
    assert clamp_time(CURSOR._replace(time_ms=cursor_ms), HEADER, time_ms) == expected


def test_open_item_reads_the_prefix_or_voids_the_batch() -> None:
    closed = CURSOR._replace(offset=0, phase=0)
    opened = closed._replace(block=6, phase=1)
    outcome = open_item(state(cursor=closed), HEADER, 160_000)
    first = opened._replace(offset=7, time_ms=160_000, order_class=0)
    assert outcome.writes == {CURSOR_KEY: first}
    outcome = open_item(state(cursor=closed), HEADER, None)
    assert outcome.reason is Reason.VOID_BATCH
    assert outcome.writes == {CURSOR_KEY: opened._replace(offset=500)}
    forced = HEADER._replace(kind=2, byte_length=0)
    outcome = open_item(state(cursor=closed), forced, None)
    assert (outcome.reason, outcome.writes) == (Reason.OK, {CURSOR_KEY: opened})


def test_seal_begins_a_block_and_bounds_its_time() -> None:
    outcome = apply_seal(state(), HEADER, 250, 4)
    expected = CURSOR._replace(offset=54, block=6, time_ms=150_250, order_class=0)
    assert outcome.writes == {CURSOR_KEY: expected}
    outcome = apply_seal(state(), HEADER, (1 << 48) - 1, 9)
    assert outcome.writes[CURSOR_KEY] == expected._replace(offset=59, time_ms=200_000)


@pytest.mark.parametrize(("delta_ms", "order_class"), [(0, 3), (19, 3), (20, 0), (21, 0)])
def test_seal_starts_the_order_classes_over_after_20_ms(delta_ms: int, order_class: int) -> None:
    outcome = apply_seal(state(), HEADER, delta_ms, 4)
    cursor = outcome.writes[CURSOR_KEY]
    assert isinstance(cursor, Cursor)
    assert cursor.order_class == order_class


def test_end_records_and_close_item_move_the_cursor() -> None:
    assert end_records(state(), 500).writes == {CURSOR_KEY: CURSOR._replace(offset=500)}
    closed = CURSOR._replace(item=4, offset=0, phase=0)
    assert close_item(state()).writes == {CURSOR_KEY: closed}
