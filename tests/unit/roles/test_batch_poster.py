"""What a batch poster posts: each batch once and in order, whatever it remembers."""

from collections.abc import Sequence

import pytest

from rollup_node.roles.batch_poster import (
    MAX_CALLDATA_BYTES,
    MESSAGE_PATIENCE_SECONDS,
    CutBatch,
    PosterMemory,
    PosterView,
    decide,
    is_blob_batch,
)

BATCHES = [CutBatch(number, b"batch %d" % number, number, number >> 1) for number in range(4)]


def _view(
    items: Sequence[bytes],
    *,
    kept: int,
    first: int = 0,
    received: int = 4,
    received_fast: int = 4,
    l1_time: int = 100,
) -> PosterView:
    return PosterView(
        l1_time=l1_time,
        kept_items=kept,
        items=items,
        accumulator=b"acc %d" % len(items),
        consumed=0,
        received=received,
        delayed_accumulator=lambda count: b"delayed %d" % count,
        fast_consumed=0,
        fast_received=received_fast,
        fast_accumulator=lambda count: b"fast %d" % count,
        first_batch=first,
        batches=BATCHES[first:],
        complete=True,
    )


def test_decide_fresh_memory_finds_what_is_posted_and_continues() -> None:
    items = [BATCHES[0].data, b"foreign", BATCHES[1].data]
    memory, (action,) = decide(_view(items, kept=0), PosterMemory())
    assert (action.number, action.expected_accumulator) == (2, b"acc 3")
    assert (action.delayed_count, action.expected_delayed_accumulator) == (2, b"delayed 2")
    assert (action.fast_count, action.expected_fast_accumulator) == (1, b"fast 1")
    assert memory.next_batch == 2


def test_decide_everything_posted_does_nothing() -> None:
    memory, actions = decide(_view([batch.data for batch in BATCHES], kept=0), PosterMemory())
    assert (memory.next_batch, actions) == (4, ())


def test_decide_same_view_twice_posts_the_same_batch() -> None:
    memory, first = decide(_view([BATCHES[0].data], kept=0), PosterMemory())
    _, second = decide(_view([BATCHES[0].data], kept=1, first=1), memory)
    assert first == second


def test_decide_reorg_that_drops_a_batch_posts_it_again() -> None:
    memory, _ = decide(_view([BATCHES[0].data, BATCHES[1].data], kept=0), PosterMemory())
    memory, (action,) = decide(_view([BATCHES[0].data, b"forced"], kept=1, first=1), memory)
    assert action.number == 1
    assert memory.matches == (0,)


def test_decide_items_beyond_the_window_waits_for_more_batches() -> None:
    view = _view([b"x"], kept=0, first=0)
    short = PosterView(
        **{name: getattr(view, name) for name in view.__slots__}
        | {"batches": [], "complete": False}
    )
    memory, actions = decide(short, PosterMemory())
    assert (memory.scanned, actions) == (0, ())


def test_decide_missing_messages_waits_then_posts_with_those_received() -> None:
    items = [BATCHES[0].data, BATCHES[1].data]
    memory, actions = decide(_view(items, kept=0, received=1), PosterMemory())
    assert actions == ()
    late = 100 + MESSAGE_PATIENCE_SECONDS
    _, (action,) = decide(_view(items, kept=2, first=2, received=1, l1_time=late), memory)
    assert (action.delayed_count, action.fast_count) == (1, 1)


def test_decide_missing_fast_messages_waits_then_posts_with_those_received() -> None:
    items = [BATCHES[0].data, BATCHES[1].data]
    memory, actions = decide(_view(items, kept=0, received_fast=0), PosterMemory())
    assert actions == ()
    late = 100 + MESSAGE_PATIENCE_SECONDS
    _, (action,) = decide(_view(items, kept=2, first=2, received_fast=0, l1_time=late), memory)
    assert (action.delayed_count, action.fast_count) == (2, 0)
    assert action.expected_fast_accumulator == b"fast 0"


@pytest.mark.parametrize(
    ("number", "size", "mode", "expected"),
    [
        (0, 10, "alternate", False),
        (1, 10, "alternate", True),
        (1, 10, "calldata", False),
        (0, MAX_CALLDATA_BYTES + 1, "calldata", True),
        (0, 10, "blob", True),
    ],
)
def test_is_blob_batch(number: int, size: int, mode: str, expected: bool) -> None:
    assert is_blob_batch(CutBatch(number, bytes(size), 0), mode) is expected  # type: ignore[arg-type]
