"""The provability gate: the worst cases of steps, each alone in a call of the verifier.

Gas is an upper bound: intrinsic 21,000, execution with everything cold, and calldata at the
EIP-7623 floor (10 or 40 per byte), added up; a transaction costs less (`transaction`).
`tests.contracts.gate_table` prints what the gates of all kinds measured. These are the cases of
items, records and messages of accounts that do not trade.

Worst means: a tree without empty siblings, accounts far from each other, the longest encoding of
all fields, a record that straddles chunks, six blobs, and messages pulled by a record.
"""

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

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
from rollup_node.core.kinds import ItemKind, MessageKind, StepKind
from rollup_node.core.layout import (
    ALLOCATORS_KEY,
    BLOB_PAYLOAD_BYTES,
    CURSOR_KEY,
    DEPTHS,
    INDEX_BITS,
    MAX_BALANCE,
    MAX_BLOBS,
    MAX_CALLDATA_BYTES,
    MAX_FORCED_BYTES,
    MAX_RECORD_BYTES,
    POSITION_BITS,
    PRICE_TASK_KEY,
    PRICES_KEY,
    REGION_BITS,
    TOTALS_KEY,
    UNDERLYING_LIMIT,
    LeafKey,
    balances_key,
    owner_key,
    position,
)
from rollup_node.core.leaves import Allocators, Balances, Cursor, Leaf, Owner, Totals
from rollup_node.core.market_leaves import PriceRow, Prices
from rollup_node.core.reason import Reason
from rollup_node.core.task_leaves import PriceTask
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.chunks import chunk_root
from rollup_node.proof.hashing import ZERO
from rollup_node.proof.inbox import blobs_root
from rollup_node.proof.machine import Machine
from rollup_node.proof.witness import BlobData, Call, build_call
from tests.contracts.court import BRIDGE, CHAIN_ID, Court

_KEY: Final = b"\x5a" * 32
_OWNER: Final = address_of(_KEY)
_SENDER: Final = 0x15_5555
_RECIPIENT: Final = 0x3F_FFFF
_CLOSED: Final = 0x0A_AAAA
_FULL: Final = 0x2A_AAAA
_TIME_MS: Final = (1 << 48) - (1 << 40)
_NONCE: Final = _TIME_MS - 7
_HIGH: Final = _NONCE + 3
_AMOUNT: Final = MAX_BALANCE >> 1
_SLOT: Final = (1 << 31) - 2
_INTRINSIC: Final = 21_000
_OFFSET: Final = 1_023


class Case(NamedTuple):
    """One step: the record at the cursor (None: none) and the message it may pull."""

    name: str
    record: bytes | None
    message: DelayedMessage | None = None
    fast: DelayedMessage | None = None
    phase: int = 1
    is_void: bool = False


class Measure(NamedTuple):
    """What one worst case costs."""

    kind: StepKind
    reason: Reason
    name: str
    witness_bytes: int
    gas: int
    transaction: int
    """Gas of the call as a transaction of its own, by EIP-7623."""


def _leaves() -> dict[LeafKey, Leaf]:
    rich = (_AMOUNT + 5, MAX_BALANCE, 1 << 90, 1 << 89)
    most = (1 << 40) - 1
    due = PriceRow((1 << 32) - 1, _TIME_MS - (1 << 20), 1, most, _TIME_MS - 1, most)
    leaves: dict[LeafKey, Leaf] = {
        PRICES_KEY: Prices((due,) * UNDERLYING_LIMIT, _TIME_MS - (1 << 20)),
        PRICE_TASK_KEY: PriceTask(255, 255, 7, 255, 255, 255, 1, 0),
        ALLOCATORS_KEY: Allocators(_SLOT, 0, 0, 0),
        TOTALS_KEY: Totals(((1 << 96) - 5, (1 << 96) - 1, (1 << 95) + 1, (1 << 95) + 1)),
    }
    for account in (_SENDER, _RECIPIENT, _FULL):
        leaves[owner_key(account)] = Owner(_OWNER, _HIGH, (1 << 192) - 1 ^ 1 << 3)
        leaves[balances_key(account)] = Balances(rich if account == _SENDER else (9, 9, 9, 9))
    leaves[balances_key(_FULL)] = Balances((MAX_BALANCE,) * 4)
    return leaves


def _signed(transaction: Transaction, domain: bytes) -> bytes:
    signature = sign(digest(domain, transaction), _KEY)
    return encode_record(SignedTransaction(transaction, signature))


