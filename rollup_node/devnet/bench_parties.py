"""Accounts and markets of the order benchmark: opened and funded through the bridge, in bulk."""

import json
from collections.abc import Sequence
from typing import Any, Final

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import SignedTransaction, Transfer
from rollup_node.core.markets import AdminMessage, ListSeries, SeriesKind, SetExpiry
from rollup_node.devnet.bench_flow import Book
from rollup_node.devnet.bench_load import PER_CALL, key_of
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.jsonrpc import Deadline, RpcError
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.markets import ETH, MARKETS
from rollup_node.devnet.session import Session
from rollup_node.l1.contracts import Contract, ContractClient
from rollup_node.l1.handles import Handle
from rollup_node.ports import TransactionReverted

BOOKS: Final = 4
USDC_EACH: Final = 100_000
ETH_EACH: Final = 5
GOVERNOR_DELAY_SECONDS: Final = 1
"""What the profile of a benchmark has, so that a market can be added while it runs."""

_WEI: Final = 10**18
_OPEN_GAS: Final = 150_000
_DEPOSIT_GAS: Final = 250_000
_PER_BLOCK: Final = 200
_PER_REQUEST: Final = 100
_READY_SECONDS: Final = 120
_EXPIRY_SECONDS: Final = 30 * 86_400


def open_accounts(session: Session, count: int) -> list[int]:
    """Open an account for each key, and give each ETH and USDC; return the numbers.

    ETH comes by a deposit for each, which is what opens it on L2; USDC by one deposit that the
    first account divides on L2.
    """
    first = int(session.bridge.call("accountCount")) + 1
    numbers = list(range(first, first + count))
    bridge = Handle("Bridge", session.bridge.address)
    owners = [checksum(address_of(key_of(place))) for place in range(count)]
    _send_all(session, [(bridge.encode_call("openAccount", o), 0, _OPEN_GAS) for o in owners])
    calls = [(bridge.encode_call("depositETH", n), ETH_EACH * _WEI, _DEPOSIT_GAS) for n in numbers]
    _send_all(session, calls)
    usdc, payer = session.asset("USDC"), accounts()["deployer"]
    amount = usdc.parse(str(USDC_EACH))
    token = session.token(usdc)
    token.send(payer.address, "mint", payer.address, amount * count)
    token.send(payer.address, "approve", checksum(session.bridge.address), amount * count)
    session.bridge.send(payer.address, "depositToken", usdc.id, first, amount * count)
    _wait_balance(session, first, usdc.symbol)
    _divide(session, numbers, usdc.id, amount)
    return numbers


def open_books(session: Session) -> list[Book]:
    """Return `BOOKS` markets that have a price; if the devnet has fewer, one is listed."""
    if len(MARKETS) < BOOKS:
        _list_future(session)
    books: list[Book] = []
    for _ in Deadline(_READY_SECONDS, f"{BOOKS} markets have prices"):
        books = _priced_books(session)
        if len(books) >= BOOKS:
            break
    return books[:BOOKS]


def _priced_books(session: Session) -> list[Book]:
    books = []
    for item in _ask(session, "public/get_instruments", currency="any"):
        name = item["instrument_name"]
        mark = _ask(session, "public/ticker", instrument_name=name)["mark_price"]
        if mark:
            books.append(Book(item["series"], round(float(mark) / float(item["tick_size"]))))
    return books


def _list_future(session: Session) -> None:
    """List a dated future of ETH on the terms of its perpetual, through the governor."""
    model = next(m for m in MARKETS if m.terms.kind == SeriesKind.PERPETUAL)
    number = max(market.series for market in MARKETS) + 1
    terms = model.terms._replace(
        kind=SeriesKind.FUTURE, underlying=ETH, book=number, funding_clamp_ppm=0, interest_ppb=0
    )
    expiry_at = session.l1_time() + _EXPIRY_SECONDS
    for message in (SetExpiry(ETH, 0, expiry_at), ListSeries(number, terms)):
        _govern(session, message)


