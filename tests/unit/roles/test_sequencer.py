"""The sequencer's policy: when to open, pull, seal and cut."""

import pytest

from rollup_node.roles.sequencer import (
    MARGIN_BYTES,
    MAX_BLOCK_RECORDS,
    MAX_PULLS,
    CutBatch,
    OpenBatch,
    PullMessages,
    SealBlock,
    SequencerPolicy,
    SequencerView,
    decide,
)

POLICY = SequencerPolicy(max_batch_bytes=100_000, max_batch_age_ms=5_000, block_interval_ms=1_000)
IDLE = SequencerView(
    now_ms=10_000,
    time_ms=9_900,
    opened_ms=None,
    batch_bytes=0,
    block_records=0,
    pending=False,
    delayed_seen=2,
    delayed_pulled=2,
)
OPEN = IDLE._replace(opened_ms=9_900, batch_bytes=7)


@pytest.mark.parametrize(
    ("view", "actions"),
    [
        (IDLE, []),
        (IDLE._replace(pending=True), [OpenBatch(10_000)]),
        (IDLE._replace(pending=True, time_ms=20_000), [OpenBatch(20_001)]),
        (
            IDLE._replace(delayed_seen=5),
            [OpenBatch(10_000), PullMessages(0, 3), SealBlock(20)],
        ),
        (IDLE._replace(fast_seen=2), [OpenBatch(10_000), PullMessages(2, 0), SealBlock(20)]),
        (OPEN, []),
        (OPEN._replace(delayed_seen=3), [PullMessages(0, 1), SealBlock(100)]),
        (OPEN._replace(delayed_seen=3, fast_seen=1), [PullMessages(1, 1), SealBlock(100)]),
        (OPEN._replace(fast_seen=4, fast_pulled=4), []),
        (
            OPEN._replace(fast_seen=10**6, delayed_seen=10**6),
            [PullMessages(MAX_PULLS, MAX_PULLS), SealBlock(100)],
        ),
        (OPEN._replace(fast_seen=1, now_ms=9_905), [PullMessages(1, 0), SealBlock(20)]),
        (OPEN._replace(fast_seen=1, now_ms=9_000), [PullMessages(1, 0), SealBlock(20)]),
        (OPEN._replace(block_records=1), []),
        (OPEN._replace(block_records=1, now_ms=10_900), [SealBlock(1_000)]),
        (OPEN._replace(block_records=0, now_ms=10_900), []),
        (OPEN._replace(block_records=MAX_BLOCK_RECORDS), [SealBlock(100)]),
        (OPEN._replace(now_ms=14_900), [CutBatch()]),
        (OPEN._replace(now_ms=14_900, delayed_seen=3), [CutBatch()]),
        (OPEN._replace(now_ms=14_900, fast_seen=1), [CutBatch()]),
        (OPEN._replace(batch_bytes=99_000), [CutBatch()]),
    ],
)
def test_decide_view_gives_actions(view: SequencerView, actions: list[object]) -> None:
    assert decide(view, POLICY) == actions


def test_pulls_of_a_block_and_its_seal_fit_into_the_margin() -> None:
    pull, seal = 3, 2 + 1 + 7
    assert 2 * MAX_PULLS * pull + seal <= MARGIN_BYTES


def test_batch_limit_never_exceeds_calldata() -> None:
    assert POLICY._replace(max_batch_bytes=10**6).batch_limit < 122_880