def _transactions(nonce: int) -> Iterator[tuple[str, Transaction]]:
    far, to = _SENDER, bytes(range(1, 21))
    yield "", Transfer(far, _RECIPIENT, 0, _AMOUNT, nonce)
    yield "short of funds", Transfer(far, _RECIPIENT, 3, MAX_BALANCE, nonce)
    yield "recipient full", Transfer(far, _FULL, 2, 1 << 89, nonce)
    yield "recipient closed", Transfer(far, _CLOSED, 0, _AMOUNT, nonce)
    yield "sender closed", Transfer(_CLOSED, _RECIPIENT, 0, _AMOUNT, nonce)
    yield "", Withdraw(far, 2, 1 << 90, to, nonce)
    yield "short of funds", Withdraw(far, 3, MAX_BALANCE, to, nonce)
    yield "", RotateKey(far, to, nonce)
    yield "no owner", RotateKey(far, bytes(20), nonce)


def _records(domain: bytes) -> Iterator[Case]:
    for name, transaction in _transactions(_NONCE):
        yield Case(name, _signed(transaction, domain))
    for nonce, name in ((_HIGH, "used"), (5, "too old"), ((1 << 64) - 1, "too new")):
        yield Case(f"nonce {name}", _signed(Transfer(_SENDER, 1, 0, 1, nonce), domain))
    bad = _signed(Withdraw(_SENDER, 3, MAX_BALANCE, _OWNER, (1 << 64) - 1), domain)
    yield Case("bad signature", bad[:-1] + bytes((bad[-1] ^ 1,)))
    yield Case("longest", encode_record(Seal((1 << 48) - 1)))
    for first in (0x00, 0x01, 0x10, 0x11, 0x12, 0xFF):
        yield Case(f"1,024 bytes of {first:#04x}", bytes((first,)) + b"\xff" * 1_023)
    canonical = _signed(Withdraw(_SENDER, 3, MAX_BALANCE, _OWNER, (1 << 64) - 1), domain)
    yield Case("trailing bytes", canonical.ljust(1_024, b"\xff"))
    yield Case("nothing to pull", encode_record(Pull()))


def _messages() -> Iterator[Case]:
    pull = encode_record(Pull())
    bridge_ids, to = (1 << 21) - 1, b"\xcc" * 20
    deposits = (
        ("opens an account", Deposit(bridge_ids, _OWNER, 2, _AMOUNT >> 8)),
        ("overflow, refund", Deposit(_SENDER, _OWNER, 1, _AMOUNT)),
        ("no owner, refund", Deposit(bridge_ids, bytes(20), 2, _AMOUNT)),
        ("no account, refund", Deposit((1 << 32) - 1, _OWNER, 2, _AMOUNT)),
        ("zero", Deposit(_SENDER, _OWNER, 2, 0)),
    )
    for name, deposit in deposits:
        yield Case(name, pull, DelayedMessage(0, to, (1 << 40) - 1, encode_deposit(deposit)))
    for name, transaction in _transactions(0):
        body = encode_forced(transaction)
        yield Case(name, pull, DelayedMessage(1, _OWNER, (1 << 40) - 1, body))
    rotation = encode_forced(RotateKey(_SENDER, to, 0))
    yield Case("not the owner", pull, DelayedMessage(1, to, 9, rotation))
    for kind in (0, 1):
        body = b"\x11" + b"\xff" * (MAX_FORCED_BYTES - 1)
        yield Case(f"256 bytes, kind {kind}", pull, DelayedMessage(kind, to, (1 << 40) - 1, body))
    for first in (0x30, 0x40, 0xFF):
        body = bytes((first,)) + b"\xff" * (MAX_RECORD_BYTES - 1)
        change = DelayedMessage(MessageKind.ADMIN, to, (1 << 40) - 1, body)
        yield Case(f"change of 1,024 bytes of {first:#04x}", pull, change)
        message = change._replace(kind=MessageKind.FAST)
        yield Case(f"fast, 1,024 bytes of {first:#04x}", encode_record(PullFast()), fast=message)
    yield Case("no fast message to pull", encode_record(PullFast()))


def cases(domain: bytes) -> Iterator[Case]:
    """Yield the worst cases of every kind, successful or not."""
    yield Case("batch", None, phase=0)
    yield Case("void", None, phase=0, is_void=True)
    yield Case("after the last record", None)
    yield Case("length out of range", b"")
    yield from _records(domain)
    yield from _messages()


def _crowd(state: ChainState, keys: tuple[LeafKey, ...], rng: random.Random) -> None:
    """Give every sibling of `keys` a hash, as if the whole tree were full."""
    tree = state._tree
    for key in keys:  # makes the pages that an empty leaf would lie in
        tree.put(key, state.value(key))
    tree.root()
    paths = {
        (d, position(k) >> (POSITION_BITS - d)) for k in keys for d in range(POSITION_BITS + 1)
    }
    for key in keys:
        region, depth = key >> INDEX_BITS, DEPTHS[key >> INDEX_BITS]
        for d in range(depth, REGION_BITS, -1):
            sibling = position(key) >> (POSITION_BITS - d) ^ 1
            if (d, sibling) not in paths:
                local = sibling & (1 << (d - REGION_BITS)) - 1
                below, pages = tree._regions[region]._by_depth[d - REGION_BITS - 1]
                page, place = pages[local >> below], 1 << below | local & (1 << below) - 1
                page[place] = rng.randbytes(32) if page[place] == ZERO else page[place]
        tree.put(key, state.value(key))
    for region in set(range(1 << REGION_BITS)) - {key >> INDEX_BITS for key in keys}:
        tree._top[(1 << REGION_BITS) + region] = rng.randbytes(32)
    tree._is_flushed = False


