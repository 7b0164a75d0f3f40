"""A whole exchange run by the step function alone: governor, publishers, accounts, blocks."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.delayed import decode_message, encode_deposit, encode_forced
from rollup_node.core.inputs import (
    CancelAll,
    CancelOrder,
    DelayedMessage,
    Deposit,
    ItemHeader,
    Leg,
    ListExpiry,
    ListStrike,
    MassQuote,
    PlaceOrder,
    PriceReport,
    ReplaceOrder,
    SurfaceReport,
)
from rollup_node.core.kinds import MessageKind, Phase, SeriesKind, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    CURSOR_KEY,
    PRICES_KEY,
    TOTALS_KEY,
    LeafKey,
    expiry_key,
    owner_key,
    series_key,
    session_key_key,
    terms_key,
)
from rollup_node.core.leaves import Allocators, Cursor, Leaf, Owner, Totals
from rollup_node.core.markets import ListSeries, SetExpiry
from rollup_node.core.reason import Reason
from rollup_node.core.step import (
    Outcome,
    apply_record,
    apply_seal,
    open_item,
    pull_message,
    run_task,
    run_tasks,
)
from rollup_node.devnet.markets import MARKETS, initial_messages, smile

SPOT: Final = 1
PERP: Final = 2
BTC_PERP: Final = 3
FUTURE: Final = 4
SERIES: Final = (SPOT, PERP, BTC_PERP, FUTURE)
ETH: Final = 0
BTC: Final = 1
USD: Final = 1_000_000
START_MS: Final = 1_763_700_000_000
EXPIRY_AT: Final = START_MS // 1_000 + 3_600
OPTION_SLOT: Final = 3
OPTIONS_AT: Final = 1_763_798_400
"""The settlement date of the options: 08:00 UTC of the next day."""
OPTIONS: Final = (2_048, 2_049, 4_094, 4_095)
STRIKES: Final = (3_000 * 1_000_000, 3_100 * 1_000_000)
PRICES: Final = (3_000 * USD, 95_000 * USD)
PUBLISHERS: Final = tuple(bytes((0xF0 + n,)) * 20 for n in range(5))
HEADER: Final = ItemHeader(0, 1 << 31, bytes(32), 0, bytes(32), 0, bytes(32), 0, 1 << 38)
TASK_STEPS: Final = 3_000
BUY: Final = 0
SELL: Final = 1
IOC: Final = 2


class Step(NamedTuple):
    """One step that was taken: what it did, and the leaves that it replaced."""

    kind: StepKind
    reason: Reason
    events: tuple[Any, ...]
    replaced: dict[LeafKey, Leaf | None]


class _Reads:
    """A state that knows what was read of it."""

    def __init__(self, state: dict[LeafKey, Leaf]) -> None:
        self.state = state
        self.keys: set[LeafKey] = set()

    def get(self, key: LeafKey, /) -> Any:
        self.keys.add(key)
        return self.state.get(key)


def owner_of(account: int) -> bytes:
    """Return the address that owns an account; every fourth account is of one owner."""
    return bytes((1 + account % 4,)) * 20


def key_address(account: int, number: int) -> bytes:
    """Return the address of a session key."""
    return bytes((account, 100 + number)) * 10


class Arena:
    """Markets of the devnet and a future, accounts with money, and a clock.

    `watch` hears of every step after its writes are kept.
    """

    def __init__(self) -> None:
        self.state: dict[LeafKey, Leaf] = {
            CURSOR_KEY: Cursor(0, 0, 0, 0, 0, 0, 0, 0),
            ALLOCATORS_KEY: Allocators(0, 0, 0, 0),
            TOTALS_KEY: Totals((0, 0, 0, 0)),
        }
        self.watch: Callable[[Step], None] = lambda _step: None
        self.counter = 0
        self.rounds = 0
        self._do(lambda reads: open_item(reads, HEADER, START_MS))
        for body in initial_messages(PUBLISHERS):
            self.admin(body)
        terms = MARKETS[PERP - 1].terms._replace(kind=SeriesKind.FUTURE, book=FUTURE)
        self.admin(encode_admin(SetExpiry(ETH, 0, EXPIRY_AT)))
        self.admin(encode_admin(ListSeries(FUTURE, terms)))
        self.seal(20)
        for underlying, price in enumerate(PRICES):
            assert self.report(underlying, price) is Reason.OK
        assert self.open_record(ListExpiry(ETH, OPTION_SLOT, OPTIONS_AT)) is Reason.OK
        for call, strike in zip(OPTIONS[::2], STRIKES, strict=True):
            record = ListStrike(ETH, OPTION_SLOT, strike, call)
            assert self.open_record(record) is Reason.OK
        self.seal(20)
        assert self.surface(6_000) is Reason.OK
        self.seal(1_000)

    # Steps

    def _do(self, step: Callable[[Any], Outcome]) -> Outcome:
        """Take one step; it writes only what it read (X-9 of docs/spec.md)."""
        reads = _Reads(self.state)
        outcome = step(reads)
        assert set(outcome.writes) <= reads.keys, "a step wrote what it had not read"
        replaced = {key: self.state.get(key) for key in outcome.writes}
        self.state.update(outcome.writes)
        self.watch(Step(outcome.kind, outcome.reason, outcome.events, replaced))
        return outcome

    def _run(self, step: Callable[[Any], Outcome]) -> Reason:
        """Take a step and all the tasks that it began; return its own reason.

        What `run_tasks` makes of them at once is the same.
        """
        reason = self._do(step).reason
        at_once = run_tasks(self.state)
        taken: list[Outcome] = []
        while self.cursor().phase != Phase.IDLE:
            assert len(taken) < TASK_STEPS, f"a task of phase {self.cursor().phase} does not end"
            taken.append(self._do(run_task))
        assert at_once.steps == [(outcome.kind, outcome.reason) for outcome in taken]
        assert at_once.events == [event for outcome in taken for event in outcome.events]
        assert at_once.writes == {key: self.state[key] for key in at_once.writes}
        assert all(set(outcome.writes) <= set(at_once.writes) for outcome in taken)
        return reason

    def send(self, record: Any, signer: bytes | None = None) -> Reason:
        """Execute a record that its owner or session key signed, or `signer`."""
        if signer is None:
            key = getattr(record, "key", 0)
            signer = key_address(record[0], key) if key else self.owner(record[0])
        return self._run(lambda reads: apply_record(reads, record, signer, 1))

    def open_record(self, record: Any, signers: tuple[bytes | None, ...] = ()) -> Reason:
        """Execute a record that needs no sender."""
        return self._run(lambda reads: apply_record(reads, record, None, 1, signers))

    def pull(self, message: DelayedMessage) -> Reason:
        """Execute a delayed message."""
        content = decode_message(message)
        return self._run(lambda reads: pull_message(reads, message, content))

    def force(self, record: Any, sender: bytes) -> Reason:
        """Execute a record as a message of `sender` through L1."""
        body = encode_forced(record)
        seconds = self.now() // 1_000
        return self.pull(DelayedMessage(MessageKind.FORCED_TRANSACTION, sender, seconds, body))

    def admin(self, body: bytes) -> Reason:
        """Execute a message of the governor."""
        return self.pull(DelayedMessage(MessageKind.ADMIN, bytes(20), 0, body))

    def deposit(self, account: int, asset: int, amount: int) -> Reason:
        """Let money in."""
        body = encode_deposit(Deposit(account, owner_of(account), asset, amount))
        return self.pull(DelayedMessage(MessageKind.DEPOSIT, owner_of(account), 0, body))

    def seal(self, delta_ms: int = 20) -> Reason:
        """Begin the next block."""
        return self._run(lambda reads: apply_seal(reads, HEADER, delta_ms, 1))

    def report(self, underlying: int, price: int, signers: Any = PUBLISHERS[:3]) -> Reason:
        """Let the publishers say a price, now."""
        self.rounds += 1
        record = PriceReport(underlying, self.rounds, self.now(), price, 100, ())
        return self.open_record(record, tuple(signers))

    def surface(self, volatility: int, difference: int = 0) -> Reason:
        """Let the publishers say the volatilities of the options, in basis points at the money."""
        self.rounds += 1
        nodes = smile(volatility)
        now = self.now()
        at = self.leaf(expiry_key(ETH, OPTION_SLOT)).expiry_at
        record = SurfaceReport(ETH, OPTION_SLOT, at, self.rounds, now, difference, nodes, ())
        return self.open_record(record, PUBLISHERS[:3])

    def move(self, underlying: int, price: int) -> None:
        """Let a second pass, then a price be accepted and become the mark."""
        self.seal(1_000)
        while (reason := self.report(underlying, price)) is not Reason.OK:
            assert reason is Reason.PRICE_PENDING
            self.seal(1_000)
        if self.row(underlying).reference != price:
            self.seal(30_000)
            assert self.report(underlying, price) is Reason.OK

    # Looks

    def cursor(self) -> Cursor:
        """Return the cursor."""
        leaf: Any = self.state[CURSOR_KEY]
        found: Cursor = leaf
        return found

    def now(self) -> int:
        """Return the time of the block, ms."""
        return self.cursor().time_ms

    def leaf(self, key: LeafKey) -> Any:
        """Return a leaf."""
        return self.state.get(key)

    def row(self, underlying: int) -> Any:
        """Return the prices of an underlying."""
        return self.leaf(PRICES_KEY).rows[underlying]

    def owner(self, account: int) -> bytes:
        """Return the address that owns an account now."""
        leaf: Owner = self.leaf(owner_key(account))
        return leaf.address

    def series(self, series: int = PERP) -> Any:
        """Return the state of a series."""
        return self.leaf(series_key(series))

    def tick(self, series: int = PERP) -> int:
        """Return the tick of the mark, at least 1."""
        mark, unit = self.series(series).mark, self.leaf(terms_key(series)).unit
        return max(1, int(mark // unit))

    def has_key(self, account: int, number: int) -> bool:
        """Tell whether an account has a session key."""
        return self.leaf(session_key_key(account, number)) is not None

    # Records

    def nonce(self) -> int:
        """Return a nonce that nobody used."""
        self.counter += 1
        return self.now() + self.counter

    def order(self, account: int, side: int, price: int, quantity: int, **terms: int) -> PlaceOrder:
        """Return a GTC order of the perpetual; its client slot is its number if not given."""
        nonce = self.nonce()
        order = PlaceOrder(
            account=account, key=0, series=PERP, side=side, kind=0, time_in_force=0, post_only=0,
            reduce_only=0, self_trade=0, price=price, quantity=quantity, trigger=0, expiry=0,
            max_fee=1_000, slot=self.counter & 1_023, nonce=nonce,
        )  # fmt: skip
        return order._replace(**terms)

    def cancel(self, order: PlaceOrder, **terms: int) -> CancelOrder:
        """Return the cancel of an order."""
        tag = order.nonce & 0xFFFFFFFF
        record = CancelOrder(order.account, order.key, order.slot, tag, self.nonce())
        return record._replace(**terms)

    def replace(self, order: PlaceOrder, price: int, quantity: int) -> ReplaceOrder:
        """Return the replacement of an order."""
        tag = order.nonce & 0xFFFFFFFF
        slot = order.slot
        return ReplaceOrder(order.account, order.key, slot, tag, price, quantity, self.nonce())

    def cancel_all(self, account: int, scope: int = 0, scope_id: int = 0) -> CancelAll:
        """Return a cancel-all of the owner."""
        return CancelAll(account, 0, scope, scope_id, self.nonce())

    def quote(self, account: int, *legs: Leg, key: int = 0) -> MassQuote:
        """Return a mass quote."""
        return MassQuote(account, key, 1_000, legs, self.nonce())
