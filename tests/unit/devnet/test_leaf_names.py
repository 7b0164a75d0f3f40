"""Every leaf of the state has a name that a person can read."""

import pytest

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core import layout
from rollup_node.core.layout import LeafKey
from rollup_node.core.leaves import Owner
from rollup_node.core.market_leaves import NO_POOLS
from rollup_node.devnet.faults.leaf_names import name_changes, name_leaf


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (layout.CURSOR_KEY, "cursor"),
        (layout.TAKER_KEY, "order in flight"),
        (layout.PRICE_TASK_KEY, "price work in flight"),
        (layout.owner_key(2), "owner of account 2"),
        (layout.hot_key(3), "margin of account 3"),
        (layout.balances_key(1 << 21), "balances of account 2097152"),
        (layout.session_key_key(1, 1), "session key 1 of account 1"),
        (layout.session_key_key(1, 3), "session key 3 of account 1"),
        (layout.positions_key(4, 9), "positions of account 4"),
        (layout.account_risk_key(4, 0), "risk in underlying 0 of account 4"),
        (layout.account_risk_key(4, 7), "risk in underlying 7 of account 4"),
        (layout.terms_key(2), "terms of series 2"),
        (layout.series_key(2), "state of series 2"),
        (layout.underlying_key(1), "oracle of underlying 1"),
        (layout.series_list_key(1), "series list of underlying 1"),
        (layout.expiry_key(1, 2), "expiry 2 of underlying 1"),
        (layout.grid_key(1, 2), "settlement prices 2 of underlying 1"),
        (layout.board_key(1, 15), "board 15 of underlying 1"),
        (layout.option_rules_key(1), "rules of options of underlying 1"),
        (layout.option_dates_key(1), "dates of options of underlying 1"),
        (layout.series_risk_key(4_095), "risk array of series 4095"),
        (layout.level_key(2_048, 16_383), "level 16383 of book 2048"),
        (layout.level_key(31, 7), "level 7 of book 31"),
        (layout.level_key(2, 60_000), "level 60000 of book 2"),
        (layout.level_key(2, 60_000, triggers=True), "trigger level 60000 of book 2"),
        (layout.order_key(7), "order 7"),
        (layout.outbox_key(0), "outbox 0"),
        (LeafKey(200), "leaf 0x00000000c8"),
    ],
)
def test_name_leaf_of_each_region_says_what_it_is(key: LeafKey, name: str) -> None:
    assert name_leaf(key) == name


def test_name_changes_of_a_nested_field_names_the_way_to_it() -> None:
    wrong = NO_POOLS._replace(fees=7, insurance=(0, 5, *NO_POOLS.insurance[2:]))
    found = name_changes(layout.POOLS_KEY, encode_leaf(NO_POOLS), encode_leaf(wrong))
    assert found == [("fees", "0", "7"), ("insurance 1", "0", "5")]


def test_name_changes_of_bytes_shows_them_as_hex() -> None:
    right, wrong = Owner(b"\x11" * 20, 3, 1), Owner(b"\x22" * 20, 3, 1)
    found = name_changes(layout.owner_key(1), encode_leaf(right), encode_leaf(wrong))
    assert found == [("address", "0x" + "11" * 20, "0x" + "22" * 20)]


def test_name_changes_of_a_leaf_that_is_not_there_are_none() -> None:
    assert name_changes(layout.POOLS_KEY, b"", encode_leaf(NO_POOLS)) == []
