"""The prices that dated futures settle on: which are due, and what they are.

The settlement price of an expiry is the mean of 60 prices, 30 s apart, the last one at the expiry.
Each is signed on its own, so no publisher and no keeper chooses which ones count; one that comes
late is accepted for 30 minutes, one that never comes is replaced by the one before it.
Source: docs/spec.md V-9.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from rollup_node.core.averages import ROUNDS
from rollup_node.core.inputs import SettlementPrice
from rollup_node.core.settlement import LATE_SECONDS, STEP_SECONDS
from rollup_node.roles.oracle_reports import (
    PRICE_LIMIT,
    Observation,
    OraclePolicy,
    consensus,
)

MAX_PER_TURN: Final = 8
"""So many prices are collected at once after a pause; the rest follows in the next turns."""
RETRY_MS: Final = 2_000
"""Time after which a price that the exchange does not have is collected and sent again."""


class Slot(NamedTuple):
    """A place for one sample: number `n` of 60 of a settlement date (unix seconds)."""

    underlying: int
    expiry_slot: int
    expiry: int
    number: int

    @property
    def time_ms(self) -> int:
        """Return the time of the price, unix ms."""
        return (self.expiry - STEP_SECONDS * (ROUNDS - 1 - self.number)) * 1_000


class ExpiryView(NamedTuple):
    """One settlement date: bit n of `rounds` says that the exchange has sample n."""

    underlying: int
    expiry_slot: int
    expiry: int
    rounds: int


class SettlementView(NamedTuple):
    """Everything the keeper decides on."""

    now_ms: int
    expiries: Sequence[ExpiryView]


class Attempt(NamedTuple):
    """What was done for one slot: first and last time it was asked for, when it was posted."""

    first_ms: int
    last_ms: int
    signed: SettlementPrice | None = None
    posted_ms: int = 0


@dataclass(frozen=True, slots=True)
class SettlementMemory:
    """Attempts for the slots that the exchange does not have yet."""

    attempts: Mapping[Slot, Attempt] = field(default_factory=dict)


class Collect(NamedTuple):
    """Ask the publishers what they saw at the slot's time and to sign the consensus."""

    slot: Slot


class PostSettlement(NamedTuple):
    """Post a signed sample on L1: the sequencer does not include it."""

    sample: SettlementPrice


Action: TypeAlias = Collect | PostSettlement


def decide(
    view: SettlementView, memory: SettlementMemory, policy: OraclePolicy
) -> tuple[SettlementMemory, tuple[Action, ...]]:
    """Return what to remember and what to do, the oldest slots first."""
    now_ms = view.now_ms
    missing = [slot for expiry in view.expiries for slot in due_slots(expiry, now_ms)]
    missing.sort(key=lambda slot: (slot.time_ms, slot))
    attempts = {slot: memory.attempts[slot] for slot in missing if slot in memory.attempts}
    actions: list[Action] = []
    for slot in missing:
        if len(actions) == MAX_PER_TURN:
            break
        attempt = attempts.get(slot, Attempt(now_ms, now_ms - RETRY_MS))
        if attempt.signed is not None and _is_ignored(attempt, now_ms, policy):
            actions.append(PostSettlement(attempt.signed))
            attempts[slot] = attempt._replace(posted_ms=now_ms)
        elif now_ms - attempt.last_ms >= RETRY_MS:
            actions.append(Collect(slot))
            attempts[slot] = attempt._replace(last_ms=now_ms)
    return SettlementMemory(attempts), tuple(actions)


def due_slots(expiry: ExpiryView, now_ms: int) -> list[Slot]:
    """Return the slots of an expiry whose time has come and that can still be filled."""
    if expiry.expiry == 0 or now_ms >= (expiry.expiry + LATE_SECONDS) * 1_000:
        return []
    missing = (number for number in range(ROUNDS) if not expiry.rounds >> number & 1)
    slots = (Slot(*expiry[:3], number) for number in missing)
    return [slot for slot in slots if slot.time_ms <= now_ms]


def compute_sample(
    slot: Slot, observations: Sequence[Observation], policy: OraclePolicy
) -> SettlementPrice | None:
    """Return the sample for a slot, `None` if too few publishers saw a price then."""
    found = consensus(observations, slot.time_ms, policy)
    if found is None or not 0 < found[0] < PRICE_LIMIT:
        return None
    return SettlementPrice(*slot, found[0], ())


def note_signed(memory: SettlementMemory, signed: SettlementPrice) -> SettlementMemory:
    """Remember a sample that has its signatures; `decide` asked for it."""
    slot = Slot(*signed[:4])
    attempt = memory.attempts[slot]._replace(signed=signed)
    return SettlementMemory({**memory.attempts, slot: attempt})


def _is_ignored(attempt: Attempt, now_ms: int, policy: OraclePolicy) -> bool:
    waited_ms = now_ms - attempt.first_ms
    return waited_ms >= policy.patience_ms and now_ms - attempt.posted_ms >= policy.repeat_ms
