"""The law in one process: blocks, records, messages, and a look at every single step."""

from collections.abc import Callable
from typing import Any, Final

from rollup_node.codec import eip712
from rollup_node.codec.admin import encode_admin
from rollup_node.codec.delayed import decode_message, encode_deposit
from rollup_node.codec.inner_signers import recover_inner
from rollup_node.codec.records import decode_record, encode_open
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import DelayedMessage, Deposit, ItemHeader, PriceReport, Seal
from rollup_node.core.kinds import MessageKind, Phase, StepKind
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    BALANCES_FIELD,
    CURSOR_KEY,
    HOT_FIELD,
    INDEX_BITS,
    PRICES_KEY,
    LeafKey,
    owner_key,
)
from rollup_node.core.leaves import GENESIS, Cursor, Leaf
from rollup_node.core.market_leaves import Prices
from rollup_node.core.markets import AdminMessage
from rollup_node.core.reason import Reason
from rollup_node.core.step import (
    Outcome,
    apply_record,
    apply_seal,
    open_item,
    pull_message,
    run_task,
)
from rollup_node.devnet.crash.books import Books, demand
from rollup_node.devnet.crash.bounds import Bounds
from rollup_node.devnet.keys import PUBLISHERS, accounts
from rollup_node.devnet.manifest import L2_CHAIN_ID
from rollup_node.devnet.markets import PUBLISHER_THRESHOLD, initial_messages
from rollup_node.roles.auditor import Auditor

TASK_LIMIT: Final = 3_000
"""A record never sets off more steps: 1,024 orders to cancel, 128 fills, 64 triggers, refreshes."""

_BRIDGE: Final = b"\xb1" * 20
_HEADER: Final = ItemHeader(0, (1 << 32) - 1, bytes(32), 0, bytes(32), 0, bytes(32), 0, 1 << 38)
_CONFIDENCE_PPM: Final = 100
_FIELD_MASK: Final = (1 << ACCOUNT_FIELD_BITS) - 1
_ACCOUNTS_FIRST: Final = ACCOUNTS << INDEX_BITS
_ACCOUNTS_END: Final = (ACCOUNTS + 1) << INDEX_BITS


class _Reads:
    """A state that knows what was read of it, in the order of first read."""

    __slots__ = ("_get", "keys")

    def __init__(self, state: dict[LeafKey, Leaf]) -> None:
        self._get = state.get
        self.keys: dict[LeafKey, None] = {}

    def get(self, key: LeafKey, /) -> Any:  # noqa: ANN401 - the key decides the type of the leaf
        self.keys[key] = None
        return self._get(key)


