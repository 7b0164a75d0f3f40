"""The sixty prices of a settlement: when each is due, which it is, what publishers sign."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_node.core.inputs import SettlementPrice
from rollup_node.roles.oracle_reports import (
    Observation,
    OraclePolicy,
)
from rollup_node.roles.oracle_settlement import (
    MAX_PER_TURN,
    Collect,
    ExpiryView,
    PostSettlement,
    SettlementMemory,
    SettlementView,
    Slot,
    compute_sample,
    decide,
    due_slots,
    note_signed,
)
from rollup_node.roles.publisher import Objection, check_sample

POLICY = OraclePolicy()
EXPIRY = 1_700_000_000
AT_MS = EXPIRY * 1_000
EMPTY = ExpiryView(1, 2, EXPIRY, 0)
P = 60_000_000_000


def test_slot_time_is_on_the_grid_and_ends_at_the_expiry() -> None:
    times = [Slot(1, 2, EXPIRY, number).time_ms for number in range(60)]
    assert times[0] == AT_MS - 1_770_000
    assert times[59] == AT_MS
    assert {after - before for before, after in pairwise(times)} == {30_000}


@pytest.mark.parametrize(
    ("now_ms", "numbers"),
    [
        (AT_MS - 1_770_001, []),
        (AT_MS - 1_770_000, [0]),
        (AT_MS - 1_740_000, [0, 1]),
        (AT_MS, list(range(60))),
        (AT_MS + 1_799_999, list(range(60))),
        (AT_MS + 1_800_000, []),
    ],
)
def test_due_slots_come_on_time_and_end_half_an_hour_late(now_ms: int, numbers: list[int]) -> None:
    assert [slot.number for slot in due_slots(EMPTY, now_ms)] == numbers


def test_due_slots_leave_out_what_the_exchange_has() -> None:
    seen = EMPTY._replace(rounds=(1 << 60) - 1 & ~(1 << 17))
    assert [slot.number for slot in due_slots(seen, AT_MS)] == [17]
    assert due_slots(EMPTY._replace(expiry=0), AT_MS) == []


def test_decide_collects_the_oldest_first_and_not_too_many() -> None:
    other = ExpiryView(0, 1, EXPIRY - 30, 0)
    view = SettlementView(AT_MS - 1_740_000, [EMPTY, other])
    _, actions = decide(view, SettlementMemory(), POLICY)
    assert [(action.slot.underlying, action.slot.number) for action in actions] == [  # type: ignore[union-attr]
        (0, 0),
        (0, 1),
        (1, 0),
        (0, 2),
        (1, 1),
    ]
    _, many = decide(SettlementView(AT_MS, [EMPTY]), SettlementMemory(), POLICY)
    assert len(many) == MAX_PER_TURN


def test_decide_catches_up_after_a_pause() -> None:
    memory, rounds, turns = SettlementMemory(), 0, 0
    while rounds != (1 << 60) - 1:
        view = SettlementView(AT_MS + 100 * turns, [EMPTY._replace(rounds=rounds)])
        memory, actions = decide(view, memory, POLICY)
        for action in actions:
            assert isinstance(action, Collect)
            rounds |= 1 << action.slot.number
        turns += 1
    assert turns == 8
    assert decide(SettlementView(AT_MS + 900, []), memory, POLICY)[0] == SettlementMemory()


def test_decide_missing_sample_is_sent_again_and_then_posted_on_l1() -> None:
    memory, slot = SettlementMemory(), Slot(1, 2, EXPIRY, 0)
    signed = SettlementPrice(*slot, P, (b"s",) * 3)
    collected, posted = [], []
    for second in range(90):
        now_ms = slot.time_ms + second * 1_000
        only = EMPTY._replace(rounds=(1 << 60) - 2)
        memory, actions = decide(SettlementView(now_ms, [only]), memory, POLICY)
        for action in actions:
            if isinstance(action, PostSettlement):
                assert action.sample == signed
                posted.append(second)
            else:
                collected.append(second)
                memory = note_signed(memory, signed)
    assert collected[:4] == [0, 2, 4, 6]
    assert posted == [15, 45, 75]


def test_compute_sample_is_the_median_at_that_time() -> None:
    slot = Slot(1, 2, EXPIRY, 30)
    values = [P, P + 1, P + 2, P + 3, 5 * P]
    observations = [Observation(n, value, slot.time_ms) for n, value in enumerate(values)]
    assert compute_sample(slot, observations, POLICY) == SettlementPrice(*slot, P + 2, ())
    assert compute_sample(slot, observations[:2], POLICY) is None
    stale = [seen._replace(time_ms=slot.time_ms - 3_001) for seen in observations]
    assert compute_sample(slot, stale, POLICY) is None


SAMPLE = SettlementPrice(1, 2, EXPIRY, 30, P, ())
SAMPLE_MS = Slot(1, 2, EXPIRY, 30).time_ms


@pytest.mark.parametrize(
    ("sample", "now_ms", "objection"),
    [
        (SAMPLE, SAMPLE_MS, Objection.NONE),
        (SAMPLE, AT_MS + 1_799_999, Objection.NONE),
        (SAMPLE, SAMPLE_MS - 1, Objection.WRONG_TIME),
        (SAMPLE, AT_MS + 1_800_000, Objection.WRONG_TIME),
        (SAMPLE._replace(number=60), AT_MS, Objection.OUT_OF_RANGE),
        (SAMPLE._replace(price=0), AT_MS, Objection.OUT_OF_RANGE),
        (SAMPLE._replace(number=31), AT_MS, Objection.BLIND),
        (SAMPLE._replace(price=P + P // 200 + 1), AT_MS, Objection.TOO_FAR),
    ],
)
def test_check_sample_signs_only_what_it_saw_then(
    sample: SettlementPrice, now_ms: int, objection: Objection
) -> None:
    own = Observation(1, P, SAMPLE_MS)
    assert check_sample(sample, own, now_ms, POLICY) == objection


def test_check_sample_blind_publisher_does_not_sign() -> None:
    assert check_sample(SAMPLE, None, AT_MS, POLICY) == Objection.BLIND


@given(st.integers(0, (1 << 60) - 1), st.integers(AT_MS - 2_000_000, AT_MS + 2_000_000))
def test_decide_never_collects_what_is_there_early_or_late(rounds: int, now_ms: int) -> None:
    view = SettlementView(now_ms, [EMPTY._replace(rounds=rounds)])
    for action in decide(view, SettlementMemory(), POLICY)[1]:
        assert isinstance(action, Collect)
        assert not rounds >> action.slot.number & 1
        assert action.slot.time_ms <= now_ms < AT_MS + 1_800_000
