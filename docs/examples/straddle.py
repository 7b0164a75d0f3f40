"""Options by hand, against bob: `python straddle.py .strikenet board`, or sell, hedge, wing."""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from rollup_node.client import Client

UNITS = Decimal(10)
FAR = 0.97  # of the forward: the lowest strike is a wing
PERPETUAL = "ETH-PERPETUAL"


def board(client: Client) -> list[dict[str, Any]]:
    """Return the tickers of ETH's next date, by strike; wait until they are listed and priced."""
    while not is_complete(rows := look(client)):
        time.sleep(0.2)
    return rows


def is_complete(rows: list[dict[str, Any]]) -> bool:
    """Tell whether each option has a price, and strikes have followed the price down."""
    priced = all(row["mark_price"] and row["greeks"] for row in rows)
    return bool(rows) and priced and rows[0]["strike"] < FAR * rows[0]["underlying_price"]


def look(client: Client) -> list[dict[str, Any]]:
    """Return the options of ETH's next date, with their tickers."""
    items = client.call("public/get_instruments", currency="ETH", kind="option")
    first = min((item["expiration_timestamp"] for item in items), default=0)
    found = [
        {**item, **client.call("public/ticker", instrument_name=item["instrument_name"])}
        for item in items
        if item["expiration_timestamp"] == first
    ]
    return sorted(found, key=lambda row: (row["strike"], row["option_type"]))


def show(rows: list[dict[str, Any]]) -> None:
    """Print what a trader looks at: price, volatility and delta of each option."""
    print(f"forward {rows[0]['underlying_price']:,.2f}{'mark':>17}{'iv %':>9}{'delta':>9}")
    for row in rows:
        numbers = f"{row['mark_price']:>9.2f}{row['mark_iv']:>9.1f}{row['greeks']['delta']:>9.3f}"
        print(f"{row['instrument_name']:<24}{numbers}")


def deal(buyer: Client, seller: Client, name: str, amount: Decimal) -> None:
    """Let the seller quote at the mark, to the next tick, and the buyer take it."""
    item = seller.call("public/get_instrument", instrument_name=name)
    mark = seller.call("public/ticker", instrument_name=name)["mark_price"]
    tick = Decimal(str(item["tick_size"]))
    price = round(Decimal(str(mark)) / tick) * tick
    seller.sell(name, amount, price, post_only=True)
    filled = buyer.buy(name, amount, price)["order"]["filled_amount"]
    print(f"{name:<24}{filled:g} at {price}")


def nearest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the call and the put of the strike next to the forward."""
    closest = min(rows, key=lambda row: abs(row["strike"] - row["underlying_price"]))
    return [row for row in rows if row["strike"] == closest["strike"]]


def hedge(alice: Client, bob: Client) -> None:
    """Trade the delta of alice's options and hedges away, to a hundredth of an ETH."""
    held = alice.call("private/get_positions", currency="ETH")
    delta = round(sum(Decimal(str(position["delta"])) for position in held), 2)
    print(f"delta {delta:+} ETH")
    if delta > 0:
        deal(bob, alice, PERPETUAL, delta)
    elif delta < 0:
        deal(alice, bob, PERPETUAL, -delta)


def main(run: Path, what: str) -> None:
    """Do one of the four things on a running devnet."""
    names = json.loads((run / "accounts.json").read_text())["accounts"]
    keys = {item["name"]: bytes.fromhex(item["private_key"][2:]) for item in names}
    config = json.loads((run / "nodes" / "sequencer" / "config.json").read_text())
    url = f"http://127.0.0.1:{config['port']}"
    with (
        Client(url, private_key=keys["alice"], account=1) as alice,
        Client(url, private_key=keys["bob"], account=2) as bob,
    ):
        rows = board(alice)
        if what == "board":
            show(rows)
        elif what == "sell":
            for row in nearest(rows):
                deal(bob, alice, row["instrument_name"], UNITS)
        elif what == "hedge":
            hedge(alice, bob)
        elif what == "wing":
            lowest = next(row for row in rows if row["option_type"] == "put")
            deal(alice, bob, lowest["instrument_name"], UNITS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