class Gate:
    """The verifier, and the items that put it to the test.

    `steps` are proven in a call, in a tree without an empty sibling if it `is_full`.
    """

    steps = 1
    is_full = True

    def __init__(self) -> None:
        self.court = Court()
        self.machine = Machine(CHAIN_ID, BRIDGE)
        self.rng = random.Random(1)

    def measure(self, case: Case, kind: ItemKind) -> Measure:
        """Prove one case and say what it cost."""
        header, data, blobs = self._item(case, kind)
        state = self._state(case, header)
        messages = Messages(*([] if m is None else [m] for m in (case.message, case.fast)))
        draft = build_call(self.machine, state, header, data, messages, self.steps, blobs=blobs)
        if self.is_full:
            _crowd(state, draft.keys, self.rng)
        call = build_call(self.machine, state, header, data, messages, self.steps, blobs=blobs)
        return self._prove(case, call)

    def _prove(self, case: Case, call: Call) -> Measure:
        encoded = self.court.call_data(call, name="prove")
        verdict = self.court.simulate(self.court.call_data(call))
        assert verdict.root == call.end_root, case.name
        assert (verdict.kinds, verdict.reasons) == (call.kinds, call.reasons), case.name
        self.court.cool()
        self.court.prove(encoded)
        zeros = encoded.count(0)
        rest = len(encoded) - zeros
        floor = 10 * zeros + 40 * rest
        used = self.court.evm.result.gas_used
        gas = used - 4 * zeros - 16 * rest + floor
        transaction = max(used, _INTRINSIC + floor)
        size = len(call.encode())
        return Measure(call.kinds[0], call.reasons[0], case.name, size, gas, transaction)

    def _item(self, case: Case, kind: ItemKind) -> tuple[ItemHeader, bytes, BlobData | None]:
        court = self.court
        if case.message is not None:
            court.add_message(case.message)
        if case.fast is not None:
            court.add_fast(case.fast)
        size = BLOB_PAYLOAD_BYTES * MAX_BLOBS if kind == ItemKind.BLOB else MAX_CALLDATA_BYTES
        start = BLOB_PAYLOAD_BYTES - 1 if kind == ItemKind.BLOB else _OFFSET
        record = b"\xff\xff" if not case.record else frame(case.record)
        prefix = b"\xff" if case.is_void else encode_prefix(_TIME_MS + 5)
        data = bytearray(prefix.ljust(start, b"\xa5") + record).ljust(size, b"\xa5")
        content, blobs = bytes(data), None
        root = ZERO
        if kind == ItemKind.CALLDATA:
            root = chunk_root(content)
        else:
            hashes = tuple(self.rng.randbytes(32) for _ in range(MAX_BLOBS))
            for i, versioned in enumerate(hashes):
                payload = content[i * BLOB_PAYLOAD_BYTES : (i + 1) * BLOB_PAYLOAD_BYTES]
                court.import_blob(versioned, chunk_root(payload))
            blobs, root = BlobData(hashes, content), blobs_root(hashes)
        latest = (1 << 38) - 1
        delayed, fast = len(court.messages) - 1, len(court.fast) - 1
        queues = delayed, court.messages[-1], fast, court.fast[-1]
        header = ItemHeader(kind, size, root, *queues, 1, latest)
        court.add_item(header)
        return header, content, blobs

    def _state(self, case: Case, header: ItemHeader) -> ChainState:
        start = BLOB_PAYLOAD_BYTES - 1 if header.kind == ItemKind.BLOB else _OFFSET
        offset = header.byte_length if case.record is None else start
        delayed = header.delayed_count - (case.message is not None)
        fast = header.fast_count - (case.fast is not None)
        item = len(self.court.items) - 2
        state = ChainState()
        state.commit(_leaves())
        offset *= case.phase
        state.commit(
            {CURSOR_KEY: Cursor(item, offset, delayed, fast, 1 << 39, _TIME_MS, case.phase, 0)}
        )
        return state


def run() -> dict[StepKind, list[Measure]]:
    """Measure every case, in calldata and in blobs."""
    gate = Gate()
    found: dict[StepKind, list[Measure]] = {}
    for case in cases(gate.machine.domain):
        for item_kind in (ItemKind.CALLDATA, ItemKind.BLOB):
            measure = gate.measure(case, item_kind)
            found.setdefault(measure.kind, []).append(measure)
    return found
