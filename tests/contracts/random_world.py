"""Random inputs for both twins: valid, invalid, garbage and boundary values, all from one seed."""

import random
from collections.abc import Sequence
from typing import Final

from rollup_node.codec.delayed import encode_deposit, encode_forced
from rollup_node.codec.eip712 import digest
from rollup_node.codec.records import encode_prefix, encode_record, frame
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.inputs import (
    DelayedMessage,
    Deposit,
    ItemHeader,
    Messages,
    Pull,
    PullFast,
    RotateKey,
    Seal,
    SignedTransaction,
    Transaction,
    Transfer,
    Withdraw,
)
from rollup_node.core.kinds import ItemKind, MessageKind, RecordKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    BLOB_PAYLOAD_BYTES,
    CURSOR_KEY,
    MAX_BALANCE,
    NONCE_LEAD_MS,
    PRICES_KEY,
    TOTAL_LIMIT,
    TOTALS_KEY,
    UNDERLYING_LIMIT,
    balances_key,
    owner_key,
)
from rollup_node.core.leaves import Allocators, Amounts, Balances, Cursor, Owner, Totals, Writes
from rollup_node.core.market_leaves import PriceRow, Prices
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import ZERO, keccak
from rollup_node.proof.inbox import (
    blobs_root,
    next_delayed_accumulator,
    next_fast_accumulator,
)
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import BlobData

KEYS: Final = tuple(keccak(bytes((i,))) for i in range(4))
ADDRESSES: Final = tuple(address_of(key) for key in KEYS)
KEY_OF: Final = dict(zip(ADDRESSES, KEYS, strict=True))
OPEN_ACCOUNTS: Final = (1, 2, 3, 77, (1 << 21) - 1, (1 << 21) + 5, (1 << 22) - 1)
NEW_ACCOUNTS: Final = (4, 5, 6, 1 << 20)
ODD_ACCOUNTS: Final = (0, 1 << 21, 1 << 22, (1 << 32) - 1)
FAST_KINDS: Final = (
    RecordKind.PRICE_REPORT,
    RecordKind.FORWARD_REPORT,
    RecordKind.SETTLEMENT_PRICE,
    RecordKind.LIQUIDATE,
    RecordKind.TRIGGER,
)
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_START_MS: Final = 1_763_700_000_000


