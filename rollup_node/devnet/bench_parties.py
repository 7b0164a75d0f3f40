"""Accounts and markets of the order benchmark: opened and funded through the bridge, in bulk."""

import json
from collections.abc import Sequence
from typing import Any, Final

from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import SignedTransaction, Transfer
from rollup_node.devnet.bench_flow import Book
from rollup_node.devnet.bench_load import PER_CALL, key_of
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.jsonrpc import Deadline, JsonRpc, RpcError
from rollup_node.devnet.keys import ADVERSARIES, accounts, adversary, checksum
from rollup_node.devnet.session import Session
from rollup_node.l1.handles import Handle

BOOKS: Final = 4
USDC_EACH: Final = 100_000
ETH_EACH: Final = 5

_WEI: Final = 10**18
_OPEN_GAS: Final = 150_000
_DEPOSIT_GAS: Final = 250_000
_PER_REQUEST: Final = 100
_READY_SECONDS: Final = 120


def open_accounts(session: Session, count: int) -> list[int]:
    """Open an account for each key, and give each ETH and USDC; return the numbers.

    ETH comes by a deposit for each, which is what opens it on L2; USDC by one deposit that the
    first account divides on L2.
    """
    bridge, address = Handle("Bridge", session.bridge.address), checksum(session.bridge.address)
    owners = [checksum(address_of(key_of(place))) for place in range(count)]
    opening = [(bridge.encode_call("openAccount", owner), 0, _OPEN_GAS) for owner in owners]
    send_calls(session.l1, address, opening)
    asking = [
        ({"to": address, "data": "0x" + bridge.encode_call("firstAccount", owner).hex()}, "latest")
        for owner in owners
    ]
    numbers = [int(answer, 16) for answer in _call_many(session.l1, "eth_call", asking)]
    wei = ETH_EACH * _WEI
    paying = [(bridge.encode_call("depositETH", n), wei, _DEPOSIT_GAS) for n in numbers]
    send_calls(session.l1, address, paying)
    usdc, payer = session.asset("USDC"), accounts()["deployer"]
    amount = usdc.parse(str(USDC_EACH))
    token = session.token(usdc)
    token.send(payer.address, "mint", payer.address, amount * count)
    token.send(payer.address, "approve", checksum(session.bridge.address), amount * count)
    session.bridge.send(payer.address, "depositToken", usdc.id, numbers[0], amount * count)
    _wait_balance(session, numbers[0], usdc.symbol)
    _divide(session, numbers, usdc.id, amount)
    return numbers


def open_books(session: Session) -> list[Book]:
    """Return `BOOKS` markets that have a price and need no money but ETH and USDC."""
    books: list[Book] = []
    for _ in Deadline(_READY_SECONDS, f"{BOOKS} markets have prices"):
        books = _priced_books(session)
        if len(books) >= BOOKS:
            break
    return books[:BOOKS]


def _priced_books(session: Session) -> list[Book]:
    books = []
    for item in _ask(session, "public/get_instruments", currency="any"):
        name, kind = item["instrument_name"], item["kind"]
        if kind == "option" or (kind == "spot" and item["base_currency"] != "ETH"):
            continue
        mark = _ask(session, "public/ticker", instrument_name=name)["mark_price"]
        if mark:
            books.append(Book(item["series"], round(float(mark) / float(item["tick_size"]))))
    return books


def send_calls(l1: JsonRpc, address: str, calls: Sequence[tuple[bytes, int, int]]) -> None:
    """Send (data, wei, gas) to a contract, in any order, and wait until all are mined.

    Each goes out of another account, so that none waits for a nonce: anvil looks at the nonce and
    puts the transaction into its pool in two steps, and if it mines in between, the transaction
    waits for ever.

    Raises
    ------
    DevnetError
        If L1 refuses one, or one reverted.
    NotReadyError
        If one is not mined before the deadline.
    """
    payers = [checksum(adversary(number).address) for number in range(ADVERSARIES)]
    asking = [(payer, "latest") for payer in payers]
    nonces = [int(text, 16) for text in _call_many(l1, "eth_getTransactionCount", asking)]
    for turn, start in enumerate(range(0, len(calls), len(payers))):
        part = [
            {
                "from": payer,
                "to": address,
                "data": "0x" + data.hex(),
                "value": hex(value),
                "gas": hex(gas),
                "nonce": hex(nonce + turn),
            }
            for payer, nonce, (data, value, gas) in zip(payers, nonces, calls[start:], strict=False)
        ]
        hashes = _call_many(l1, "eth_sendTransaction", [(request,) for request in part])
        for request, receipt in zip(part, _wait_receipts(l1, hashes), strict=True):
            if not int(receipt["status"], 16):
                raise DevnetError(_tell_revert(l1, request, receipt))


def _wait_receipts(l1: JsonRpc, hashes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the receipt of each transaction; an L1 of a devnet mines them as they come.

    Nothing here may switch that off and on: anvil ends the mining by interval with it.
    """
    receipts: list[Any] = []
    for _ in Deadline(_READY_SECONDS, f"{len(hashes)} transactions are mined"):
        left = [(found,) for found in hashes[len(receipts) :]]
        receipts += _call_many(l1, "eth_getTransactionReceipt", left)
        if None not in receipts:
            break
        del receipts[receipts.index(None) :]
    return receipts


def _tell_revert(l1: JsonRpc, request: dict[str, str], receipt: dict[str, Any]) -> str:
    """Return what to say of a transaction that reverted: which, its gas, and its reason."""
    used, limit = int(receipt["gasUsed"], 16), int(request["gas"], 16)
    try:
        l1.call("eth_call", request, hex(int(receipt["blockNumber"], 16) - 1))
        reason = "no reason when called again"
    except RpcError as error:
        reason = str(error)
    sender = f"transaction {int(request['nonce'], 16)} of {request['from']}"
    return f"{sender} reverted with {used:,} of {limit:,} gas: {reason}"


def _call_many(l1: JsonRpc, method: str, params: Sequence[Sequence[Any]]) -> list[Any]:
    """Call a method of L1 with each of the parameters, many in one HTTP request."""
    answers: list[Any] = []
    for start in range(0, len(params), _PER_REQUEST):
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": words}
            for number, words in enumerate(params[start : start + _PER_REQUEST])
        ]
        _, body = l1.request("POST", "/", json.dumps(calls))
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
