"""Any record, however odd, at any time: no step raises, writes what it has not read, or hangs."""

from random import Random
from typing import Any, Final, get_type_hints

import pytest

from rollup_node.codec.leaves import encode_leaf
from rollup_node.core import inputs
from rollup_node.core.events import Fill
from rollup_node.core.inputs import DelayedMessage, Leg, PriceReport, RfqLeg, RfqQuote
from rollup_node.core.kinds import MessageKind, Phase
from rollup_node.core.layout import position, underlying_key
from rollup_node.core.reason import Reason
from rollup_node.core.step import apply_record, pull_message
from rollup_node.devnet.markets import smile
from tests.property.arena import (
    ETH,
    OPTION_SLOT,
    OPTIONS,
    OPTIONS_AT,
    PRICES,
    PUBLISHERS,
    SERIES,
    USD,
    Arena,
    Step,
    key_address,
    owner_of,
)
from tests.property.ledger import Ledger

RECORDS: Final = (
    inputs.Transfer, inputs.Withdraw, inputs.RotateKey, inputs.CancelOrder, inputs.CancelAll,
    inputs.ReplaceOrder, inputs.MassQuote, inputs.OpenAccount, inputs.SetKey, inputs.Freeze,
    inputs.SetGuardian, inputs.SetProtection, inputs.SetDeadMan, inputs.MovePosition, inputs.Prune,
    PriceReport, inputs.ForwardReport, inputs.SettlementPrice, inputs.Settle, inputs.Liquidate,
    inputs.Bid, inputs.Trigger, inputs.Takeover, inputs.SurfaceReport, inputs.ListExpiry,
    inputs.ListStrike, inputs.DelistStrike, inputs.SetMode, inputs.ExecuteRfq,
    *(inputs.StartSale,) * 4,
    *(inputs.PlaceOrder,) * 16,
)  # fmt: skip
BITS: Final = {
    "series": 16, "asset": 8, "key": 8, "underlying": 8, "expiry_slot": 8, "slot": 16, "nonce": 64,
    "number": 8, "scope": 8, "scope_id": 16, "markets": 8, "max_fee": 16, "side": 1, "kind": 2,
    "time_in_force": 2, "post_only": 1, "reduce_only": 1, "self_trade": 2, "frozen": 1, "round": 64,
    "call": 8, "time_ms": 64, "amount": 96, "order_cap": 64, "expiry_at": 64, "strike": 64,
    "expiry_ms": 64,
}  # fmt: skip
"""How wide the fields of records are; 32 bits if not named. Source: docs/spec.md R-4."""


_PLAIN: Final = (
    "trigger", "expiry", "key", "frozen", "time_in_force", "kind", "post_only", "reduce_only",
)  # fmt: skip
"""Fields that are 0 unless they are odd."""


