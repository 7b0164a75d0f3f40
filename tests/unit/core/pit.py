"""An arena for attacks on the exchange: accounts with money, and what became of each step."""

from typing import Any, Final

from rollup_node.core.events import Fill
from rollup_node.core.inputs import DelayedMessage, Withdraw
from rollup_node.core.kinds import MessageKind, StepKind
from rollup_node.core.layout import balances_key
from rollup_node.core.reason import Reason
from rollup_node.core.step import pull_message
from tests.property.arena import BUY, IOC, PERP, PUBLISHERS, SELL, Arena, Step
from tests.property.ledger import Ledger

RICH: Final = 10**13
TO: Final = b"\x0b" * 20


class Pit(Arena):
    """An arena with accounts of different owners, which keeps its steps."""

    def __init__(self, **cash: int) -> None:
        super().__init__()
        self.steps: list[Step] = []
        for name, amount in cash.items():
            assert self.deposit(int(name[1:]), 0, amount) is Reason.OK
        self.seal()
        self.watch = self.steps.append

    def look(self) -> Ledger:
        """Return the books of now."""
        return Ledger(self.state, self.now())

    def cash(self, account: int) -> int:
        """Return the cash of an account."""
        return int(self.leaf(balances_key(account)).amounts[0])

    def fills(self) -> list[Fill]:
        """Return all fills so far."""
        return [event for step in self.steps for event in step.events if isinstance(event, Fill)]

    def trade(self, buyer: int, seller: int, lots: int, series: int = PERP) -> None:
        """Let two accounts trade at the mark."""
        tick = self.tick(series)
        assert self.send(self.order(seller, SELL, tick, lots, series=series)) is Reason.OK
        taker = self.order(buyer, BUY, tick, lots, series=series, time_in_force=IOC)
        assert self.send(taker) is Reason.OK
        self.seal()

    def withdraw(self, account: int, amount: int, asset: int = 0) -> Reason:
        """Let an account withdraw; return what became of it in the end."""
        before = len(self.steps)
        reason = self.send(Withdraw(account, asset, amount, TO, self.nonce()))
        if reason is Reason.REFRESH:
            return next(s.reason for s in self.steps[before:] if s.kind is StepKind.LEAVE)
        return reason

    def send_by_l1(self, record: Any, signed: bool = False) -> Reason:
        """Send a record through the fast queue of L1, now; a report with its signatures."""
        message = DelayedMessage(MessageKind.FAST, TO, self.now() // 1_000, b"")
        signers = tuple(PUBLISHERS[:3]) if signed else ()
        return self._run(lambda reads: pull_message(reads, message, record, 0, signers, fast=True))