class World:
    """A state that both twins start from, and an endless supply of items for it."""

    items: int = 12
    """How many items a run takes of it."""

    def __init__(
        self,
        rng: random.Random,
        machine: Machine,
        item: int = 0,
        delayed: Sequence[bytes] = (ZERO,),
        fast: Sequence[bytes] = (ZERO,),
        *,
        has_prices: bool = True,
    ) -> None:
        """Begin at `item`, with everything consumed: `delayed` and `fast` are accumulators."""
        self.rng = rng
        self.machine = machine
        self.delayed = list(delayed)
        self.fast = list(fast)
        self._has_prices = has_prices
        self.initial = self._initial(item)
        self.state = ChainState()
        self.state.commit(self.initial)

    def _initial(self, item: int) -> Writes:
        rng = self.rng
        delayed, fast = len(self.delayed) - 1, len(self.fast) - 1
        outbox = rng.choice([0, 5, (1 << 31) - 3, (1 << 31) + 7])
        writes: Writes = {
            CURSOR_KEY: Cursor(item, 0, delayed, fast, rng.randrange(1 << 20), _START_MS, 0, 0),
            ALLOCATORS_KEY: Allocators(outbox, 0, 0, 0),
        }
        if self._has_prices and rng.random() < 0.7:
            writes[PRICES_KEY] = self._prices()
        sums = [0, 0, 0, 0]
        for account in OPEN_ACCOUNTS:
            amounts = (rng.choice([0, 10**6]), 10**18, rng.randrange(10**27), 0)
            if account == OPEN_ACCOUNTS[3]:
                amounts = (*amounts[:2], MAX_BALANCE - 5, 1)
            sums = [total + amount for total, amount in zip(sums, amounts, strict=True)]
            nonce = rng.choice([0, 0, 191, 10**9])
            writes[owner_key(account)] = Owner(rng.choice(ADDRESSES), nonce, rng.getrandbits(192))
            writes[balances_key(account)] = Balances(amounts)
        first, second, third, _ = sums
        # The sum of the last asset is near its limit, as if others held the rest.
        totals: Amounts = (first, second, third, TOTAL_LIMIT - 10)
        writes[TOTALS_KEY] = Totals(totals)
        return writes

    def _prices(self) -> Prices:
        """Return prices of which some are due for a new one, some only to be sampled."""
        rng = self.rng
        rows = []
        for _ in range(UNDERLYING_LIMIT):
            price, epoch = rng.choice([0, 10**6, 10**9]), rng.choice([0, 1, 9])
            age_ms = rng.choice([0, 999, 1_000, 30_000])
            reference = price * rng.choice([997, 1_000, 1_003]) // 1_000
            pending = price * rng.choice([0, 0, 0, 0, 0, 0, 0, 9]) // 10
            row = (epoch, _START_MS - age_ms, reference, price, _START_MS - 5, pending)
            rows.append(PriceRow(*row))
        return Prices(tuple(rows), _START_MS - rng.choice([0, 990, 5_000]))

    def account(self) -> int:
        """Return an account id: mostly open, sometimes new, rarely impossible."""
        roll = self.rng.random()
        if roll < 0.8:
            return self.rng.choice(OPEN_ACCOUNTS)
        return self.rng.choice(NEW_ACCOUNTS if roll < 0.92 else ODD_ACCOUNTS)

    def amount(self) -> int:
        """Return an amount: mostly small, sometimes at a boundary."""
        rng = self.rng
        if rng.random() < 0.7:
            return rng.randrange(1, 50)
        odd = (0, 1, 5, 6, 10**18, MAX_BALANCE, MAX_BALANCE + 1, (1 << 96) - 1, rng.getrandbits(96))
        return rng.choice(odd)

    def asset(self) -> int:
        """Return an asset id, known or not."""
        return self.rng.choice([0, 1, 2, 3] if self.rng.random() < 0.93 else [4, 255])

    def address(self) -> bytes:
        """Return an address: one with a key, a random one, or zero."""
        roll = self.rng.random()
        if roll < 0.75:
            return self.rng.choice(ADDRESSES)
        return self.rng.randbytes(20) if roll < 0.9 else bytes(20)

    def nonce(self, account: int) -> int:
        """Return a nonce around the window of an account, or around the clock."""
        rng = self.rng
        owner: Owner | None = self.state.get(owner_key(account))
        high = 0 if owner is None else owner.nonce_high
        clock: int = self.state.get(CURSOR_KEY).time_ms
        roll = rng.random()
        if roll < 0.4:
            return high + rng.randrange(1, 250)
        if roll < 0.85:
            return max(high - rng.randrange(200), 0)
        lead = clock + NONCE_LEAD_MS
        return rng.choice(
            [0, 1, high, high + 191, high + 192, clock, lead, lead + 1, (1 << 64) - 1]
        )

    def transaction(self) -> Transaction:
        """Return a transaction with fields of all sorts."""
        account = self.account()
        nonce = self.nonce(account)
        kind = self.rng.randrange(5)
        if kind < 2:
            return Transfer(account, self.account(), self.asset(), self.amount(), nonce)
        if kind < 4:
            return Withdraw(account, self.asset(), self.amount(), self.address(), nonce)
        return RotateKey(account, self.address(), nonce)

    def signed(self) -> bytes:
        """Return the body of a transaction, mostly signed by its owner."""
        transaction = self.transaction()
        owner: Owner | None = self.state.get(owner_key(transaction[0]))
        key = KEY_OF.get(owner.address) if owner else None
        if key is None or self.rng.random() < 0.05:
            key = self.rng.choice(KEYS)
        signature = sign(digest(self.machine.domain, transaction), key)
        if self.rng.random() < 0.1:
            signature = self.bad_signature(signature)
        return encode_record(SignedTransaction(transaction, signature))

    def bad_signature(self, good: bytes) -> bytes:
        """Return a signature that is wrong in one way."""
        r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")
        parity, s = s >> 255, s & (1 << 255) - 1
        flip = 1 << self.rng.randrange(512)
        half = _ORDER >> 1
        odd = (
            (r, s, 1 - parity),
            (0, s, parity),
            (_ORDER, s, parity),
            (_ORDER - 1, s, parity),
            (r + _ORDER if r + _ORDER < 1 << 256 else (1 << 256) - 1, s, parity),
            (r, 0, parity),
            (r, half, parity),
            (r, half + 1, parity),
            (r, (_ORDER - s) & (1 << 255) - 1, parity),
            (r, (1 << 255) - 1, parity),
        )
        if self.rng.random() < 0.3:
            return (int.from_bytes(good, "big") ^ flip).to_bytes(64, "big")
        r, s, parity = self.rng.choice(odd)
        return r.to_bytes(32, "big") + (parity << 255 | s).to_bytes(32, "big")

    def garbage(self) -> bytes:
        """Return a body that mostly does not decode."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.35:
            body = bytearray(self.signed())
            for _ in range(rng.randrange(1, 3)):
                body[rng.randrange(len(body))] = rng.choice(
                    [0, 0x7F, 0x80, 0xFF, rng.randrange(256)]
                )
            return bytes(body)
        if roll < 0.6:
            body = bytearray(self.signed())
            return bytes(
                body[: rng.randrange(1, len(body))] if rng.random() < 0.6 else body + b"\x00"
            )
        kind = rng.choice([0x00, 0x01, 0x10, 0x11, 0x12, 0x13, 0x02, 0xFF, rng.randrange(256)])
        size = rng.choice([0, 1, 2, 30, 100, 1023]) if rng.random() < 0.5 else rng.randrange(1024)
        return bytes((kind,)) + rng.randbytes(size)

    def body(self) -> bytes:
        """Return the body of a record of any sort."""
        roll = self.rng.random()
        if roll < 0.65:
            return self.signed()
        if roll < 0.75:
            return encode_record(Pull() if self.rng.random() < 0.5 else PullFast())
        if roll < 0.85:
            delta = self.rng.choice([0, 1, 250, 10**6, (1 << 48) - 1])
            return encode_record(Seal(delta))
        return self.garbage()

    def batch(self) -> bytes:
        """Return the data of a batch, perhaps void, perhaps with a bad end."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.04:
            return rng.choice(
                [b"", b"\x01", encode_prefix(5)[:6], b"\x02" + encode_prefix(5)[1:] + b"xy"]
            )
        clock = self.state.get(CURSOR_KEY).time_ms
        prefix = encode_prefix(rng.choice([0, clock, clock + 500, clock + 10**7, (1 << 48) - 1]))
        records = [frame(self.body()) for _ in range(rng.choice([0, 1, 5, 20, 40, 90]))]
        ends = (
            b"",
            b"",
            b"\x00",
            b"\x00\x00",
            b"\x04\x01" + bytes(2000),
            b"\x00\x05abcd",
            b"\xff\xff",
        )
        return prefix + b"".join(records) + rng.choice(ends)

    def message(self) -> DelayedMessage:
        """Return a delayed message of any sort."""
        rng = self.rng
        roll = rng.random()
        at = rng.randrange(1 << 33)
        if roll < 0.5:
            deposit = Deposit(self.account(), self.address(), self.asset(), self.amount())
            return DelayedMessage(0, self.address(), at, encode_deposit(deposit))
        if roll < 0.9:
            transaction = self.transaction()
            owner: Owner | None = self.state.get(owner_key(transaction[0]))
            sender = owner.address if owner and rng.random() < 0.85 else self.address()
            return DelayedMessage(1, sender, at, encode_forced(transaction))
        body = rng.randbytes(rng.choice([0, 1, 36, 37, 38, 256]))
        if rng.random() < 0.5:
            body = encode_forced(self.transaction()) + rng.choice([b"", b"\x00"])
        return DelayedMessage(rng.choice([0, 1, 2, 255]), self.address(), at, body)

    def fast_message(self) -> DelayedMessage:
        """Return a fast message that says nothing, nearly always under a kind that L1 lets in.

        The inbox never takes another first byte; both twins must agree on it all the same. What
        the kinds say when they say something is the business of the tests of their families.
        """
        rng = self.rng
        kind = rng.choice(FAST_KINDS if rng.random() < 0.9 else (0, 2, 0x10, 0x33, 0xFF))
        body = bytes((kind,))
        if rng.random() < 0.8:
            body += rng.randbytes(rng.choice([0, 1, 5, 40, 200, 1021])) + b"\xff\xff"
        elif rng.random() < 0.5:
            body = rng.choice([b"", encode_record(PullFast()), self.signed()])
        return DelayedMessage(MessageKind.FAST, self.address(), rng.randrange(1 << 33), body)

    def new_messages(self) -> Messages:
        """Let messages arrive in both queues."""
        counts = [0, 0, 1, 3, 8]
        new = Messages(
            [self.message() for _ in range(self.rng.choice(counts))],
            [self.fast_message() for _ in range(self.rng.choice(counts))],
        )
        for message in new.delayed:
            self.delayed.append(next_delayed_accumulator(self.delayed[-1], message))
        for message in new.fast:
            self.fast.append(next_fast_accumulator(self.fast[-1], message))
        return new

    def item(self) -> tuple[ItemHeader, bytes, Messages, BlobData | None]:
        """Return the next item with its data, its new messages and what is behind its blobs."""
        rng = self.rng
        new = self.new_messages()
        kind = rng.choices([ItemKind.CALLDATA, ItemKind.BLOB, ItemKind.FORCED], [80, 4, 16])[0]
        data = b"" if kind == ItemKind.FORCED else self.batch()
        root, blobs = ZERO, None
        if kind == ItemKind.BLOB and not data:
            data = b"\x00"
        if kind == ItemKind.CALLDATA:
            root = chunk_root(data)
        elif kind == ItemKind.BLOB:
            tail = rng.randbytes(BLOB_PAYLOAD_BYTES - len(data))
            blobs = BlobData((rng.randbytes(32),), data + tail)
            root = blobs_root(blobs.versioned_hashes)
        seconds = self.state.get(CURSOR_KEY).time_ms // 1000
        low = rng.choice([0, max(seconds - 3600, 0), seconds + 3])
        high = rng.choice([low, seconds + 60, seconds + 10**4])
        delayed, fast = len(self.delayed) - 1, len(self.fast) - 1
        queues = delayed, self.delayed[-1], fast, self.fast[-1]
        header = ItemHeader(kind, len(data), root, *queues, low, high)
        return header, data, new, blobs