class Anyone:
    """Sends what comes to mind: mostly plausible numbers, some at the ends of their width."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.arena = Arena()
        for account in range(1, 7):
            self.arena.deposit(account, 0, self.random.choice((100, 10**4, 10**7)) * USD)
            self.arena.deposit(account, 1, 10**18)
        self.arena.deposit(7, 0, 10**9 * USD)
        self.arena.seal()
        for series in (*SERIES, *OPTIONS):
            tick = self.arena.tick(series)
            for side in (0, 1):
                price = max(1, tick + 4 * side - 2)
                order = self.arena.order(7, side, price, 9_000, series=series)
                assert self.arena.send(order) is Reason.OK
        self.arena.seal()

    def act(self) -> None:
        """Send one record, as itself or through L1, with the right signer mostly."""
        arena, random = self.arena, self.random
        if random.random() < 0.3 or arena.cursor().order_class > 2:
            arena.seal(random.choice((0, 1, 20, 20, 1_000, 5_000, 30_000)))
            self.report()
        record = self.record()
        signer = self.signer(record) if random.random() < 0.9 else self.address()
        if random.random() < 0.15 or isinstance(record, inputs.StartSale):
            seconds = arena.now() // 1_000 + random.choice((0, 100, 10**6))
            message = DelayedMessage(MessageKind.FORCED_TRANSACTION, signer, seconds, b"")
            fast = random.random() < 0.5
            arena._run(
                lambda state: pull_message(state, message, record, 2, PUBLISHERS[:3], fast=fast)
            )
        else:
            signers = PUBLISHERS[:3]
            if isinstance(record, inputs.ExecuteRfq):
                signers = (owner_of(record.quote.account & 7),)
            arena._run(lambda state: apply_record(state, record, signer, 7, signers))

    def report(self) -> None:
        """Let the price of ether move a little."""
        oracle = self.arena.leaf(underlying_key(ETH))
        price = PRICES[ETH] * self.random.randrange(995, 1_005) // 1_000
        record = PriceReport(ETH, oracle.round + 1, self.arena.now(), price, 10, ())
        self.arena.open_record(record, PUBLISHERS[:3])

    def signer(self, record: Any) -> bytes:
        """Return who may sign a record, if there is such an account."""
        key = getattr(record, "key", 0)
        if 0 < key < 4:
            return key_address(record[0] & 255, key)
        return self.arena.owner(record[0]) if 0 < record[0] < 7 else self.address()

    def address(self) -> bytes:
        """Return an address: of an account, of the fund, or none."""
        return self.random.choice((owner_of(self.random.randrange(1, 7)), bytes(20), b"\1" * 20))

    def record(self) -> Any:
        """Return any record."""
        shape: Any = self.random.choice(RECORDS)
        hints = get_type_hints(shape)
        is_odd = self.random.random() < 0.1
        return shape(*(self.field(name, hints[name], is_odd=is_odd) for name in shape._fields))

    def field(self, name: str, kind: Any, *, is_odd: bool) -> Any:
        """Return a value for a field of a record."""
        random = self.random
        if name == "signatures":
            return ()
        if name == "nodes":
            return smile(random.randrange(4_000, 9_000))
        if name == "quote":
            return self.quote(is_odd=is_odd)
        if name == "legs":
            legs = random.choice((1, 2, 20))
            return tuple(
                Leg(*(self.field(part, int, is_odd=is_odd) for part in Leg._fields))
                for _ in range(legs)
            )
        if kind is bytes:
            return self.address()
        bits = BITS.get(name, 32)
        top = (1 << bits) - 1
        if is_odd and random.random() < 0.5:
            return random.choice((0, 1, top, top >> 1, random.getrandbits(bits)))
        return self.usual(name) & top

    def quote(self, *, is_odd: bool) -> RfqQuote:
        """Return a quote for a combo; who signed it is said elsewhere."""
        random = self.random
        fields = {
            name: self.field(name, int, is_odd=is_odd)
            for name in ("account", "key", "max_fee", "expiry_ms", "nonce")
        }
        series = sorted(random.sample((*SERIES, *OPTIONS), random.choice((1, 2, 2, 8))))
        lots = (1, -1, 40, -400, 5_000, -(1 << 31) if is_odd else 7)
        legs = tuple(
            RfqLeg(
                number,
                random.choice(lots),
                max(0, self.arena.tick(number) + random.randrange(-9, 9)),
            )
            for number in series
        )
        taker = random.choice((0, 0, 1, 2))
        return RfqQuote(taker=taker, legs=legs, signature=bytes(64), **fields)

    def usual(self, name: str) -> int:
        """Return a number that a field may well have."""
        random, arena = self.random, self.arena
        series = random.choice((*SERIES, *SERIES, *OPTIONS))
        if name == "nonce":
            return arena.nonce()
        usual: dict[str, int] = {
            "series": series,
            "price": max(1, arena.tick(series) + random.randrange(-40, 40)),
            "expiry_at": random.choice((OPTIONS_AT, OPTIONS_AT + 86_400)),
            "strike": random.choice((2_950, 3_000, 3_200)) * USD,
            "expiry_slot": random.choice((0, OPTION_SLOT, 5)),
            "time_ms": arena.now() + random.choice((-500, 0, 10**6)),
            "slot": random.randrange(1_024),
            "expiry_ms": arena.now() + random.choice((0, 5_000, 5_000)),
            "call": random.randrange(2),
            "delta_ppm": random.randrange(10**6),
            "start_ppm": random.randrange(900_000, 1_200_000),
            "reserve_ppm": random.choice((1, 899_999)),
            "duration_seconds": random.choice((1, 60, 604_800)),
            **dict.fromkeys(("quantity", "lots"), random.choice((1, 40, 400, 3_000))),
            **dict.fromkeys(("max_fee", "limit", "window_ms"), 1_000),
            **dict.fromkeys(_PLAIN, 0),
            **dict.fromkeys(("account", "sender", "recipient", "target"), random.randrange(1, 7)),
        }
        return usual.get(name, random.randrange(4))


@pytest.mark.parametrize("seed", range(4))
def test_any_record_at_any_time_ends_and_keeps_every_invariant(seed: int) -> None:
    anyone = Anyone(seed)
    fills = 0

    def check(step: Step) -> None:
        nonlocal fills
        ledger = Ledger(anyone.arena.state, anyone.arena.now())
        phase = anyone.arena.cursor().phase
        ledger.check(rows=phase not in {Phase.REPRICE, Phase.STRIKE}, risks=phase != Phase.REFRESH)
        fills += sum(isinstance(event, Fill) for event in step.events)

    anyone.arena.watch = check
    for _ in range(900):
        anyone.act()
    assert fills > 0
    for key, leaf in anyone.arena.state.items():
        assert position(key) >= 0
        assert encode_leaf(leaf)
