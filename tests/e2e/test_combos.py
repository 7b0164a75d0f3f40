"""A combo on a running devnet, by the client: asked for, quoted, executed, and on L1 in the end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollup_node.client import Client, RefusedError
from tests.e2e.conftest import devnet, strikenet

pytestmark = pytest.mark.e2e

PERP = "ETH-PERPETUAL"
AMOUNT = 0.5


@pytest.fixture(name="traders")
def _traders(tmp_path: Path) -> Iterator[list[Client]]:
    """Yield two clients with money, on a devnet whose prices hardly move."""
    path = tmp_path / "devnet"
    with devnet(path, "--profile", "ci", "--prices", "calm") as stage:
        yield _enter(path, stage.session.sequencer.url)


def _enter(path: Path, origin: str) -> list[Client]:
    accounts = json.loads((path / "accounts.json").read_text())["accounts"]
    keys = {account["name"]: bytes.fromhex(account["private_key"][2:]) for account in accounts}
    clients = []
    for name in ("alice", "bob"):
        terms = ("--to", name, "--asset", "USDC", "--amount", "1000000", "--wait")
        paid = strikenet("deposit", "--run-dir", path, "--json", *terms).json
        clients.append(Client(origin, private_key=keys[name], account=paid["account"]))
    return clients


def test_combo_is_asked_for_quoted_executed_and_reaches_l1(traders: list[Client]) -> None:
    first, second = traders
    with first as maker, second as taker:
        found = taker.call("public/get_instruments", currency="ETH", kind="future")
        dated = next(i["instrument_name"] for i in found if i["instrument_name"] != PERP)
        rfq = taker.send_rfq([(PERP, "buy", AMOUNT), (dated, "sell", AMOUNT)])
        prices = {name: _fair(maker, name) for name in (PERP, dated)}
        offer = maker.quote_rfq(rfq, prices)
        assert offer["net_price"] == pytest.approx(AMOUNT * (prices[PERP] - prices[dated]))
        (seen,) = taker.get_rfqs()
        done = taker.execute_quote(seen["quotes"][0])
        traded = {trade["instrument_name"]: trade["price"] for trade in done["trades"]}
        assert traded == pytest.approx(prices)
        for client, sign in ((taker, 1), (maker, -1)):
            held = client.call("private/get_positions")
            sizes = {p["instrument_name"]: p["size"] for p in held}
            assert sizes == {PERP: sign * AMOUNT, dated: -sign * AMOUNT}
        with pytest.raises(RefusedError, match="MAKER_VOID"):
            taker.execute_quote(offer)
        assert taker.wait_confirmed(done["hash"], 60).reason == "OK"


def _fair(client: Client, name: str) -> float:
    """Return the mark of an instrument at a whole tick."""
    tick: float = client.call("public/get_instrument", instrument_name=name)["tick_size"]
    mark: float = client.call("public/ticker", instrument_name=name)["mark_price"]
    return round(round(mark / tick) * tick, 6)
