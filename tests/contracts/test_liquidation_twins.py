"""Triggers, settlement, liquidations and auctions: both twins say the same of random distress."""

from collections import Counter
from random import Random
from typing import Any, Final

import pytest

from rollup_node.codec.eip712 import digest, domain_separator, report_digest
from rollup_node.codec.leaves import encode_leaf
from rollup_node.codec.records import encode_open, encode_record
from rollup_node.codec.signature import address_of, sign
from rollup_node.core.account_leaves import NO_COLD, SessionKey
from rollup_node.core.families import ACTIONS
from rollup_node.core.flags import LIQUIDATING_FLAG, SALE_FLAG
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.inputs import (
    Bid,
    Liquidate,
    Settle,
    SettlementPrice,
    SignedTransaction,
    Takeover,
)
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import (
    CURSOR_KEY,
    PUBLISHERS_KEY,
    LeafKey,
    cold_key,
    hot_key,
    owner_key,
    session_key_key,
    underlying_key,
)
from rollup_node.core.leaves import Leaf, Owner
from rollup_node.core.market_leaves import NO_UNDERLYING, Publishers
from rollup_node.core.reason import Reason
from rollup_node.proof.hashing import keccak
from tests.contracts.step_call import Answer, Openings, decode_answer, encode_step
from tests.contracts.step_chain import _DEPLOYER, StepChain, contract_of
from tests.property.test_liquidation import EXPIRY_AT, Distress
from tests.unit.core.exchange import BTC, ETH

_BRIDGE: Final = bytes(20)
_DOMAIN: Final = domain_separator(1, _BRIDGE)
_FAMILY: Final = ("uint256", "address"), (1, "0x" + _BRIDGE.hex())
_TASKS: Final = {Phase.DRAIN, Phase.LIQUIDATE}
_BARE: Final = ("LiquidationSteps", "TriggerSteps")
_SIGNED: Final = ("AuctionSteps", "SettlementSteps")


def key_of(account: int) -> bytes:
    """Return the private key of whoever owns an account at first."""
    return keccak(b"distress" + bytes((account,)))


KEYS: Final = {address_of(key_of(account)): key_of(account) for account in range(1, 9)}


class Chain(StepChain):
    """The two contracts that this compares."""

    def __init__(self) -> None:
        super().__init__()
        self.contracts = {name: self._deploy(name) for name in _BARE}
        self.contracts |= {name: self._deploy(name, *_FAMILY) for name in _SIGNED}
        self.gas = dict.fromkeys(self.contracts, 0)
        self.bytes = dict.fromkeys(self.contracts, 0)

    def step(self, name: str, given: tuple[Any, ...], openings: Openings) -> Answer:
        """Execute one step of a contract."""
        data = encode_step(given, openings)
        answer = self.evm.message_call(
            _DEPLOYER, self.contracts[name], calldata=data, is_static=True, gas=30_000_000
        )
        self.gas[name] = max(self.gas[name], self.evm.result.gas_used)
        return decode_answer(bytes(answer), openings)