def _govern(session: Session, message: AdminMessage) -> None:
    """Schedule a message and execute it when its time has come."""
    client = ContractClient(session.l1.url)
    address = bytes.fromhex(session.rollup["contracts"]["governor"][2:])
    governor, owner = Contract(client, "Governor", address), accounts()["deployer"].address
    body, salt = encode_admin(message), bytes(32)
    governor.send(owner, "schedule", body, salt)
    for _ in Deadline(_READY_SECONDS, "the governor may execute"):
        try:
            governor.send(owner, "execute", body, salt)
        except TransactionReverted as error:
            if error.name != "TooEarly":
                raise
        else:
            break
    client.close()


def _send_all(session: Session, calls: Sequence[tuple[bytes, int, int]]) -> None:
    """Send (data, wei, gas) to the bridge from alice in order, `_PER_BLOCK` of them per L1 block.

    Raises
    ------
    DevnetError
        If L1 refuses one, or one reverted.
    """
    l1, payer = session.l1, checksum(accounts()["alice"].address)
    nonce = int(l1.call("eth_getTransactionCount", payer, "latest"), 16)
    to = checksum(session.bridge.address)
    l1.call("evm_setAutomine", False)  # noqa: FBT003 - JSON-RPC
    try:
        for start in range(0, len(calls), _PER_BLOCK):
            part = calls[start : start + _PER_BLOCK]
            requests = [
                {
                    "from": payer,
                    "to": to,
                    "data": "0x" + data.hex(),
                    "value": hex(value),
                    "gas": hex(gas),
                    "nonce": hex(nonce + start + place),
                }
                for place, (data, value, gas) in enumerate(part)
            ]
            hashes = _call_many(session, "eth_sendTransaction", requests)
            l1.call("evm_mine")
            receipts = _call_many(session, "eth_getTransactionReceipt", hashes)
            if not all(receipt and int(receipt["status"], 16) for receipt in receipts):
                raise DevnetError(f"bridge: one of {len(part)} transactions failed")
    finally:
        l1.call("evm_setAutomine", True)  # noqa: FBT003 - JSON-RPC


def _call_many(session: Session, method: str, params: Sequence[Any]) -> list[Any]:
    """Call a method of L1 with each parameter, many in one HTTP request."""
    answers: list[Any] = []
    for start in range(0, len(params), _PER_REQUEST):
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": [value]}
            for number, value in enumerate(params[start : start + _PER_REQUEST])
        ]
        _, body = session.l1.request("POST", "/", json.dumps(calls))
        for answer in sorted(json.loads(body), key=lambda item: int(item["id"])):
            if "error" in answer:
                raise DevnetError(f"{method} failed: {answer['error'].get('message')}")
            answers.append(answer["result"])
    return answers


def _divide(session: Session, numbers: Sequence[int], asset: int, amount: int) -> None:
    """Give all others what the first account has for them."""
    nonce = session.l1_time() * 1_000
    bodies = []
    for place, number in enumerate(numbers[1:]):
        transfer = Transfer(numbers[0], number, asset, amount, nonce + place)
        signature = sign(digest(session.domain, transfer), key_of(0))
        bodies.append("0x" + encode_record(SignedTransaction(transfer, signature)).hex())
    for start in range(0, len(bodies), PER_CALL):
        part = bodies[start : start + PER_CALL]
        answer = session.sequencer.call("rollup_sendTransactions", part)
        refused = [result for result in answer["results"] if "error" in result]
        if refused:
            raise DevnetError(f"{len(refused)} transfers were refused: {refused[0]['error']}")


def _wait_balance(session: Session, number: int, symbol: str) -> None:
    """Wait until the sequencer has executed the last deposit."""
    for _ in Deadline(_READY_SECONDS, "the deposits are credited"):
        try:
            account = session.l2_account(number)
        except RpcError as error:
            if error.reason != "NOT_FOUND":
                raise
            continue
        if int(account["balances"].get(symbol, "0")):
            return


def _ask(session: Session, method: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
    """Call a method of the trading interface over HTTP."""
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    _, body = session.sequencer.request("POST", "/api/v2", json.dumps(call))
    answer = json.loads(body)
    if "error" in answer:
        raise DevnetError(f"{method} failed: {answer['error'].get('message')}")
    return answer["result"]
