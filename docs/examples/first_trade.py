"""A first trade: alice quotes, bob takes. Run as `python first_trade.py .strikenet`."""

import json
import sys
from decimal import Decimal
from pathlib import Path

from rollup_node.client import Client

run = Path(sys.argv[1])
keys = {
    a["name"]: bytes.fromhex(a["private_key"][2:])
    for a in json.loads((run / "accounts.json").read_text())["accounts"]
}
config = json.loads((run / "nodes" / "sequencer" / "config.json").read_text())
url = f"http://127.0.0.1:{config['port']}"

with (
    Client(url, private_key=keys["alice"], account=1) as alice,
    Client(url, private_key=keys["bob"], account=2) as bob,
):
    mark = alice.call("public/ticker", instrument_name="ETH-PERPETUAL")["mark_price"]
    price = round(Decimal(str(mark)) * 20) / Decimal(20)  # a tick is 5 cents
    alice.sell("ETH-PERPETUAL", "1", price + 1, post_only=True)
    bought = bob.buy("ETH-PERPETUAL", "0.5", price + 2)
    for fill in bought["trades"]:
        print(f"bob bought {fill['amount']} ETH at {fill['price']}")
    print("in block", bob.wait_included(bought["hash"]).block)
    for position in bob.call("private/get_positions", currency="any"):
        print(position["instrument_name"], position["size"], "at", position["average_price"])
