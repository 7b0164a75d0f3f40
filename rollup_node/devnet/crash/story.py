"""The story of a crash: a market is built, prices fall, accounts are liquidated, all want out.

Time is that of the blocks, so a minute of the crash takes what its steps cost to execute.
"""

import random
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from rollup_node.core.events import Fill, OrderRemoved
from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import ACCOUNTS, BALANCES_FIELD, INDEX_BITS, balances_key, owner_key
from rollup_node.core.markets import InsureFees, SetTerms
from rollup_node.core.reason import Reason
from rollup_node.devnet.crash.audit import Audit
from rollup_node.devnet.crash.bidders import Bidders
from rollup_node.devnet.crash.books import demand
from rollup_node.devnet.crash.crowd import (
    BTC_PERPETUAL,
    ETH_PERPETUAL,
    MAKER_USDC,
    Crowd,
    Makers,
    draw_trader,
)
from rollup_node.devnet.crash.desk import BUY, IOC, SELL, Desk, Party
from rollup_node.devnet.crash.keeper import Keeper
from rollup_node.devnet.crash.machine import Machine
from rollup_node.devnet.crash.report import make_report
from rollup_node.devnet.markets import BTC, ETH, MARKETS, PUBLISHER_THRESHOLD, USDC_UNIT
from rollup_node.devnet.prices import UNDERLYINGS, PriceProcess, make_process
from rollup_node.proof.chain_state import ChainState

START_MS: Final = 1_763_700_000_000
BLOCK_MS: Final = 250
REPORT_MS: Final = 1_000
AFTER_MS: Final = 660_000
"""How long after the crash accounts whose equity is below zero are taken over."""
AFTER_BLOCK_MS: Final = 5_000
LATE_BLOCK_MS: Final = 30_000
LATE_MS: Final = 8_400_000
"""Auctions are over two hours after the last one began; so long we wait at most."""
ROWS: Final = 12
"""Lines of the table of the crash."""

_FOUNDERS: Final = 2
_FOUNDING_FEE_PPM: Final = 10_000
_PPM: Final = 1_000_000
_CHUNK: Final = 100
_LEAVING: Final = 0.1
_CANNOT_PAY: Final = (Reason.INSUFFICIENT_MARGIN, Reason.INSUFFICIENT_BALANCE)


class Spec(NamedTuple):
    """What a crash is made of; `insurance_usdc` in whole USDC for each underlying."""

    prices: str
    accounts: int
    seed: int
    insurance_usdc: int


