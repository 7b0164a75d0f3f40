"""Keys of the state: both twins put every leaf at the same place."""

import functools
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_node.core import layout
from rollup_node.core.layout import DEPTHS, LeafKey
from tests.contracts.codec_chain import CodecChain

_accounts = st.one_of(st.integers(0, 40), st.integers(0, layout.ACCOUNT_LIMIT - 1))
_underlyings = st.integers(0, layout.UNDERLYING_LIMIT - 1)
_series = st.integers(0, layout.SERIES_LIMIT - 1)
_books = st.integers(0, layout.BOOK_LIMIT - 1)
_Make = Callable[..., LeafKey]

_KEYS: Final[dict[str, tuple[_Make, tuple[st.SearchStrategy[int], ...]]]] = {
    "hotKey": (layout.hot_key, (_accounts,)),
    "ownerKey": (layout.owner_key, (_accounts,)),
    "coldKey": (layout.cold_key, (_accounts,)),
    "balancesKey": (layout.balances_key, (_accounts,)),
    "directoryKey": (layout.directory_key, (_accounts,)),
    "sessionKeyKey": (layout.session_key_key, (_accounts, st.integers(1, layout.SESSION_KEYS))),
    "positionsKey": (
        layout.positions_key,
        (_accounts, st.integers(0, layout.POSITION_LIMIT - 1)),
    ),
    "underlyingKey": (layout.underlying_key, (_underlyings,)),
    "seriesListKey": (layout.series_list_key, (_underlyings,)),
    "expiryKey": (layout.expiry_key, (_underlyings, st.integers(0, layout.EXPIRIES - 1))),
    "termsKey": (layout.terms_key, (_series,)),
    "seriesKey": (layout.series_key, (_series,)),
    "accountRiskKey": (layout.account_risk_key, (_accounts, _underlyings)),
    "seriesRiskKey": (layout.series_risk_key, (_series,)),
    "optionRulesKey": (layout.option_rules_key, (_underlyings,)),
    "optionDatesKey": (layout.option_dates_key, (_underlyings,)),
    "boardKey": (layout.board_key, (_underlyings, st.integers(0, layout.EXPIRIES - 1))),
    "orderKey": (layout.order_key, (st.integers(0, layout.ORDER_LIMIT - 1),)),
    "clientSlotsKey": (
        layout.client_slots_key,
        (_accounts, st.integers(0, layout.CLIENT_SLOT_LIMIT - 1)),
    ),
    "outboxKey": (layout.outbox_key, (st.integers(0, (1 << 32) - 1),)),
}
_options = st.integers(layout.FIRST_OPTION, layout.SERIES_LIMIT - 1)
_OPTION_WORDS: Final = (*range(layout.OPTION_WORDS), layout.MIDDLE_WORDS, layout.TOP_WORD)
_OPTION_KEYS: Final[dict[str, tuple[_Make, st.SearchStrategy[int]]]] = {
    "levelKey": (layout.level_key, st.integers(0, layout.OPTION_TICK_LIMIT - 1)),
    "wordKey": (layout.word_key, st.sampled_from(_OPTION_WORDS)),
}
_BOOK_KEYS: Final[dict[str, tuple[_Make, st.SearchStrategy[int]]]] = {
    "levelKey": (layout.level_key, st.integers(0, layout.TICK_LIMIT - 1)),
    "wordKey": (layout.word_key, st.integers(0, layout.TOP_WORD)),
}


@functools.cache
def _chain() -> CodecChain:
    return CodecChain()


def _answer(function: str, types: str, values: tuple[Any, ...], *returned: str) -> tuple[Any, ...]:
    answer = _chain().call("KeyCodec", f"{function}({types})", values, returned)
    assert answer is not None, function
    return answer


@pytest.mark.parametrize("function", _KEYS)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_key_is_the_same_and_lies_at_the_same_place(function: str, data: st.DataObject) -> None:
    make, strategies = _KEYS[function]
    values = tuple(map(data.draw, strategies))
    key = make(*values)
    types = ",".join(["uint256"] * len(values))
    assert _answer(function, types, values, "uint64") == (key,)
    place = (DEPTHS[key >> layout.INDEX_BITS], layout.position(key))
    assert _answer("locate", "uint64", (key,), "uint256", "uint256") == place


@pytest.mark.parametrize("function", _BOOK_KEYS)
@pytest.mark.parametrize("triggers", [False, True])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_key_of_a_book_is_the_same_and_lies_at_the_same_place(
    function: str, triggers: bool, data: st.DataObject
) -> None:
    books, (make, places) = data.draw(
        st.sampled_from([(_books, _BOOK_KEYS[function]), (_options, _OPTION_KEYS[function])])
    )
    book, place = data.draw(books), data.draw(places)
    key = make(book, place, triggers=triggers)
    values = (book, place, triggers)
    assert _answer(function, "uint256,uint256,bool", values, "uint64") == (key,)
    found = (DEPTHS[key >> layout.INDEX_BITS], layout.position(key))
    assert _answer("locate", "uint64", (key,), "uint256", "uint256") == found


def test_keys_of_books_of_options_and_linear_series_never_meet() -> None:
    words = {layout.word_key(layout.FIRST_OPTION, word) for word in _OPTION_WORDS}
    assert len(words) == len(_OPTION_WORDS)
    assert max(words) < layout.word_key(layout.FIRST_OPTION + 1, 0)
    assert layout.word_key(layout.BOOK_LIMIT - 1, layout.TOP_WORD) < min(words)
    last = layout.level_key(layout.BOOK_LIMIT - 1, layout.TICK_LIMIT - 1)
    assert last < layout.level_key(layout.FIRST_OPTION, 0)
    top = layout.level_key(layout.FIRST_OPTION, layout.OPTION_TICK_LIMIT - 1)
    assert top < layout.level_key(layout.FIRST_OPTION + 1, 0)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 17), st.integers(0, (1 << 32) - 1))
def test_locate_of_any_key_is_the_same_or_not_valid(region: int, index: int) -> None:
    key = LeafKey(region << layout.INDEX_BITS | index)
    try:
        expected = (DEPTHS[region], layout.position(key))
    except (KeyError, ValueError):
        expected = (0, 0)
    assert _answer("locate", "uint64", (key,), "uint256", "uint256") == expected
