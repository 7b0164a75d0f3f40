"""Half the price in a minute with two thousand accounts at leverage: 15 s of one processor."""

import pytest

from rollup_node.devnet.crash.story import Crash, Spec
from tests.property.ledger import Ledger

pytestmark = pytest.mark.slow


def test_crash_of_two_thousand_accounts_is_accounted_for_to_the_last_unit() -> None:
    story = Crash(Spec("linear", 2_000, 1, 250_000), lambda _text: None)
    result = story.run()
    assert result["broken"] is None
    Ledger(story.machine.state, story.machine.now_ms).check()
    assert result["ledger"]["difference"] == 0
    assert result["liquidations"]["accounts"] > 1_000
    assert result["bad_debt_usdc"] > result["insurance"]["before_usdc"] > 0
    assert 0 < result["deficit_ratio"]["USDC"] < 1
    assert result["withdrawals"]["paid"] > 1_000
    assert result["bounds"]["largest_opening_bytes"] < result["bounds"]["opening_limit_bytes"]
