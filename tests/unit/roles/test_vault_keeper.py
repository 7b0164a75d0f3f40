"""Which crank is turned next, from every place in which a vault can be."""

from typing import Any

import pytest

from rollup_node.roles.vault_keeper import (
    GATHER_SECONDS,
    PATIENCE_SECONDS,
    Adopt,
    Close,
    Collect,
    Exit,
    OutboxEntry,
    ProvenAccount,
    ResendSale,
    Roll,
    Settle,
    VaultEpoch,
    VaultKeeper,
    VaultPhase,
    VaultView,
    WriteOff,
)

NOW = 1_800_000_000
EXPIRY_AT = NOW - 100
ACCOUNT = 7
MESSAGE = 20
FLOOR = 4
GRACE = 1_000

OPEN_EPOCH = VaultEpoch(3, 0, 0, 0, ACCOUNT, MESSAGE, 0, 0, 0, 0, 0, 0, 0, 0, ACCOUNT)
ROLLED = OPEN_EPOCH._replace(expiry_at=EXPIRY_AT, rolled_at=EXPIRY_AT - 500_000)
SENT = ROLLED._replace(outbox_floor=FLOOR, sent_balance=5_000)
DONE = ProvenAccount(MESSAGE + 1, EXPIRY_AT * 1_000, is_held=True, has_positions=False, heirs=())
PAID = OutboxEntry(FLOOR, ACCOUNT, is_finalized=True)


def view(phase: VaultPhase, epoch: VaultEpoch, **changes: Any) -> VaultView:
    base = VaultView(
        now=NOW,
        phase=phase,
        exit_mode=False,
        epoch=epoch,
        supply=100,
        queued=0,
        grace_seconds=GRACE,
        sells=True,
        sells_again=False,
        is_fresh=True,
        proven=DONE,
        entries=(),
    )
    return base._replace(**changes)


def decide(seen: VaultView) -> object:
    return VaultKeeper().decide(seen)


def test_decide_open_with_shares_and_options_to_sell_rolls() -> None:
    assert decide(view(VaultPhase.OPEN, OPEN_EPOCH)) == Roll()


def test_decide_open_without_options_to_sell_waits() -> None:
    assert decide(view(VaultPhase.OPEN, OPEN_EPOCH, sells=False)) is None


def test_decide_open_without_shares_or_deposits_waits() -> None:
    assert decide(view(VaultPhase.OPEN, OPEN_EPOCH, supply=0)) is None


def test_decide_first_deposits_wait_for_each_other_and_need_no_options() -> None:
    keeper = VaultKeeper()
    first = view(VaultPhase.OPEN, OPEN_EPOCH, supply=0, queued=9, sells=False)
    assert keeper.decide(first) is None
    assert keeper.decide(first._replace(now=NOW + GATHER_SECONDS - 1)) is None
    assert keeper.decide(first._replace(now=NOW + GATHER_SECONDS)) == Roll()


def test_decide_gathers_anew_after_a_generation_began() -> None:
    keeper = VaultKeeper()
    first = view(VaultPhase.OPEN, OPEN_EPOCH, supply=0, queued=9)
    assert keeper.decide(first) is None
    assert keeper.decide(view(VaultPhase.OPEN, OPEN_EPOCH)) == Roll()
    later = first._replace(now=NOW + 10 * GATHER_SECONDS)
    assert keeper.decide(later) is None


@pytest.mark.parametrize("phase", [VaultPhase.LOCKED, VaultPhase.SALE, VaultPhase.LIVE])
def test_decide_state_after_the_expiry_without_positions_settles(phase: VaultPhase) -> None:
    assert decide(view(phase, ROLLED)) == Settle()


@pytest.mark.parametrize(
    "proven",
    [
        None,
        DONE._replace(consumed=MESSAGE),
        DONE._replace(time_ms=EXPIRY_AT * 1_000 - 1),
        DONE._replace(has_positions=True),
    ],
)
def test_decide_state_that_proves_no_end_waits(proven: ProvenAccount | None) -> None:
    assert decide(view(VaultPhase.LIVE, ROLLED, proven=proven)) is None


@pytest.mark.parametrize("phase", list(VaultPhase))
def test_decide_sale_that_would_begin_is_sent_again_while_live_alone(phase: VaultPhase) -> None:
    week = ROLLED._replace(expiry_at=NOW + 400_000, rolled_at=NOW - 90_000)
    seen = view(phase, week, sells_again=True, sells=False, proven=None)
    assert decide(seen) == (ResendSale() if phase is VaultPhase.LIVE else None)
    assert decide(seen._replace(sells_again=False)) is None
    assert decide(seen._replace(exit_mode=True)) == (None if phase is VaultPhase.EXITED else Exit())


def test_decide_lost_account_settles_whatever_it_holds_now() -> None:
    lost = DONE._replace(is_held=False, has_positions=True)
    assert decide(view(VaultPhase.LIVE, ROLLED, proven=lost)) == Settle()


