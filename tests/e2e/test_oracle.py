"""The oracle beside a real devnet: it lies, it dies, and the sequencer stops listening to it."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from rollup_node.devnet.actions import WAIT_SECONDS
from rollup_node.devnet.audit import wait_agreement
from rollup_node.devnet.jsonrpc import Deadline, JsonRpc
from tests.e2e.conftest import Stage, devnet, strikenet

pytestmark = pytest.mark.e2e


def look(stage: Stage) -> dict[str, Any]:
    """Return what the oracle says of itself."""
    _, body = JsonRpc(stage.run_dir.read_state()["oracle"]["url"]).request("GET", "/status")
    found: dict[str, Any] = json.loads(body)
    return found


def wait_said(stage: Stage, after_ms: int) -> int:
    """Wait until the exchange has a newer price of each underlying, and return the oldest."""
    for _ in Deadline(WAIT_SECONDS, f"prices after {after_ms}"):
        said = look(stage)["oracle"]["feeds"]
        feeds = [feed for name, feed in said.items() if name.endswith("/price")]
        oldest_ms = min((feed["time_ms"] for feed in feeds), default=0)
        if oldest_ms > after_ms and not any(feed["is_waiting"] for feed in feeds):
            return oldest_ms
    raise AssertionError


def test_oracle_outlives_a_liar_its_own_death_and_a_sequencer_that_stalls(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    with devnet(run_dir, "--prices", "calm", "--lying", "publisher-1") as stage:
        first_ms = wait_said(stage, 0)
        status = look(stage)
        value = status["oracle"]["feeds"]["0/price"]["value"]
        assert abs(value - status["prices_usdc"]["ETH"]) * 100 < value

        os.kill(stage.run_dir.read_state()["oracle"]["pid"], signal.SIGKILL)
        for _ in Deadline(WAIT_SECONDS, "the oracle is gone"):
            if stage.run_dir.read_state()["oracle"]["exit_code"] is not None:
                break
        shown = strikenet("status", "--run-dir", run_dir, code=5).out
        assert re.search("oracle +NOT READY +http.* ended with code -9", shown)
        assert "oracle" in strikenet("up", "--restart", "--run-dir", run_dir, "--json").out
        second_ms = wait_said(stage, first_ms)
        assert strikenet("status", "--run-dir", run_dir, "--json").json["oracle"]["signed"] > 0

        sequencer = stage.pids()["sequencer"]
        os.kill(sequencer, signal.SIGSTOP)
        try:
            for _ in Deadline(WAIT_SECONDS, "a report is posted on L1"):
                if look(stage)["oracle"]["posted"]:
                    break
        finally:
            os.kill(sequencer, signal.SIGCONT)
        wait_said(stage, second_ms)
        assert stage.session.inbox.call("fastCount") >= 1
        wait_agreement(stage.session)
