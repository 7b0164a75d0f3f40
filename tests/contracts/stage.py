"""A small exchange set up by hand for one item: what a scene plays in both twins.

A scene writes leaves that random trading would hardly bring about (a full book, a balance at its
bound, an account in liquidation), then sends records and messages: tests/contracts/scenes_*.py.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from rollup_node.codec.admin import encode_admin
from rollup_node.codec.delayed import encode_deposit, encode_forced
from rollup_node.codec.eip712 import digest, quote_digest, report_digest
from rollup_node.codec.records import encode_open, encode_prefix, encode_record, frame
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.account_leaves import NO_COLD, SessionKey
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ExecuteRfq,
    ItemHeader,
    Messages,
    PlaceOrder,
    RfqLeg,
    RfqQuote,
    Seal,
    SignedTransaction,
)
from rollup_node.core.kinds import ItemKind, MessageKind, Phase
from rollup_node.core.layout import (
    CREDIT_KEY,
    CURSOR_KEY,
    PRICES_KEY,
    PUBLISHERS_KEY,
    cold_key,
    expiry_key,
    hot_key,
    owner_key,
    series_key,
    series_risk_key,
    session_key_key,
    terms_key,
    underlying_key,
)
from rollup_node.core.leaves import Cursor, Owner
from rollup_node.core.market_leaves import NO_EXPIRY, Publishers, Underlying
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import ZERO, keccak
from rollup_node.proof.inbox import next_delayed_accumulator, next_fast_accumulator
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import BlobData
from tests.contracts.random_world import ADDRESSES, KEYS
from tests.unit.core.exchange import (
    BTC,
    ETH,
    FUTURE,
    LINEAR_RISK,
    NOW,
    STATE,
    TERMS,
    TICK,
    Exchange,
)

RICH: Final = 10**12
PUBLISHER_KEYS: Final = tuple(
    sorted((keccak(b"stage" + bytes((n,))) for n in range(3)), key=address_of)
)
EXPIRY_AT: Final = NOW // 1_000 + 3_600
GUARDIAN_KEY: Final = KEYS[3]


class Stage(Exchange):
    """Markets at one price, rich accounts 1 to 8, and the item that a scene writes.

    Account `a` is of owner `a mod 4`, so 1 and 5 have one owner; each account is its own group.
    """

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine
        self.counter = 0
        self.prefix = encode_prefix(NOW)
        self.tail = b""
        self.bodies: list[bytes] = []
        self.delayed: list[DelayedMessage] = []
        self.fast: list[DelayedMessage] = []
        prices: Any = self.state[PRICES_KEY]
        self.state[PRICES_KEY] = prices._replace(sampled_ms=NOW)
        terms = TERMS._replace(kind=3, underlying=BTC, book=FUTURE)
        self.state[terms_key(FUTURE)] = terms
        self.state[series_key(FUTURE)] = STATE
        self.state[series_risk_key(FUTURE)] = LINEAR_RISK
        self.state[expiry_key(BTC, 0)] = NO_EXPIRY._replace(expiry_at=EXPIRY_AT)
        for underlying in (ETH, BTC):
            self.state[underlying_key(underlying)] = Underlying(1, 5, 7, 0)
        addresses = tuple(address_of(key) for key in PUBLISHER_KEYS)
        self.state[PUBLISHERS_KEY] = Publishers(2, addresses + (bytes(20),) * 5)
        for series in (1, 2, FUTURE):
            self.set_series(series, low=TICK, high=TICK)
        for account in range(1, 9):
            self.open(account, RICH)

    # The state

    def open(self, account: int, cash: int = 0, ether: int = 0, **hot: Any) -> None:
        """Open an account of one of four owners."""
        super().open(account, cash, ether, **hot)
        self.state[owner_key(account)] = Owner(ADDRESSES[account & 3], 0, 0)
        if cash < 0:
            credit: Any = self.state[CREDIT_KEY]
            self.state[CREDIT_KEY] = credit._replace(borrowed=credit.borrowed - cash)

    def set_hot(self, account: int, **fields: Any) -> None:
        """Change the hot leaf of an account."""
        self.state[hot_key(account)] = self.hot(account)._replace(**fields)

    def set_cold(self, account: int, **fields: Any) -> None:
        """Change the cold leaf of an account."""
        cold: Any = self.state.get(cold_key(account), NO_COLD)
        self.state[cold_key(account)] = cold._replace(**fields)

    def set_key(self, account: int, number: int, **fields: Any) -> None:
        """Give an account a session key that may do anything."""
        key = SessionKey(ADDRESSES[account + number & 3], 15, 255, NOW + 10**9, 1 << 62, 0, 0)
        self.state[session_key_key(account, number)] = key._replace(**fields)

    def make_stale(self, account: int) -> None:
        """Let the rows of an account be of an older epoch."""
        rows = tuple(
            row._replace(epoch=row.epoch - 1) if row.epoch else row
            for row in self.hot(account).rows
        )
        self.set_hot(account, rows=rows)

    def restrict(self, underlying: int = ETH) -> None:
        """Let the price of an underlying drift, so that risk may only shrink."""
        prices: Any = self.state[PRICES_KEY]
        index = prices.rows[underlying].reference * 103 // 100
        self.set_prices(underlying, index_price=index, priced_ms=NOW - 500)

    # The item

    def nonce(self) -> int:
        """Return a nonce that nobody used."""
        self.counter += 1
        return NOW + self.counter

    def signer(self, record: Any) -> bytes:
        """Return the private key that should sign a record."""
        account, key = int(record[0]), int(getattr(record, "key", 0))
        if key == 255:
            return GUARDIAN_KEY
        return KEYS[account + (key if 0 < key < 4 else 0) & 3]

    def send(self, record: Any, private: bytes | None = None) -> None:
        """Post a signed record."""
        key = self.signer(record) if private is None else private
        signature = sign(digest(self.machine.domain, record), key)
        self.bodies.append(encode_record(SignedTransaction(record, signature)))

    def quote(self, *legs: RfqLeg, account: int = 2, **terms: Any) -> RfqQuote:
        """Return a quote for anyone that its maker signed."""
        quote = RfqQuote(account, 0, 0, 1_000, NOW + 10**6, legs, self.nonce(), b"")
        quote = quote._replace(**terms)
        signature = sign(quote_digest(self.machine.domain, quote), self.signer(quote))
        return quote._replace(signature=signature)

    def combo(self, *legs: RfqLeg, account: int = 1, **terms: Any) -> ExecuteRfq:
        """Return the execution of a quote of account 2; `quote` for that of another one."""
        quote = terms.pop("quote", None) or self.quote(*legs)
        record = ExecuteRfq(account, 0, 1_000, NOW + 10**6, quote, self.nonce())
        return record._replace(**terms)

    def force(self, record: Any, sender: bytes | None = None) -> None:
        """Send a record through L1, by whom it should be; it comes after all that is posted."""
        address = address_of(self.signer(record)) if sender is None else sender
        body = encode_forced(record)
        self.delayed.append(DelayedMessage(MessageKind.FORCED_TRANSACTION, address, 9, body))

    def post(self, record: Any) -> None:
        """Post a record that nobody signs."""
        self.bodies.append(encode_open(record))

    def report(self, record: Any, *places: int) -> None:
        """Post a report that publishers signed, by default two of three."""
        hashed = report_digest(self.machine.domain, record)
        chosen = [PUBLISHER_KEYS[place] for place in places or (0, 1)]
        self.post(record._replace(signatures=tuple(sign(hashed, key) for key in chosen)))

    def admin(self, message: Any) -> None:
        """Let the governor speak."""
        body = encode_admin(message)
        self.delayed.append(DelayedMessage(MessageKind.ADMIN, bytes(20), 0, body))

    def deposit(self, account: int, asset: int, amount: int, owner: bytes = ADDRESSES[0]) -> None:
        """Let money in."""
        body = encode_deposit(Deposit(account, owner, asset, amount))
        self.delayed.append(DelayedMessage(MessageKind.DEPOSIT, ADDRESSES[0], 9, body))

    def seal(self, delta_ms: int = 20) -> None:
        """Begin another block."""
        self.bodies.append(encode_record(Seal(delta_ms)))

    def order(
        self, account: int, side: int, price: int = TICK, lots: int = 50, **terms: int
    ) -> Any:
        """Return a GTC order of the perpetual at the mark, in a client slot of its own."""
        nonce = self.nonce()
        order = PlaceOrder(
            account=account, key=0, series=1, side=side, kind=0, time_in_force=0, post_only=0,
            reduce_only=0, self_trade=0, price=price, quantity=lots, trigger=0, expiry=0,
            max_fee=1_000, slot=self.counter & 1_023, nonce=nonce,
        )  # fmt: skip
        return order._replace(**terms)


class StagedWorld:
    """What the differential run asks for: a state and one item."""

    def __init__(
        self, stage: Stage, item: int, delayed: Sequence[bytes], fast: Sequence[bytes]
    ) -> None:
        self.stage = stage
        self.delayed, self.fast = list(delayed), list(fast)
        stage.state[CURSOR_KEY] = Cursor(
            item, 0, len(delayed) - 1, len(fast) - 1, 1, NOW, Phase.BETWEEN, 0
        )
        self.initial = stage.state
        self.state = ChainState()
        self.state.commit(stage.state)

    def item(self) -> tuple[ItemHeader, bytes, Messages, BlobData | None]:
        """Return the item that the scene wrote."""
        stage = self.stage
        data = stage.prefix + b"".join(map(frame, stage.bodies)) + stage.tail
        for message in stage.delayed:
            self.delayed.append(next_delayed_accumulator(self.delayed[-1], message))
        for message in stage.fast:
            self.fast.append(next_fast_accumulator(self.fast[-1], message))
        queues = len(self.delayed) - 1, self.delayed[-1], len(self.fast) - 1, self.fast[-1]
        root = chunk_root(data) if data else ZERO
        header = ItemHeader(ItemKind.CALLDATA, len(data), root, *queues, 0, 1 << 37)
        return header, data, Messages(stage.delayed, stage.fast), None


Scene = Callable[[Stage], None]
