"""The client's copy of a book: follows, and notices what is missing."""

from typing import Any

import pytest

from rollup_node.client.book import BookGapError, LocalBook


def _snapshot(change_id: int, bids: list[list[Any]], asks: list[list[Any]]) -> dict[str, Any]:
    return {"type": "snapshot", "timestamp": 1, "change_id": change_id, "bids": bids, "asks": asks}


def _change(change_id: int, previous: int, bids: list[list[Any]]) -> dict[str, Any]:
    return {
        "type": "change",
        "timestamp": 2,
        "change_id": change_id,
        "prev_change_id": previous,
        "bids": bids,
        "asks": [],
    }


def _book() -> LocalBook:
    book = LocalBook("ETH-PERPETUAL")
    bids = [["new", 10.5, 1.0], ["new", 10.0, 2.0]]
    book.apply(_snapshot(7, bids, [["new", 11.0, 3.0], ["new", 12.0, 4.0]]))
    return book


def test_apply_image_sorts_both_sides() -> None:
    book = _book()
    assert book.bids == [(10.5, 1.0), (10.0, 2.0)]
    assert book.asks == [(11.0, 3.0), (12.0, 4.0)]
    assert (book.best_bid, book.best_ask) == (10.5, 11.0)


def test_apply_change_sets_and_deletes_levels() -> None:
    book = _book()
    book.apply(_change(9, 7, [["delete", 10.5, 0.0], ["change", 10.0, 5.0], ["new", 9.0, 1.0]]))
    assert book.bids == [(10.0, 5.0), (9.0, 1.0)]
    assert (book.change_id, book.best_bid, book.timestamp) == (9, 10.0, 2)


def test_apply_change_after_a_missing_one_empties_the_book() -> None:
    book = _book()
    with pytest.raises(BookGapError, match=r"change 9 follows 8 \(expected\) 7"):
        book.apply(_change(9, 8, []))
    assert (book.bids, book.asks, book.best_bid, book.change_id) == ([], [], None, None)
    with pytest.raises(BookGapError):
        book.apply(_change(10, 9, []))


def test_apply_image_after_a_gap_begins_anew() -> None:
    book = _book()
    book.apply(_snapshot(20, [], [["new", 11.0, 1.0]]))
    assert (book.bids, book.asks) == ([], [(11.0, 1.0)])