@pytest.mark.parametrize(
    ("phase", "epoch"), [(VaultPhase.LIVE, ROLLED), (VaultPhase.SETTLED, SENT)]
)
def test_decide_proof_waits_for_fresh_prices_but_not_for_ever(
    phase: VaultPhase, epoch: VaultEpoch
) -> None:
    keeper, stale = VaultKeeper(), view(phase, epoch, is_fresh=False)
    assert keeper.decide(stale) is None
    assert keeper.decide(stale._replace(now=NOW + PATIENCE_SECONDS - 1)) is None
    assert keeper.decide(stale._replace(now=NOW + PATIENCE_SECONDS)) == Settle()
    assert keeper.decide(stale._replace(now=NOW + PATIENCE_SECONDS, is_fresh=True)) == Settle()
    assert keeper.decide(stale._replace(now=NOW + PATIENCE_SECONDS + 1)) is None


def test_decide_close_needs_no_prices() -> None:
    seen = view(VaultPhase.SETTLED, SENT, entries=(PAID,), is_fresh=False)
    assert decide(seen) == Close(FLOOR)


def test_decide_settled_waits_until_the_state_has_its_message() -> None:
    early = DONE._replace(consumed=MESSAGE)
    assert decide(view(VaultPhase.SETTLED, SENT, proven=early)) is None


def test_decide_paid_withdrawal_closes_though_a_later_message_waits() -> None:
    early = DONE._replace(consumed=MESSAGE)
    seen = view(VaultPhase.SETTLED, SENT, proven=early, entries=(PAID,))
    assert decide(seen) == Close(FLOOR)


def test_decide_settled_with_a_paid_withdrawal_closes() -> None:
    assert decide(view(VaultPhase.SETTLED, SENT, entries=(PAID,))) == Close(FLOOR)


@pytest.mark.parametrize("is_finalized", [True, False])
def test_decide_settled_with_an_account_that_was_lost_proves_that(is_finalized: bool) -> None:
    lost = DONE._replace(is_held=False, has_positions=True)
    entries = (PAID._replace(is_finalized=is_finalized),)
    seen = view(VaultPhase.SETTLED, SENT, proven=lost, entries=entries)
    assert decide(seen) == Settle()
    early = lost._replace(consumed=MESSAGE)
    assert decide(seen._replace(proven=early)) is None


def test_decide_settled_with_an_unpaid_withdrawal_waits() -> None:
    waiting = PAID._replace(is_finalized=False)
    assert decide(view(VaultPhase.SETTLED, SENT, entries=(waiting,))) is None


def test_decide_settled_without_a_withdrawal_asks_again() -> None:
    assert decide(view(VaultPhase.SETTLED, SENT)) == Settle()


def test_decide_settled_after_a_conversion_asks_again() -> None:
    converted = SENT._replace(sent_balance=0, rounds=1)
    assert decide(view(VaultPhase.SETTLED, converted)) == Settle()


def test_decide_withdrawal_of_an_earlier_epoch_is_collected_first() -> None:
    old = PAID._replace(slot=FLOOR - 1)
    assert decide(view(VaultPhase.SETTLED, SENT, entries=(old, PAID))) == Collect(FLOOR - 1)


def test_decide_payment_of_another_account_is_collected_while_open() -> None:
    other = PAID._replace(account=ACCOUNT + 1)
    assert decide(view(VaultPhase.OPEN, OPEN_EPOCH, entries=(other,))) == Collect(FLOOR)


def test_decide_unpaid_stray_payment_does_not_hold_up_anything() -> None:
    other = PAID._replace(account=ACCOUNT + 1, is_finalized=False)
    assert decide(view(VaultPhase.OPEN, OPEN_EPOCH, entries=(other,))) == Roll()


def test_decide_loss_waits_for_other_evidence_then_writes_off() -> None:
    lost = SENT._replace(lost_at=NOW - GRACE + 1, sent_balance=0)
    assert decide(view(VaultPhase.SETTLED, lost)) is None
    assert decide(view(VaultPhase.SETTLED, lost, now=NOW + 1)) == WriteOff()


def test_decide_loss_with_what_a_liquidation_left_adopts_it() -> None:
    lost = SENT._replace(lost_at=NOW, sent_balance=0)
    proven = DONE._replace(is_held=False, heirs=(1 << 21, (1 << 21) + 1))
    assert decide(view(VaultPhase.SETTLED, lost, proven=proven)) == Adopt(1 << 21)


def test_decide_late_payment_of_a_lost_account_is_collected() -> None:
    lost = SENT._replace(lost_at=NOW - GRACE)
    assert decide(view(VaultPhase.SETTLED, lost, entries=(PAID,))) == Collect(FLOOR)


@pytest.mark.parametrize("phase", list(VaultPhase))
def test_decide_exit_mode_comes_before_everything(phase: VaultPhase) -> None:
    found = decide(view(phase, SENT, exit_mode=True, entries=(PAID,)))
    assert found == (Collect(FLOOR) if phase is VaultPhase.EXITED else Exit())


def test_decide_exited_without_payments_is_at_rest() -> None:
    assert decide(view(VaultPhase.EXITED, SENT, exit_mode=True)) is None