class Machine:
    """An exchange with the devnet's markets, executed by `core.step` and by nothing else.

    `changed` collects the accounts whose hot leaf or balances were written; `hear` is told the
    events of every step.
    """

    def __init__(self, start_ms: int) -> None:
        self.state: dict[LeafKey, Leaf] = dict(GENESIS)
        self.books, self.bounds = Books(self.owner_of), Bounds()
        self.changed: set[int] = set()
        self.auditor = Auditor()
        self._dirty: set[LeafKey] = set(GENESIS)
        self.hear: Callable[[StepKind, tuple[Any, ...]], None] = lambda _kind, _events: None
        self.domain = eip712.domain_separator(L2_CHAIN_ID, _BRIDGE)
        self.publishers = [accounts()[name] for name in PUBLISHERS]
        self._nonce = self._round = 0
        self._run(_HEADER, lambda reads: open_item(reads, _HEADER, start_ms))
        for body in initial_messages([known.address for known in self.publishers]):
            self._admin(body)

    # Steps

    def _do(self, source: Any, step: Callable[[Any], Outcome]) -> Outcome:  # noqa: ANN401 - any content
        """Take one step, measure it, keep what it wrote, and check it."""
        state, reads = self.state, _Reads(self.state)
        outcome = step(reads)
        kind, writes = outcome.kind, outcome.writes
        demand(writes.keys() <= reads.keys.keys(), f"X-9: {kind.name} wrote what it had not read")
        self.bounds.note(kind, outcome.reason, source, reads.keys, state)
        changes = {key: (state.get(key), leaf) for key, leaf in writes.items()}
        state.update(writes)
        self._dirty.update(writes)
        self.books.note(kind, changes)
        for key in writes:
            if _ACCOUNTS_FIRST <= key < _ACCOUNTS_END and key & _FIELD_MASK in {
                HOT_FIELD,
                BALANCES_FIELD,
            }:
                self.changed.add((key - _ACCOUNTS_FIRST) >> ACCOUNT_FIELD_BITS)
        if outcome.events:
            self.hear(kind, outcome.events)
        return outcome

    def _run(self, source: Any, step: Callable[[Any], Outcome]) -> Reason:  # noqa: ANN401 - any content
        """Take a step and the tasks that it began.

        Returns its reason, or that of the money that left after a refresh.
        """
        reason = self._do(source, step).reason
        for _ in range(TASK_LIMIT):
            if self.cursor.phase == Phase.IDLE:
                return reason
            outcome = self._do(None, run_task)
            if outcome.kind is StepKind.LEAVE:
                reason = outcome.reason
        demand(False, f"X-12: a task of phase {self.cursor.phase} does not end")  # noqa: FBT003
        return reason

    def send(self, record: Any, signer: bytes) -> Reason:  # noqa: ANN401 - any signed record
        """Execute a record that an address signed."""
        return self._run(record, lambda reads: apply_record(reads, record, signer, 1))

    def open(self, record: Any) -> Reason:  # noqa: ANN401 - any open record
        """Execute a record that anyone may make."""
        return self._run(record, lambda reads: apply_record(reads, record, None, 1))

    def report(self, underlying: int, price_usdc: int, signers: tuple[int, ...]) -> Reason:
        """Let some publishers sign a price, now, and execute what they signed."""
        self._round += 1
        said = PriceReport(underlying, self._round, self.now_ms, price_usdc, _CONFIDENCE_PPM, ())
        hashed = eip712.report_digest(self.domain, said)
        keys = (self.publishers[number].private_key for number in sorted(signers))
        body = encode_open(said._replace(signatures=tuple(sign(hashed, key) for key in keys)))
        report: Any = decode_record(body)
        found = recover_inner(self.domain, report)
        demand(len(found) == max(PUBLISHER_THRESHOLD, len(signers)), "V-3: too few signatures")
        return self._run(report, lambda reads: apply_record(reads, report, None, 1, found))

    def admin(self, change: AdminMessage) -> Reason:
        """Execute a message of the governor."""
        return self._admin(encode_admin(change))

    def _admin(self, body: bytes) -> Reason:
        return self._pull(DelayedMessage(MessageKind.ADMIN, bytes(20), 0, body))

    def deposit(self, account: int, owner: bytes, asset: int, amount: int) -> Reason:
        """Let money in."""
        body = encode_deposit(Deposit(account, owner, asset, amount))
        return self._pull(DelayedMessage(MessageKind.DEPOSIT, owner, 0, body))

    def _pull(self, message: DelayedMessage) -> Reason:
        content = decode_message(message)
        return self._run(message, lambda reads: pull_message(reads, message, content))

    def seal(self, delta_ms: int) -> None:
        """Hold the state together at the end of the block (`roles.auditor`), begin the next one."""
        self.auditor.audit(self.state, self._dirty)
        self._dirty.clear()
        self._run(Seal(delta_ms), lambda reads: apply_seal(reads, _HEADER, delta_ms, 1))

    # Looks

    @property
    def cursor(self) -> Cursor:
        """The cursor."""
        found: Any = self.state[CURSOR_KEY]
        cursor: Cursor = found
        return cursor

    @property
    def now_ms(self) -> int:
        """The time of the block."""
        return self.cursor.time_ms

    @property
    def prices(self) -> Prices:
        """The prices leaf."""
        found: Any = self.state[PRICES_KEY]
        prices: Prices = found
        return prices

    def owner_of(self, account: int) -> bytes:
        """Return the address that owns an account."""
        found: Any = self.state[owner_key(account)]
        address: bytes = found.address
        return address

    def leaf(self, key: LeafKey) -> Any:  # noqa: ANN401 - the key decides the type of the leaf
        """Return a leaf, None if it was never written."""
        return self.state.get(key)

    def next_nonce(self) -> int:
        """Return a nonce that nobody used."""
        self._nonce += 1
        return self.now_ms + self._nonce