class TwinDistress(Distress):
    """Random distress, each step of which the contracts answer too."""

    def __init__(self, random: Random, chain: Chain) -> None:
        super().__init__(random)
        self.chain = chain
        self.counts: Counter[tuple[StepKind, Reason]] = Counter()
        self.most: Counter[StepKind] = Counter()
        self.body, self.forced, self.signer = b"", False, bytes(20)
        state = self.exchange.state
        for account in range(1, 7):
            state[owner_key(account)] = Owner(address_of(key_of(account)), 0, 0)
        publishers = tuple(address_of(key_of(account)) for account in (7, 8))
        state[PUBLISHERS_KEY] = Publishers(2, publishers + (bytes(20),) * 6)
        state[session_key_key(3, 2)] = SessionKey(b"k" * 20, 1, 255, 10**15, 5, 6, 7)
        self.exchange.on_step = self.compare

    def step(self) -> None:
        """Do one random thing; now and then the odd one."""
        roll = self.random.random()
        if roll < 0.05:
            self.settlement_price()
        elif roll < 0.07:
            resumed = self.now() - self.random.choice((0, 59_999, 60_000))
            leaf = NO_UNDERLYING._replace(status=1, resumed_ms=resumed)
            self.exchange.state[underlying_key(ETH)] = leaf
        elif roll < 0.09:
            self.age()
        elif roll < 0.1:
            self.act(
                Liquidate(self.random.choice((0, 1 << 22, 5)), self.random.choice((0, 9, 4_096)))
            )
        elif roll < 0.11:
            self.act(Takeover(self.random.choice((0, 1 << 22))))
        elif roll < 0.12:
            self.act(Settle(self.random.choice((0, 1)), self.random.choice((0, 9, 3, 4_096))))
        else:
            super().step()

    def age(self) -> None:
        """Let an auction begin long ago."""
        for account in self.accounts:
            cold: Any = self.exchange.state.get(cold_key(account), NO_COLD)
            if self.has_hot(account) and self.exchange.hot(account).flags & LIQUIDATING_FLAG:
                begun = self.now() - self.random.choice((0, 599_999, 600_000, 7_199_999, 7_200_000))
                self.exchange.state[cold_key(account)] = cold._replace(auction_ms=begun)
                hot = self.exchange.hot(account)
                flags = hot.flags | SALE_FLAG
                self.exchange.state[hot_key(account)] = hot._replace(flags=flags)

    def settlement_price(self) -> None:
        """Let the publishers say a price of the grid, rarely a wrong one."""
        random = self.random
        for number in random.sample(range(62), random.choice((1, 1, 62))):
            record = SettlementPrice(
                random.choice((BTC, BTC, BTC, 8)),
                random.choice((0, 0, 0, 16)),
                random.choice((EXPIRY_AT, EXPIRY_AT, EXPIRY_AT, 0)),
                number,
                random.choice((2_000_000_000, random.randrange(1 << 40), 0, 1 << 40)),
                (),
            )
            value = report_digest(_DOMAIN, record)
            names = random.choice(((7, 8), (7, 8), (7,), (8, 7)))
            signatures = tuple(sign(value, key_of(name)) for name in names)
            self.act(record._replace(signatures=signatures))

    def act(self, record: Any) -> None:
        """Execute a record, signed or as a message, and what it began."""
        random = self.random
        cursor: Any = self.exchange.state[CURSOR_KEY]
        late = random.random() < 0.02
        self.exchange.state[CURSOR_KEY] = cursor._replace(order_class=4 if late else 0)
        self.forced = not isinstance(record, (Bid, SettlementPrice)) and random.random() < 0.3
        self.signer = self.sender(record)
        if isinstance(record, Bid):
            key = KEYS.get(self.signer, key_of(1)) if random.random() < 0.95 else key_of(8)
            self.signer = address_of(key)
            signature = sign(digest(_DOMAIN, record), key)
            self.body = encode_record(SignedTransaction(record, signature))
        else:
            self.body = encode_open(record)
        signers: tuple[bytes | None, ...] = ()
        if isinstance(record, SettlementPrice):
            names = {sign(report_digest(_DOMAIN, record), key_of(n)): n for n in (7, 8)}
            signers = tuple(address_of(key_of(names[s])) for s in record.signatures)
        authority = Authority(self.signer, forced=self.forced, tag=0, signers=signers)

        def execute(frame: Frame) -> Any:
            return ACTIONS[type(record)](frame, record, authority)

        self.record: Any = record
        kind, reason = self.exchange.run(execute)
        self.body = b""
        self.note(kind, reason)
        self.check()
        self.run()

    def compare(
        self, state: dict[LeafKey, Leaf], keys: list[LeafKey], frame: Frame, answer: Any
    ) -> None:
        """Execute the same step on L1 and compare."""
        cursor: Any = state[CURSOR_KEY]
        if not self.body and cursor.phase not in _TASKS:
            return
        name = contract_of(self.body, cursor.phase)
        kind, reason = answer
        before = [(key, self.value(state.get(key))) for key in keys]
        sender = "0x" + (self.signer if self.forced and self.body else bytes(20)).hex()
        forced = self.forced and bool(self.body)
        clock = (cursor.time_ms, cursor.block, cursor.phase, cursor.order_class)
        found = self.chain.step(name, (forced, sender, 0, 0, *clock, self.body), before)
        label = f"{kind.name} {reason.name}"
        assert found[:4] == (kind, reason, frame.phase, frame.order_class), label
        for (key, value), after in zip(before, found[4], strict=True):
            written = frame.writes.get(key)
            assert after == (value if written is None else encode_leaf(written)), (
                f"{label}: leaf {key:#x}"
            )
        self.counts[kind, reason] += 1
        self.most[kind] = max(self.most[kind], len(keys))

    def value(self, leaf: Any) -> bytes:
        """Return the bytes of a leaf."""
        return b"" if leaf is None else encode_leaf(leaf)


@pytest.fixture(scope="module", name="chain")
def _chain() -> Chain:
    return Chain()


def test_random_distress_is_the_same_in_both_twins(chain: Chain) -> None:
    counts: Counter[tuple[StepKind, Reason]] = Counter()
    for seed in range(30):
        market = TwinDistress(Random(seed), chain)
        for _ in range(300):
            market.step()
        counts.update(market.counts)
    reached = {kind: {reason for k, reason in counts if k is kind} for kind, _ in counts}
    assert len(reached[StepKind.LIQUIDATE]) >= 8
    assert len(reached[StepKind.BID]) >= 9
    assert len(reached[StepKind.TAKEOVER]) >= 5
    assert len(reached[StepKind.SETTLE]) >= 6
    assert len(reached[StepKind.SETTLEMENT_PRICE]) >= 6
    assert len(reached[StepKind.DRAIN]) >= 3
    assert len(reached[StepKind.TRIGGER]) >= 3


@pytest.mark.parametrize("kind", [0x40, 0x41, 0x42, 0x43, 0x44, 0x4F, 0x33, 0x32])
@pytest.mark.parametrize("size", [0, 1, 3, 40])
def test_random_bytes_are_undecodable(chain: Chain, kind: int, size: int) -> None:
    body = bytes((kind,)) + b"\xff" * size
    name = contract_of(body, Phase.IDLE)
    for forced, expected in ((False, StepKind.UNDECODABLE), (True, StepKind.FORCED_UNDECODABLE)):
        if kind == 0x42 and size == 1:
            continue
        given = (forced, "0x" + bytes(20).hex(), 0, 0, 5, 1, 1, 0, body)
        found = chain.step(name, given, [])
        assert found == (expected, Reason.UNDECODABLE, Phase.IDLE, 0, ())
