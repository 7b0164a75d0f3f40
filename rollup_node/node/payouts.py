"""Withdrawals of some recipients brought to their payment: proven early, finalized when mature."""

import logging
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from rollup_node.core.invariant import InvariantViolation
from rollup_node.core.leaves import Withdrawal
from rollup_node.node.account_tape import AccountTape
from rollup_node.node.claims import Claims
from rollup_node.node.replica import OutboxProof, Replica
from rollup_node.ports import L1Reader, L1Sender, TransactionReverted

UNPROVEN: Final = 0
READY: Final = 4
"""Stages of a withdrawal as the bridge counts them."""

_logger = logging.getLogger(__name__)


@dataclass
class Payouts:
    """Proves in the oldest right assertion that holds an entry, which is confirmed first.

    Only what recipients pay themselves from accounts that were theirs: anybody may withdraw a
    little to anybody, and each payment costs gas.
    """

    replica: Replica
    claims: Claims
    reader: L1Reader
    sender: L1Sender
    tape: AccountTape
    recipients: AbstractSet[bytes]
    proven: int = 0
    finalized: int = 0
    _paid: set[int] = field(default_factory=set)
    _places: dict[int, tuple[bytes, int]] = field(default_factory=dict)

    def forget(self) -> None:
        """Look at everything once more: L1 was reorganised."""
        self._paid.clear()
        self._places.clear()

    async def act(self) -> bool:
        """Do what can be done now for each entry; tell whether anything was."""
        done = False
        for slot, withdrawal in list(self._open_entries()):
            (is_paid,) = await self.reader.call("bridge", "isFinalized", slot)
            if is_paid:
                self._paid.add(slot)
            else:
                done = await self._advance(slot, withdrawal) or done
        return done

    def is_paid(self, slot: int) -> bool:
        """Tell whether an entry was paid, as far as this has looked."""
        return slot in self._paid

    def _open_entries(self) -> Iterator[tuple[int, Withdrawal]]:
        own = {recipient: self.tape.accounts_of(recipient) for recipient in self.recipients}
        for slot, withdrawal in self.replica.withdrawals():
            is_own = withdrawal.account in own.get(withdrawal.recipient, ())
            if is_own and slot not in self._paid:
                yield slot, withdrawal

    async def _advance(self, slot: int, withdrawal: Withdrawal) -> bool:
        place = self._place(slot)
        if place is None:
            return False
        assertion, item = place
        entry = (withdrawal.account, withdrawal.asset, withdrawal.amount, withdrawal.recipient)
        own = self.sender.address
        found = await self.reader.call("bridge", "withdrawalStatus", own, assertion, entry, slot)
        try:
            if found[0] == UNPROVEN:
                branch = self._prove(slot, item).branch
                await self.sender.send(
                    "bridge", "proveWithdrawal", assertion, entry, slot, list(branch)
                )
                self.proven += 1
            elif found[0] == READY:
                await self.sender.send("bridge", "finalizeWithdrawal", own, assertion, entry, slot)
                self.finalized += 1
                _logger.info("outbox entry %d was paid", slot)
            else:
                return False
        except TransactionReverted as error:  # too early, or somebody was faster
            _logger.info("outbox entry %d waits: %s", slot, error)
            return False
        return True

    def _place(self, slot: int) -> tuple[bytes, int] | None:
        """Return the oldest right assertion that holds an entry, and its items."""
        branch = {known.id: known.created for known in self.claims.right_branch()}
        if slot in self._places and self._places[slot][0] in branch:
            return self._places[slot]
        for assertion, created in branch.items():
            if created.finished and self.replica.prove_outbox(slot, created.item) is not None:
                self._places[slot] = assertion, created.item
                return self._places[slot]
        return None

    def _prove(self, slot: int, item: int) -> OutboxProof:
        proof = self.replica.prove_outbox(slot, item)
        if proof is None:
            raise InvariantViolation(f"outbox entry {slot}: not in the state after item {item}")
        return proof
