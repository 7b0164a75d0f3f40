"""The counter over real sockets: conformance, facade, garbage; backed by a real sequencer."""

import io
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from rollup_node.codec.signature import address_of
from rollup_node.core.inputs import Transfer
from rollup_node.core.layout import owner_key
from rollup_node.derive.events import L1Block
from rollup_node.node.backend import SequencerBackend, Sync
from rollup_node.ports import PortInUseError
from rollup_node.rpc.dispatch import MAX_BATCH
from rollup_node.rpc.server import MAX_BODY_BYTES, RpcServer
from tests.action.configs import make_configs
from tests.action.sequencing import KEYS, START_MS, FakeL1, FixedClock, make_sequencer, signed


class Counter:
    """A running server with a client."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def post(self, body: bytes | str | io.BytesIO) -> tuple[int, Any]:
        async with self.session.post(self.url, data=body) as answer:
            text = await answer.read()
            return answer.status, (await answer.json()) if text else None

    async def call(self, method: str, *params: Any) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        async with self.session.post(self.url, json=request) as answer:
            return await answer.json()


@pytest.fixture
async def counter(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    clock = FixedClock()
    l1 = FakeL1(clock)
    l1.deposit(1)
    l1.deposit(2)
    sequencer = make_sequencer(tmp_path, clock)
    await sequencer.start()
    await sequencer.on_l1(l1.update(0, 0))
    config, rollup = make_configs(tmp_path, devnet=getattr(request, "param", True))
    head = L1Block(1, bytes(32), bytes(32), START_MS // 1000)
    backend = SequencerBackend(config, rollup, lambda: Sync(head, head, 0, ready=True), sequencer)
    server = RpcServer(backend, metrics=lambda: b"strikenet_up 1\n")
    port = await server.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        yield Counter(f"http://127.0.0.1:{port}", session)
    await server.stop()
    await sequencer.stop()


def _transfer(number: int, amount: int = 5) -> str:
    return "0x" + signed(Transfer(1, 2, 0, amount, START_MS + number)).hex()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe\x00", -32700),
        (b"[" * 5_000, -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[' + b"[" * 5_000, -32700),
        (b"[]", -32600),
        (b"1", -32600),
        (b"null", -32600),
        (b'{"id":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":7}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"no_such"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x12"]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance"}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":{"nonsense":1}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"rollup_getAccount","params":[-1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"rollup_getAccount","params":[1e400]}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"rollup_sendTransaction","params":["zz"]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"rollup_sendTransactions","params":[[]]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"rollup_sendTransactions","params":["0x00"]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"rollup_getAccount","params":[99]}', -32001),
    ],
)
async def test_post_wrong_request_answers_its_code(
    counter: Counter, body: bytes, code: int
) -> None:
    status, answer = await counter.post(body)
    assert status == 200
    assert answer["error"]["code"] == code, answer
    assert "Traceback" not in str(answer)


async def test_post_id_is_echoed_as_written(counter: Counter) -> None:
    for raw, value in [("1", 1), ('"a"', "a"), ("null", None), ("1.5", 1.5)]:
        _, answer = await counter.post(f'{{"jsonrpc":"2.0","id":{raw},"method":"net_version"}}')
        assert answer == {"jsonrpc": "2.0", "id": value, "result": "313371"}


async def test_post_notifications_are_not_answered(counter: Counter) -> None:
    one = '{"jsonrpc":"2.0","method":"net_version"}'
    assert await counter.post(one) == (204, None)
    assert await counter.post(f"[{one},{one}]") == (204, None)


async def test_post_batch_answers_in_order_and_has_a_cap(counter: Counter) -> None:
    one = '{"jsonrpc":"2.0","id":%d,"method":"eth_chainId"}'
    _, answers = await counter.post("[" + ",".join(one % n for n in range(3)) + ",5]")
    assert [answer.get("id") for answer in answers] == [0, 1, 2, None]
    assert answers[3]["error"]["code"] == -32600
    _, answer = await counter.post("[" + ",".join(one % n for n in range(MAX_BATCH + 1)) + "]")
    assert answer["error"]["code"] == -32600


async def test_post_body_over_the_cap_is_refused(counter: Counter) -> None:
    status, answer = await counter.post(io.BytesIO(b" " * (MAX_BODY_BYTES + 1)))
    assert status == 413
    assert answer["error"]["data"]["reason"] == "TOO_LARGE"


async def test_send_transaction_rejection_has_reason_and_field(counter: Counter) -> None:
    answer = await counter.call("rollup_sendTransaction", _transfer(0, 10**9))
    error = answer["error"]
    assert error["code"] == 3015
    assert error["data"] == {"reason": "INSUFFICIENT_BALANCE", "field": "amount"}
    answer = await counter.call("rollup_sendTransaction", "0x" + "10" * 1_025)
    assert answer["error"]["data"] == {"reason": "TOO_LARGE", "field": "transaction"}


async def test_send_transactions_answers_each(counter: Counter) -> None:
    answer = await counter.call("rollup_sendTransactions", [_transfer(0), "0x99", _transfer(1)])
    first, second, third = answer["result"]["results"]
    assert third["sequence"] == first["sequence"] + 1
    assert second["error"]["data"]["reason"] == "UNDECODABLE"
    count = answer["result"]["confirmation"]["count"]
    assert count > third["sequence"]


async def test_send_transactions_framed_hex_is_the_same(counter: Counter) -> None:
    bodies = [bytes.fromhex(_transfer(n)[2:]) for n in range(3)]
    framed = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
    answer = await counter.call("rollup_sendTransactions", "0x" + framed.hex())
    assert len([r for r in answer["result"]["results"] if "sequence" in r]) == 3


async def test_facade_reads_what_was_sequenced(counter: Counter) -> None:
    sent = (await counter.call("rollup_sendTransaction", _transfer(0)))["result"]
    owner = "0x" + address_of(KEYS[2]).hex()
    data = "0x70a08231" + "00" * 12 + owner[2:]
    token = "0x" + "aa" * 20
    called = await counter.call("eth_call", {"to": token, "data": data}, "latest")
    assert int(called["result"], 16) == 1_000_005
    assert (await counter.call("eth_chainId"))["result"] == hex(313371)
    assert (await counter.call("rollup_getAccounts", owner))["result"] == [2]
    leaves = (await counter.call("rollup_getLeaves", [owner_key(2), owner_key(99)]))["result"]
    assert (leaves[0][:42], leaves[1]) == (owner, "0x")
    record = (await counter.call("rollup_getRecord", sent["hash"]))["result"]
    assert (record["kind"], record["reason"]) == ("TRANSFER", "OK")
    block = (await counter.call("eth_getBlockByNumber", "0x0"))["result"]
    assert block["number"] == "0x0"
    status = (await counter.call("optimism_syncStatus"))["result"]
    assert status["safe_l2"]["number"] == 0


async def test_discover_lists_every_method_with_schemas(counter: Counter) -> None:
    document = (await counter.call("rpc.discover"))["result"]
    names = {method["name"] for method in document["methods"]}
    assert {"eth_chainId", "rollup_sendTransaction", "optimism_syncStatus"} <= names
    assert all(method["summary"] for method in document["methods"])


@pytest.mark.parametrize("counter", [False], indirect=True)
async def test_restricted_methods_are_refused_outside_a_devnet(counter: Counter) -> None:
    answer = await counter.call("devnet_dropSender", "0x" + "11" * 20)
    assert answer["error"]["code"] == -32604
    answer = await counter.call("admin_stopSequencer")
    assert answer["error"]["data"]["reason"] == "RESTRICTED"


async def test_set_batch_data_is_refused_by_a_node_that_posts_nothing(counter: Counter) -> None:
    answer = await counter.call("admin_setBatchData", "blob")
    assert answer["error"]["code"] == -32015
    assert answer["error"]["data"]["reason"] == "NOT_BATCH_POSTER"
    answer = await counter.call("admin_setBatchData", "smoke")
    assert answer["error"]["code"] == -32602
    assert answer["error"]["data"]["field"] == "mode"


async def test_discover_names_the_ways_of_posting(counter: Counter) -> None:
    document = (await counter.call("rpc.discover"))["result"]
    (method,) = [m for m in document["methods"] if m["name"] == "admin_setBatchData"]
    (parameter,) = method["params"]
    assert set(parameter["schema"]["enum"]) == {"calldata", "blob", "alternate"}


async def test_stopped_sequencer_says_so(counter: Counter) -> None:
    await counter.call("admin_stopSequencer")
    async with counter.session.get(f"{counter.url}/leader") as answer:
        assert answer.status == 503
    refused = await counter.call("rollup_sendTransaction", _transfer(0))
    assert refused["error"]["data"]["reason"] == "STOPPED"
    await counter.call("admin_startSequencer")
    async with counter.session.get(f"{counter.url}/leader") as answer:
        assert answer.status == 200


async def test_health_paths(counter: Counter) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/"):
        async with counter.session.get(counter.url + path) as answer:
            assert answer.status == 200


async def test_websocket_answers_and_survives_garbage(counter: Counter) -> None:
    seeded = random.Random(7)
    async with counter.session.ws_connect(f"{counter.url}/ws") as socket:
        for _ in range(50):
            await socket.send_bytes(seeded.randbytes(seeded.randrange(1, 300)))
        for _ in range(50):
            assert (await socket.receive_json())["error"]["code"] in {-32700, -32600}
        await socket.send_str('{"jsonrpc":"2.0","id":9,"method":"eth_chainId"}')
        assert (await socket.receive_json())["id"] == 9


async def test_post_random_bytes_never_break_the_server(counter: Counter) -> None:
    seeded = random.Random(11)
    good = b'{"jsonrpc":"2.0","id":1,"method":"rollup_sendTransactions","params":[["0x10"]]}'
    for _ in range(200):
        body = bytearray(good)
        for _ in range(seeded.randrange(1, 6)):
            body[seeded.randrange(len(body))] = seeded.randrange(256)
        status, answer = await counter.post(bytes(body))
        assert status in {200, 204}
        assert answer is None or "jsonrpc" in str(answer)
    assert (await counter.call("net_version"))["result"] == "313371"


async def test_start_busy_port_is_said(counter: Counter) -> None:
    port = int(counter.url.rpartition(":")[2])
    backend: Any = None
    with pytest.raises(PortInUseError, match=f"127.0.0.1:{port}"):
        await RpcServer(backend).start("127.0.0.1", port)