class Crash:
    """One run; `timeline` has what a look at the market showed every now and then."""

    def __init__(self, spec: Spec, tell: Callable[[str], None]) -> None:
        self.spec, self.tell = spec, tell
        self.rng = random.Random(f"crash/{spec.seed}")  # noqa: S311 - replayable
        self.process: PriceProcess = make_process(spec.prices, spec.seed, 0)
        self.machine = Machine(START_MS)
        self.desk = Desk(self.machine)
        makers, bidders = max(4, spec.accounts // 100), max(3, spec.accounts // 200)
        parties = [self._party(number) for number in range(1, spec.accounts + _FOUNDERS + 1)]
        self.founders = parties[:_FOUNDERS]
        self.bidding = parties[_FOUNDERS : _FOUNDERS + bidders]
        making = parties[_FOUNDERS + bidders : _FOUNDERS + bidders + makers]
        trading = parties[_FOUNDERS + bidders + makers :]
        traders = [draw_trader(party, self.rng) for party in trading]
        self.crowd = Crowd(self.desk, traders, self.rng)
        self.makers = Makers(self.desk, making, self.rng)
        self.keeper = Keeper(self.desk)
        self.bidders = Bidders(self.desk, self.keeper, self.bidding, self.rng)
        self.fills = self.volume_usdc = self.liquidation_fills = 0
        self.triggers_fired = self.removed_failed = 0
        self.insured_usdc = self.founders_usdc = 0
        self.began_ms = START_MS
        self.timeline: list[dict[str, Any]] = []
        self.move_bps = 0
        self._path_ms = self._reported_ms = 0
        self._last: dict[int, int] = {}
        self._units = {market.series: market.terms.unit for market in MARKETS}
        self.machine.hear = self._hear

    def _party(self, number: int) -> Party:
        return Party(number, number.to_bytes(4, "big") * 5)

    def _hear(self, kind: StepKind, events: tuple[Any, ...]) -> None:
        for event in events:
            self.keeper.hear(event)
            if isinstance(event, Fill):
                self.fills += 1
                self.volume_usdc += event.lots * event.tick * self._units[event.series]
                if event.taker in self.keeper.stages[1]:
                    self.liquidation_fills += 1
            elif isinstance(event, OrderRemoved):
                self.triggers_fired += kind is StepKind.DRAIN
                self.removed_failed += event.reason in _CANNOT_PAY

    # Time and prices

    def _block(self, delta_ms: int, *, moving: bool) -> None:
        """Begin a block, with reports if they are due."""
        machine = self.machine
        machine.seal(delta_ms)
        if moving:
            self._path_ms += delta_ms
        if machine.now_ms - self._reported_ms >= REPORT_MS:
            self._report_all()

    def _report_all(self) -> None:
        self._reported_ms = self.machine.now_ms
        moves = []
        for known in UNDERLYINGS:
            price = self.process.price_at(known.symbol, self._path_ms)
            reason = self.machine.report(known.number, price, self._signers())
            if reason is Reason.PRICE_PENDING:
                self._reported_ms = 0
            before = self._last.get(known.number, price)
            moves.append(abs(price - before) * 10_000 // before)
            self._last[known.number] = price
        self.move_bps = max(*moves, self.move_bps * 3 // 4)

    def _signers(self) -> tuple[int, ...]:
        """Return the publishers that answered first."""
        known = range(len(self.machine.publishers))
        return tuple(self.rng.sample(known, PUBLISHER_THRESHOLD))

    # Acts

    def found(self) -> None:
        """Open the market: money for makers and bidders, insurance out of real fees."""
        machine, insured = self.machine, self.spec.insurance_usdc * USDC_UNIT
        self._block(BLOCK_MS, moving=False)
        for account, address in self.founders:
            machine.deposit(account, address, 0, 4 * MAKER_USDC + 4 * insured)
        for account, address in (*self.bidding, *self.makers.parties):
            machine.deposit(account, address, 0, MAKER_USDC)
        for underlying, series in ((ETH, ETH_PERPETUAL), (BTC, BTC_PERPETUAL)):
            self._insure(underlying, series, insured)
        for founder in self.founders:
            self._block(BLOCK_MS, moving=False)
            self.desk.withdraw(founder, 0, self.desk.free_usdc(founder.account))
        self.founders_usdc = machine.books.paid[0]
        self.crowd.fund(self._last[ETH])
        self._block(BLOCK_MS, moving=False)
        self.makers.protect()

    def _insure(self, underlying: int, series: int, wanted: int) -> None:
        """Let two founders trade to and fro at a high fee until it makes the insurance."""
        terms, machine = self.desk.terms(series), self.machine
        dear = terms._replace(taker_fee_ppm=_FOUNDING_FEE_PPM, maker_fee_ppm=0)
        machine.admin(SetTerms(series, dear))
        goal, before = machine.books.fees + wanted, -1
        while (left := goal - machine.books.fees) > 0:
            demand(machine.books.fees > before, "the founders could not trade")
            before = machine.books.fees
            mark = self.desk.market(series).mark
            lots = min(left * _PPM // (_FOUNDING_FEE_PPM * mark) + 1, terms.max_order_lots // 2)
            self._block(BLOCK_MS, moving=False)
            self._swap(series, lots, *self.founders)
            self._block(BLOCK_MS, moving=False)
            self._swap(series, lots, *reversed(self.founders))
        if wanted:
            machine.admin(InsureFees(underlying, wanted))
        machine.admin(SetTerms(series, terms))

    def _swap(self, series: int, lots: int, buyer: Party, seller: Party) -> None:
        tick = self.desk.tick(series)
        self.desk.order(seller, series, SELL, tick, lots, post_only=1)
        self.desk.order(buyer, series, BUY, tick, lots, time_in_force=IOC)

    def build(self) -> None:
        """Let everybody take a position, a hundred a block, with makers that quote anew."""
        traders = self.crowd.traders
        for first in range(0, len(traders), _CHUNK):
            self._block(BLOCK_MS, moving=False)
            self.makers.quote(self.move_bps)
            chunk = traders[first : first + _CHUNK]
            for trader in sorted(chunk, key=lambda trader: not trader.dips):
                self.crowd.open(trader)
        self._block(BLOCK_MS, moving=False)
        self.keeper.act()
        self.insured_usdc = self.machine.books.insurance
        self.began_ms = self.machine.now_ms

    def fall(self) -> None:
        """Let prices move as the script says, and everybody do what is left to do."""
        end_ms = self._end_ms()
        every_ms = max(REPORT_MS, end_ms // ROWS // REPORT_MS * REPORT_MS)
        self._look()
        while self._path_ms < end_ms:
            self._block(BLOCK_MS, moving=True)
            self.keeper.act()
            if self._path_ms % REPORT_MS == 0:
                self._trade()
                self.crowd.run()
            if self._path_ms % every_ms == 0:
                self._look()

    def _end_ms(self) -> int:
        """Return when the last shock is over."""
        shocks = self.process.script.shocks
        return max((shock.at_ms + shock.duration_ms for shock in shocks), default=60_000)

    def _trade(self) -> None:
        """Let bidders, makers and takers act, in the order of their classes (O-1)."""
        self.bidders.act(self.move_bps)
        self.makers.quote(self.move_bps)
        self.bidders.unwind()

    def settle(self) -> None:
        """Let everybody leave, and what is below zero be taken over, then sell the rest."""
        until_ms = self.machine.now_ms + AFTER_MS
        while self.machine.now_ms < until_ms:
            self._late_block(AFTER_BLOCK_MS)
            self.crowd.leave(_LEAVING)
        self._look()
        until_ms = self.machine.now_ms + LATE_MS
        while self.keeper.troubled and self.machine.now_ms < until_ms:
            self._late_block(LATE_BLOCK_MS)
        if self.timeline[-1]["seconds"] < self._path_ms // 1_000:
            self._look()

    def _late_block(self, delta_ms: int) -> None:
        self._block(delta_ms, moving=True)
        self.keeper.act()
        self._trade()

    def leave(self) -> None:
        """Let all accounts ask for all their money, in any order."""
        self._block(LATE_BLOCK_MS, moving=True)
        first, last = ACCOUNTS << INDEX_BITS, (ACCOUNTS + 1) << INDEX_BITS
        found = [
            (key - first) >> 5
            for key in self.machine.state
            if first <= key < last and key & 31 == BALANCES_FIELD
        ]
        self.rng.shuffle(found)
        for account in found:
            owner: Any = self.machine.leaf(owner_key(account))
            party = Party(account, owner.address)
            if self.desk.owns(party):
                for asset, amount in enumerate(self.machine.leaf(balances_key(account)).amounts):
                    if amount > 0:
                        free = self.desk.free_usdc(account) if asset == 0 else amount
                        if free:
                            self.crowd.withdraw(party, asset, free)
        self._look()

    def _look(self) -> None:
        """Take down a line of the table."""
        books, market = self.machine.books, self.desk.market(ETH_PERPETUAL)
        self.timeline.append(
            {
                "seconds": self._path_ms // 1_000,
                "eth_usdc": self._last[ETH] // USDC_UNIT,
                "btc_usdc": self._last[BTC] // USDC_UNIT,
                "open_eth_lots": market.open_interest,
                "liquidating": len(self.keeper.troubled),
                "fills": self.fills,
                "insurance_usdc": books.insurance,
                "deficit_usdc": books.deficit,
                "ratio_ppm": books.ratio_ppm,
            }
        )

    # The end

    def run(self) -> dict[str, Any]:
        """Tell the whole story; what broke it is in the result, under `broken`."""
        began, spent = time.monotonic(), time.process_time()
        broken, ledger = None, None
        try:
            for act in (self.found, self.build, self.fall, self.settle, self.leave):
                act()
                self.tell(self._words(act.__name__))
            audit = Audit(self.machine.state)
            audit.check()
            ledger = audit.settle(self.machine.books)
            state = ChainState({})
            state.commit(self.machine.state)
            root = "0x" + state.root().hex()
        except InvariantViolation as error:
            broken, root = str(error), None
        elapsed = time.monotonic() - began, time.process_time() - spent
        return make_report(self, ledger, broken, root, elapsed)

    def _words(self, act: str) -> str:
        """Say how things stand after an act."""
        books, keeper = self.machine.books, self.keeper
        return (
            f"{act:<8}{books.steps:>9,} steps {self.fills:>7,} fills  "
            f"{len(keeper.troubled):>5,} in liquidation  custody {_show(books.custody)}  "
            f"insurance {_show(books.insurance)}  deficit {_show(books.deficit)} USDC"
        )


def _show(usdc: int) -> str:
    """Return whole USDC."""
    return f"{usdc // USDC_UNIT:,}"
