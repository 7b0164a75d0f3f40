"""The load of a benchmark: signed beforehand, transfers sent as fast as they are answered.

Also the limit that it is held against: how many signers two processes recover per second.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from rollup_node.client.signer import Signer
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_record
from rollup_node.codec.signature import recover, sign
from rollup_node.core.inputs import SignedTransaction, Transfer
from rollup_node.devnet.bench_flow import Planned
from rollup_node.devnet.bench_socket import Request, make_request

PER_CALL: Final = 250
CONNECTIONS: Final = 32
RECOVER_SECONDS: Final = 1.0
_PARTS: Final = 8
_KEY_OFFSET: Final = 1 << 64
"""Benchmark keys are small numbers above this one: public, like those of the mnemonic."""


def key_of(number: int) -> bytes:
    """Return the private key of the `number`-th account of the benchmark."""
    return (_KEY_OFFSET + number).to_bytes(32, "big")


def sign_transfers(
    count: int, accounts: Sequence[int], asset: int, domain: bytes, first_nonce: int
) -> list[bytes]:
    """Sign transfers around a ring of accounts, nonces in order within each account.

    The `n`-th account is owned by the `n`-th key; amounts are small and all different.
    """
    bodies = []
    for number in range(count):
        place = number % len(accounts)
        nonce = first_nonce + (number - place) // len(accounts)
        to = accounts[(place + 1) % len(accounts)]
        transaction = Transfer(accounts[place], to, asset, 1_000_000 + number, nonce)
        signature = sign(digest(domain, transaction), key_of(place))
        bodies.append(encode_record(SignedTransaction(transaction, signature)))
    return bodies


def make_requests(bodies: Sequence[bytes]) -> list[bytes]:
    """Return complete HTTP requests of `rollup_sendTransactions`, `PER_CALL` bodies in each."""
    return [_http(bodies[at : at + PER_CALL]) for at in range(0, len(bodies), PER_CALL)]


def send_all(port: int, requests: Sequence[bytes]) -> int:
    """Send all requests over a few connections and return how many bodies were confirmed."""
    return asyncio.run(_send_all(port, requests))


def sign_requests(
    planned: Sequence[Planned], domain: bytes, connections: int, first: int = 0
) -> list[Request]:
    """Return signed requests in the order given, numbered from `first`; two processes sign.

    All of an account go over one connection, so that they come in the order of their nonces.
    """
    size = -(-len(planned) // _PARTS) or 1
    starts = range(0, len(planned), size)
    parts = [(planned[at : at + size], domain, connections, first + at) for at in starts]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return [
            request for part in pool.starmap(_sign_part, parts, chunksize=1) for request in part
        ]


def measure_recovery() -> float:
    """Return recoveries per second of two processes."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_recover_for, [0.05, 0.05], chunksize=1)  # warm
        return sum(pool.map(_recover_for, [RECOVER_SECONDS] * 2, chunksize=1))


def _sign_part(
    planned: Sequence[Planned], domain: bytes, connections: int, first: int
) -> list[Request]:
    requests = []
    for number, (owner, _, content) in enumerate(planned, first):
        signer = Signer(key_of(owner), content[0], domain)
        frame = make_request(number, *signer.sign(content))
        requests.append(Request(number, owner % connections, frame))
    return requests


def _http(bodies: Sequence[bytes]) -> bytes:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "rollup_sendTransactions",
        "params": [["0x" + body.hex() for body in bodies]],
    }
    content = msgspec.json.encode(call)
    head = (
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _send_all(port: int, requests: Sequence[bytes]) -> int:
    waiting = iter(requests)

    async def connection() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        accepted = 0
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            accepted += (await reader.readexactly(length)).count(b'"sequence"')
        writer.close()
        return accepted

    return sum(await asyncio.gather(*(connection() for _ in range(CONNECTIONS))))


def _recover_for(seconds: float) -> float:
    work = [(bytes([n + 1]) * 32, sign(bytes([n + 1]) * 32, key_of(n))) for n in range(50)]
    count = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for digest_, signature in work:
            recover(digest_, signature)
        count += len(work)
    return count / spent
