"""A crash on a real devnet: oracle, sequencer, verifier and keeper, each in its process."""

from pathlib import Path

import pytest

from tests.e2e.conftest import strikenet

pytestmark = pytest.mark.e2e


def test_trade_gamblers_in_a_crash_are_liquidated_by_the_keeper_of_the_devnet(
    tmp_path: Path,
) -> None:
    result = strikenet(
        "trade", "--bots", "4", "--gamblers", "3", "--for", "40s", "--prices",
        "crash:*@10s-60%/60s", "--run-dir", str(tmp_path / "run"), "--json", timeout=180,
    ).json  # fmt: skip
    assert result["gamblers_liquidated"] == 3
    assert result["keeper"]["asked"] >= 3
    assert result["keeper"]["forced"] == 0, "the sequencer was there"
    assert result["verifier_agrees"]
    assert result["custody_equals_claims"]
    assert result["positions_sum_to_zero"]
    assert result["audited_blocks"] > 100
