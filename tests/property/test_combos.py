"""Combos of random traders: all legs or none, to the last unit. Invariants X-1 to X-5 and X-25."""

from random import Random
from typing import Any, Final

import pytest

from rollup_node.core.events import ComboFill
from rollup_node.core.inputs import ExecuteRfq, RfqLeg, RfqQuote, SetMode
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.leaves import Leaf, Owner
from rollup_node.core.reason import Reason
from rollup_node.core.step import apply_record
from tests.property.arena import ETH, FUTURE, OPTIONS, PERP, PRICES, USD, Arena, Step
from tests.property.ledger import Ledger

ACCOUNTS: Final = range(1, 7)
SERIES: Final = (PERP, FUTURE, *OPTIONS)
TRIES: Final = 250


class Desk:
    """Accounts that quote and execute combos of one underlying while prices move."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.arena = Arena()
        for account in ACCOUNTS:
            self.arena.deposit(account, 0, self.random.choice((200, 5_000, 10**6)) * USD)
        self.arena.seal()
        for account in ACCOUNTS:
            mode = SetMode(account, 0, account & 1, self.arena.nonce())
            assert self.arena.send(mode) is Reason.OK
        self.arena.seal()
        self.reasons: dict[Reason, int] = {}

    def trade(self) -> None:
        """Execute one quote, in a block of its own; now and then the price moves first."""
        arena, random = self.arena, self.random
        if random.random() < 0.15:
            arena.move(ETH, PRICES[ETH] * random.randrange(985, 1_016) // 1_000)
        arena.seal(20)
        record = self.record()
        before, looks = dict(arena.state), Ledger(dict(arena.state), arena.now())
        steps: list[Step] = []
        arena.watch = steps.append
        signer, maker = arena.owner(record.account), arena.owner(record.quote.account)
        arena._run(lambda state: apply_record(state, record, signer, 1, (maker,)))
        reason = [step.reason for step in steps if step.kind is StepKind.EXECUTE_RFQ][-1]
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        now = Ledger(arena.state, arena.now())
        now.check()
        assert arena.cursor().phase == Phase.IDLE
        if reason is Reason.OK:
            self.check_trade(record, looks, now, steps)
        elif len(steps) == 1:
            self.check_nothing(before, steps[0])

    def record(self) -> ExecuteRfq:
        """Return the execution of a quote for legs near their marks."""
        arena, random = self.arena, self.random
        taker, maker = random.sample(ACCOUNTS, 2)
        chosen = sorted(random.sample(SERIES, random.choice((1, 2, 2, 4, 6))))
        legs = tuple(self.leg(series) for series in chosen)
        expiry_ms = arena.now() + 1_000
        quote = RfqQuote(maker, 0, 0, 1_000, expiry_ms, legs, arena.nonce(), b"")
        return ExecuteRfq(taker, 0, 1_000, expiry_ms, quote, arena.nonce())

    def leg(self, series: int) -> RfqLeg:
        """Return a leg of any size either way."""
        lots = self.random.choice((1, 30, 400, 5_000)) * self.random.choice((1, -1))
        tick = self.arena.tick(series)
        away = round(self.random.gauss(0, tick * 0.004))
        return RfqLeg(series, lots, max(1, tick + away))

    def check_trade(
        self, record: ExecuteRfq, before: Ledger, now: Ledger, steps: list[Step]
    ) -> None:
        """Check that exactly the legs that were signed changed hands, at their prices."""
        taker, maker = record.account, record.quote.account
        fills = [e for step in steps for e in step.events if isinstance(e, ComboFill)]
        assert len(fills) == len(record.quote.legs), "X-25"
        for leg, fill in zip(record.quote.legs, fills, strict=True):
            assert fill[:3] == (leg.series, taker, maker), "X-25"
            assert (fill.tick, fill.lots) == (leg.price, abs(leg.lots)), "X-25"
            for account, change in ((taker, -leg.lots), (maker, leg.lots)):
                held = before.lots(account, leg.series)
                assert now.lots(account, leg.series) == held + change, "X-25"
        for account in (taker, maker):
            was, _, had = before.margins(account)
            equity, initial, maintenance = now.margins(account)
            slack = 20 + initial / 100_000
            eased = maintenance <= had + slack and equity - maintenance >= was - had - slack
            assert equity >= initial - slack or eased, f"X-5: account {account}, {record}"

    def check_nothing(self, before: dict[Any, Leaf], step: Step) -> None:
        """Check that a combo which failed at once changed nonces and the cursor alone."""
        for key, old in step.replaced.items():
            new = self.arena.state[key]
            if isinstance(old, Owner) and isinstance(new, Owner):
                assert new.address == old.address, "X-25"
            elif key:
                assert new == before.get(key), f"X-25: {step.reason.name} wrote {key:#x}"


@pytest.mark.parametrize("seed", range(4))
def test_combos_at_random_trade_all_legs_or_change_nothing(seed: int) -> None:
    desk = Desk(seed)
    for _ in range(TRIES):
        desk.trade()
    wanted = {Reason.OK, Reason.INSUFFICIENT_MARGIN, Reason.MAKER_FAILED}
    assert wanted <= desk.reasons.keys(), desk.reasons
    assert desk.reasons[Reason.OK] > TRIES // 10, desk.reasons
