"""The arithmetic of the order benchmark: frames, answers, percentiles, bytes."""

import asyncio
import json
from typing import Any, cast

import pytest

from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.core.inputs import CancelOrder, Leg, MassQuote, Seal, SignedTransaction
from rollup_node.devnet.bench_orders import count_answers, count_bytes, percentile
from rollup_node.devnet.bench_probe import is_disturbed, read_batches
from rollup_node.devnet.bench_socket import (
    Answer,
    Request,
    drive,
    make_frame,
    make_request,
    number_of,
    pace,
    split_frames,
)
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.session import Session


def server_frame(payload: bytes) -> bytes:
    """Return a text frame as a server sends it, of any length below 64 KiB."""
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    return bytes((0x81, 126)) + len(payload).to_bytes(2, "big") + payload


def answer(number: int, **said: Any) -> Answer:
    return Answer(number, 0.0, json.dumps({"jsonrpc": "2.0", "id": number, **said}).encode())


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_make_frame_masks_with_a_key_that_changes_nothing(length: int) -> None:
    payload = b"x" * length
    made = make_frame(payload)
    assert made[0] == 0x81
    assert made[1] & 0x80
    assert made.endswith(bytes(4) + payload)
    claimed = made[1] & 0x7F
    head = {126: 2, 127: 8}.get(claimed, 0)
    assert (int.from_bytes(made[2 : 2 + head], "big") if head else claimed) == length


def test_split_frames_keeps_what_is_cut() -> None:
    first, second = b"a" * 10, b"b" * 300
    stream = server_frame(first) + server_frame(second)
    for cut in range(len(stream)):
        found, left = split_frames(stream[:cut])
        more, rest = split_frames(left + stream[cut:])
        assert [payload for _, payload in found + more] == [first, second]
        assert rest == b""


def test_number_of_reads_what_make_request_numbered() -> None:
    made = make_request(47, "private/buy", {"order": {"id": 3}})
    payload = made[made.index(b"{") :]
    assert json.loads(payload)["id"] == 47
    assert number_of(b'{"jsonrpc":"2.0","id":47,"result":{}}') == 47


def test_count_answers_counts_legs_and_reasons() -> None:
    legs = [{"leg": 0, "reason": "OK"}, {"leg": 1, "reason": "POST_ONLY_CROSS"}]
    committed, refused, fills = count_answers(
        [
            answer(0, result={"order": {}, "trades": [{}, {}]}),
            answer(1, error={"message": "not_found", "data": {"reason": "NOT_FOUND"}}),
            answer(2, result={"legs": legs, "orders": []}),
        ]
    )
    assert (committed, fills) == (2, 2)
    assert refused == {"NOT_FOUND": 1, "POST_ONLY_CROSS": 1}


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, 0.0), ([3.0], 99, 3.0), ([4.0, 1.0, 3.0, 2.0], 50, 2.0), (range(1, 101), 99, 99.0)],
)
def test_percentile_is_the_nearest_rank(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_count_bytes_divides_orders_and_legs_with_their_frames() -> None:
    signature = bytes(64)
    cancel = encode_record(SignedTransaction(CancelOrder(5, 0, 3, 9, 1_000), signature))
    legs = tuple(Leg(2, 0, 100 + n, 60_000, 10) for n in range(20))
    quote = encode_record(SignedTransaction(MassQuote(5, 0, 400, legs, 1_001), signature))
    data = encode_prefix(1) + frame(cancel) + frame(encode_record(Seal(20))) + frame(quote)
    assert count_bytes([data, data]) == {
        "orders": (2, 2 * (len(cancel) + 2)),
        "quotes": (40, 2 * (len(quote) + 2)),
    }


def test_is_disturbed_above_a_tenth_of_the_limit() -> None:
    assert not is_disturbed((100.0, 109.0))
    assert is_disturbed((100.0, 120.0))


class Server:
    """Answers requests in a process of its own loop; ends the connection after `most` answers."""

    def __init__(self, most: int = 1 << 30) -> None:
        self.port, self.most = 0, most

    async def serve(self, ready: "asyncio.Future[None]") -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set_result(None)
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer_all(reader, writer)
        finally:
            writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        writer.write(bytes((0x89, 2)) + b"hi")  # a ping
        pongs = 0
        for _ in range(self.most):
            head = await reader.read(2)
            if not head or head[0] == 0x88:
                break
            body = await reader.readexactly(4 + (head[1] & 0x7F))
            if head[0] == 0x8A:
                pongs += body == bytes(4) + b"hi"
                continue
            number = json.loads(body[4:])["id"]
            writer.write(server_frame(b'{"jsonrpc":"2.0","id":%d,"result":{}}' % number))
        assert pongs <= 1


async def run_with(server: Server, work: Any) -> Any:
    ready = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(server.serve(ready))
    await ready
    try:
        return await asyncio.to_thread(work)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def requests(count: int) -> list[Request]:
    return [Request(n, n % 2, make_request(n, "m", {})) for n in range(count)]


def test_drive_returns_every_answer_once() -> None:
    server = Server()
    work = lambda: drive(server.port, requests(50), 2, 3)  # noqa: E731 - one line
    _, answers = asyncio.run(run_with(server, work))
    assert sorted(found.number for found in answers) == list(range(50))


def test_pace_counts_from_when_a_request_was_due() -> None:
    server = Server()
    work = lambda: pace(server.port, requests(20), 2, 1_000.0)  # noqa: E731 - one line
    due, answers = asyncio.run(run_with(server, work))
    assert due[-1] - due[0] == pytest.approx(0.019)
    assert all(found.at >= due[found.number] for found in answers)
    assert len(answers) == 20


def test_drive_a_lost_connection_is_an_error() -> None:
    server = Server(most=4)
    work = lambda: drive(server.port, requests(50), 2, 3)  # noqa: E731 - one line
    with pytest.raises(DevnetError, match="connection was lost"):
        asyncio.run(run_with(server, work))


class BatchNode:
    """Gives the batches that it has, at most 256 at once, as the door of a sequencer does."""

    def __init__(self, count: int) -> None:
        self.batches = [number.to_bytes(2, "big") for number in range(count)]

    def call(self, method: str, first: int, limit: int) -> list[dict[str, str]]:
        assert method == "rollup_getBatches"
        assert 1 <= limit <= 256
        return [{"data": "0x" + data.hex()} for data in self.batches[first : first + limit]]


class BatchSession:
    """A session whose sequencer cut so many batches."""

    def __init__(self, count: int) -> None:
        self.sequencer = BatchNode(count)


@pytest.mark.parametrize("count", [0, 1, 16, 400])
def test_read_batches_returns_all_however_many(count: int) -> None:
    session = BatchSession(count)
    assert read_batches(cast("Session", session)) == session.sequencer.batches
