"""Options beside the order benchmark: which strikes are listed, how the price moves."""

from itertools import pairwise

import pytest

from rollup_node.codec.admin import decode_admin
from rollup_node.core.markets import SetOptionRules
from rollup_node.core.option_leaves import NO_BOARD, Board, StrikeRow
from rollup_node.devnet.bench_live import JUMP_BPS, find_strikes, jumping_prices
from rollup_node.devnet.deployer import opening_messages
from rollup_node.devnet.price_script import PriceScript

USD = 1_000_000
PRICES = (3_010 * USD, 95_100 * USD)


def board_with(*strikes: StrikeRow) -> Board:
    return NO_BOARD._replace(strikes=(*strikes, *NO_BOARD.strikes[len(strikes) :]))


def test_find_strikes_takes_the_nearest_of_each_date_by_turns_with_unused_numbers() -> None:
    boards = {
        (0, 1): board_with(StrikeRow(4_094, 3_000 * USD)),
        (1, 3): board_with(StrikeRow(2_048, 96_000 * USD)),
    }
    found = list(find_strikes(boards, PRICES, 5))
    assert [(each.underlying, each.expiry_slot, each.strike // USD) for each in found] == [
        (0, 1, 3_050),
        (1, 3, 95_000),
        (0, 1, 2_950),
        (1, 3, 95_500),
        (0, 1, 3_100),
    ]
    assert [each.series for each in found] == [4_092, 4_090, 4_088, 4_086, 4_084]


def test_find_strikes_lists_no_more_than_a_date_has_places() -> None:
    boards = {(0, 1): board_with(StrikeRow(2_048, 3_000 * USD))}
    found = [each.strike for each in find_strikes(boards, PRICES, 100)]
    assert len(found) == len(set(found)) == 31
    assert 3_000 * USD not in found


def test_jumping_prices_move_every_second_and_come_back() -> None:
    shocks = PriceScript.parse(jumping_prices()).shocks
    assert {later.at_ms - shock.at_ms for shock, later in pairwise(shocks)} == {1_000}
    levels = [0]
    for shock in shocks:
        assert (shock.kind, abs(shock.size_bps)) == ("gap", JUMP_BPS)
        levels.append(levels[-1] + shock.size_bps)
    assert all(after != before for before, after in pairwise(levels))
    missed = [after != before for before, after in zip(levels, levels[2:], strict=False)]
    assert sum(missed) > 0.75 * len(missed)
    assert min(levels) >= -5 * JUMP_BPS
    assert max(levels) <= 5 * JUMP_BPS


@pytest.mark.parametrize("options", [True, False])
def test_opening_messages_have_rules_of_options_if_wanted(*, options: bool) -> None:
    messages = [decode_admin(body) for body in opening_messages(0, options=options)]
    assert any(isinstance(message, SetOptionRules) for message in messages) is options
