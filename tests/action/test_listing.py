"""Who lists options, on a market whose law answers: the board grows, and goes when it is over."""

import asyncio
from typing import Any, Final

from rollup_node.codec.records import decode_record, encode_open
from rollup_node.core.frame import Frame
from rollup_node.core.inputs import DelistStrike, ListExpiry, ListStrike, Prune
from rollup_node.core.kinds import Phase, SeriesStatus
from rollup_node.core.layout import hot_key, series_key
from rollup_node.core.reason import Reason
from rollup_node.l1.client import RpcError
from rollup_node.node.listing import ORDERS_READ, Lister, read_boards
from rollup_node.ports import TemporaryError
from rollup_node.roles.listing import LISTING_LIMIT, LISTING_RETRY_MS
from tests.property.arena import (
    BUY,
    ETH,
    IOC,
    OPTION_SLOT,
    OPTIONS,
    OPTIONS_AT,
    SELL,
    USD,
    Arena,
)

CALL: Final = OPTIONS[0]
PUT: Final = OPTIONS[1]
MAKER: Final = 1
TAKER: Final = 2


class Sequencer:
    """Executes what it is sent at once, and refuses what would come to nothing."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.sent: list[Any] = []
        self.refused: list[Reason] = []
        self.is_silent = False

    async def call(self, method: str, body: str) -> None:
        assert method == "rollup_sendTransaction"
        record: Any = decode_record(bytes.fromhex(body[2:]))
        assert encode_open(record).hex() == body[2:]
        if self.is_silent:
            raise TemporaryError("no answer")
        self.sent.append(record)
        reason = self.arena.open_record(record)
        if reason is not Reason.OK:
            self.refused.append(reason)
            raise RpcError(method, -32_000, reason.name)


class Day:
    """A market with two strikes of tomorrow, and one who lists."""

    def __init__(self) -> None:
        self.arena = Arena()
        for account in (MAKER, TAKER):
            assert self.arena.deposit(account, 0, 10**6 * USD) is Reason.OK
        self.sequencer = Sequencer(self.arena)
        self.lister = Lister(self.sequencer)  # type: ignore[arg-type]

    def frame(self) -> Frame:
        cursor = self.arena.cursor()
        return Frame(self.arena.state, cursor.time_ms, cursor.block, Phase.IDLE, 0)

    def turn(self) -> list[Any]:
        """Let a block pass and the lister act; return what it sent."""
        self.arena.seal(1_000)
        before = len(self.sequencer.sent)
        asyncio.run(self.lister.act(self.frame()))
        return self.sequencer.sent[before:]

    def turns(self) -> list[Any]:
        """Take turns until nothing is sent any more."""
        sent: list[Any] = []
        while found := self.turn():
            assert len(found) <= LISTING_LIMIT
            sent += found
        return sent

    def order(self, account: int, side: int, tick: int, series: int, **fields: int) -> None:
        self.arena.seal(20)
        order = self.arena.order(account, side, tick, 10, series=series, **fields)
        assert self.arena.send(order) is Reason.OK

    def pass_date(self) -> None:
        left_ms = OPTIONS_AT * 1_000 - self.arena.now()
        self.arena.seal(left_ms)
        for underlying, price in enumerate((3_000 * USD, 95_000 * USD)):
            assert self.arena.report(underlying, price) is Reason.OK


def test_act_completes_the_board_beside_what_others_listed_and_then_rests() -> None:
    day = Day()
    sent = day.turns()
    assert day.sequencer.refused == []
    assert len([each for each in sent if isinstance(each, ListExpiry)]) == 2 + 3
    boards = read_boards(day.frame())
    assert [board.underlying for board in boards] == [0, 1]
    for board in boards:
        listed = {date.expiry_at: len(date.strikes) for date in board.dates if date.strikes}
        assert len(listed) == 3
        assert set(listed.values()) <= {5, 6}
    numbers = [each.series for each in sent if isinstance(each, ListStrike)]
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & set(OPTIONS)
    assert day.lister.changes == len(sent)
    assert day.turns() == []


def test_act_second_lister_who_knows_nothing_changes_nothing() -> None:
    day = Day()
    day.turns()
    before = dict(day.arena.state)
    day.lister = Lister(day.sequencer)  # type: ignore[arg-type]
    asyncio.run(day.lister.act(day.frame()))
    assert day.arena.state == before


def test_act_what_is_lost_in_silence_is_sent_again() -> None:
    day = Day()
    day.sequencer.is_silent = True
    assert day.turns() == []
    day.sequencer.is_silent = False
    day.arena.seal(LISTING_RETRY_MS)
    assert day.turns()
    assert day.sequencer.refused == []
    for board in read_boards(day.frame()):
        assert sum(bool(date.strikes) for date in board.dates) == 3


def test_act_after_the_date_prunes_and_takes_off_all_that_nobody_holds() -> None:
    day = Day()
    mark = day.arena.tick(CALL)
    day.order(MAKER, SELL, mark, CALL, slot=0)
    day.order(TAKER, BUY, mark, CALL, slot=0, time_in_force=IOC)
    for slot in range(1, 4):
        day.order(MAKER, BUY, mark - slot, CALL, slot=slot)
        day.order(MAKER, SELL, day.arena.tick(PUT) + slot, PUT, slot=slot + 4)
    assert day.arena.series(CALL).orders == 3
    day.pass_date()
    sent = day.turns()
    assert len([each for each in sent if isinstance(each, Prune)]) == 6 <= ORDERS_READ
    assert [each for each in sent if isinstance(each, DelistStrike)] == [DelistStrike(OPTIONS[2])]
    assert day.sequencer.refused == []
    assert day.arena.leaf(hot_key(MAKER)).reserve == 0, "what its orders reserved is free"
    assert day.arena.series(CALL).open_interest == 10, "who holds it is paid first"
    (held,) = read_boards(day.frame())[ETH].dates[OPTION_SLOT].strikes
    assert (held.series, held.is_unused) == (CALL, False)
    assert day.arena.leaf(series_key(OPTIONS[2])).status == SeriesStatus.NONE
