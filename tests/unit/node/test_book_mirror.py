"""Books made of what happened to orders: levels, images and the chain of changes."""

from rollup_node.core.book_leaves import Order
from rollup_node.node.book_mirror import BookMirror
from rollup_node.rpc.market_data import LevelChange, Side

SELL = 1


def _order(tick: int, remaining: int, flags: int = 0, trigger: int = 0, series: int = 1) -> Order:
    return Order(1, series, flags, tick, trigger, remaining, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_put_adds_levels_and_image_is_best_first() -> None:
    mirror = BookMirror()
    for slot, (tick, lots, flags) in enumerate(
        ((10, 1, 0), (12, 2, 0), (12, 3, 0), (15, 4, SELL), (14, 5, SELL)), 1
    ):
        mirror.put(slot, _order(tick, lots, flags))
    (change,) = mirror.take_changes(7)
    assert LevelChange(Side.BUY, 12, 0, 5) in change.levels
    image = mirror.image(1)
    assert (image.bids, image.asks) == ([(12, 5), (10, 1)], [(14, 5), (15, 4)])
    assert (image.change_id, image.time_ms) == (change.change_id, 7)
    assert mirror.best(1) == ((12, 5), (14, 5))


def test_take_changes_adds_up_and_leaves_out_what_came_back() -> None:
    mirror = BookMirror()
    mirror.put(1, _order(10, 5))
    (first,) = mirror.take_changes(1)
    mirror.fill(1, 2)
    mirror.put(2, _order(11, 1))
    mirror.remove(2)
    mirror.put(1, _order(10, 3))
    (second,) = mirror.take_changes(2)
    assert second.levels == [LevelChange(Side.BUY, 10, 5, 3)]
    assert second.change_id == first.change_id + 1
    mirror.put(3, _order(9, 1))
    mirror.remove(3)
    assert mirror.take_changes(3) == []


def test_put_at_another_place_moves_the_order() -> None:
    mirror = BookMirror()
    mirror.put(1, _order(10, 5))
    mirror.take_changes(1)
    mirror.put(1, _order(20, 4, SELL, series=2))
    changes = {change.series: change.levels for change in mirror.take_changes(2)}
    assert changes == {
        1: [LevelChange(Side.BUY, 10, 5, 0)],
        2: [LevelChange(Side.SELL, 20, 0, 4)],
    }


def test_put_trigger_order_is_in_no_book() -> None:
    mirror = BookMirror()
    mirror.put(1, _order(10, 5, trigger=11))
    assert mirror.take_changes(1) == []
    mirror.remove(1)
    mirror.fill(1, 3)
    mirror.remove(99)
    assert mirror.image(1).bids == []


def test_reset_tells_the_difference_as_a_change() -> None:
    mirror = BookMirror()
    mirror.put(1, _order(10, 5))
    mirror.put(2, _order(9, 1))
    mirror.take_changes(1)
    mirror.reset([(7, _order(10, 5)), (8, _order(8, 2))])
    (change,) = mirror.take_changes(2)
    assert sorted(change.levels) == [
        LevelChange(Side.BUY, 8, 0, 2),
        LevelChange(Side.BUY, 9, 1, 0),
    ]
