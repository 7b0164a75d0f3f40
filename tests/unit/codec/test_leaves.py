"""Keys where no leaf lives, lengths and fields that do not fit."""

import pytest

from rollup_node.codec.leaves import decode_leaf, encode_leaf, encode_leaves
from rollup_node.core.account_leaves import (
    NO_HOT,
    NO_POSITION,
    NO_POSITIONS,
    NO_RISK,
    Position,
    Positions,
    RiskRow,
)
from rollup_node.core.layout import (
    CURSOR_KEY,
    LeafKey,
    balances_key,
    hot_key,
    order_key,
    outbox_key,
    owner_key,
    position,
    positions_key,
)
from rollup_node.core.leaves import GENESIS, Allocators, Balances, Leaf


def test_genesis_leaves_are_zero_bytes() -> None:
    assert [len(encode_leaf(leaf)) for leaf in GENESIS.values()] == [32, 17, 48]
    assert all(not any(encode_leaf(leaf)) for leaf in GENESIS.values())


@pytest.mark.parametrize("key", [16, 1 << 32 | 4, 2 << 32 | 12, 11 << 32])
def test_decode_leaf_where_no_leaf_lives_raises(key: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        decode_leaf(LeafKey(key), bytes(48))


@pytest.mark.parametrize("key", [CURSOR_KEY, owner_key(1), balances_key(1), outbox_key(0)])
def test_decode_leaf_on_a_wrong_length_raises(key: LeafKey) -> None:
    with pytest.raises(ValueError, match="bytes"):
        decode_leaf(key, bytes(47))


def test_encode_leaf_on_a_field_too_wide_raises() -> None:
    with pytest.raises(OverflowError):
        encode_leaf(Balances((0, 1 << 96, 0, 0)))
    with pytest.raises(OverflowError):
        encode_leaf(Allocators(1 << 40, 0, 0, 0))


@pytest.mark.parametrize(
    "leaf", [NO_HOT._replace(rows=NO_HOT.rows[1:]), Positions(NO_POSITIONS.rows * 2)]
)
def test_encode_leaf_on_a_wrong_number_of_rows_raises(leaf: Leaf) -> None:
    with pytest.raises(OverflowError):
        encode_leaf(leaf)


def test_encode_leaves_encodes_each_and_none_as_nothing() -> None:
    rows = (RiskRow(1, 2, -3, 4, 5), RiskRow(*NO_RISK), *NO_HOT.rows[2:])
    hot = NO_HOT._replace(rows=rows)
    page = Positions((Position(1, -2, 3, -4, 5), Position(*NO_POSITION), *NO_POSITIONS.rows[2:]))
    found = encode_leaves([(hot_key(1), hot), (order_key(1), None), (positions_key(1, 0), page)])
    assert found == [
        (hot_key(1), encode_leaf(hot)),
        (order_key(1), b""),
        (positions_key(1, 0), encode_leaf(page)),
    ]
    assert decode_leaf(hot_key(1), found[0][1]) == hot
    assert decode_leaf(positions_key(1, 0), found[2][1]) == page
    with pytest.raises(OverflowError):
        encode_leaves([(hot_key(1), hot._replace(reserve=-1))])


def test_position_orders_regions_and_bounds_indices() -> None:
    ordered = [CURSOR_KEY, owner_key(1), balances_key(1), owner_key(2), outbox_key(0)]
    places = [position(key) for key in ordered]
    assert places == sorted(places)
    with pytest.raises(ValueError, match="index"):
        position(LeafKey(256))
    with pytest.raises(KeyError):
        position(LeafKey(11 << 32))
