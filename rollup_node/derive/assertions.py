"""The tree of assertions as the events of L1 tell it; which of them are right is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from types import MappingProxyType

from rollup_node.derive.events import (
    AssertionConfirmable,
    AssertionConfirmed,
    AssertionCreated,
    AssertionDied,
    AssertionEvent,
    AssertionRefuted,
    L1BlockEvents,
    StakeMoved,
    StakeReleased,
    StakeSeized,
    TariffPaid,
)


class AssertionStatus(IntEnum):
    """Life of an assertion (docs/spec.md G-6). Twin: IAssertionChain.sol `AssertionStatus`."""

    NONE = 0
    PENDING = 1
    CONFIRMED = 2
    REFUTED = 3
    DEAD = 4


@dataclass(frozen=True, slots=True)
class KnownAssertion:
    """An assertion and where it stands; times in unix seconds of L1.

    Attributes
    ----------
    l1_block
        L1 block number of its creation.
    status
        As stored on L1: a loser that nobody settled is still `PENDING` or `REFUTED`.
    refuter
        Who showed its wrong transition.
    dead_root
        Its topmost dead ancestor or itself, once it is settled (docs/spec.md D-11).
    confirmable_at
        The mark from which the rival delay runs (docs/spec.md D-10).
    """

    created: AssertionCreated
    l1_block: int
    status: AssertionStatus
    refuter: bytes | None = None
    dead_root: bytes | None = None
    confirmable_at: int | None = None
    confirmed_at: int | None = None

    @property
    def id(self) -> bytes:
        """Return its id (docs/spec.md G-4)."""
        return self.created.assertion_id

    @property
    def confirmed(self) -> bool:
        """Tell whether it is confirmed."""
        return self.status == AssertionStatus.CONFIRMED

    @property
    def live(self) -> bool:
        """Tell whether no proof and no settlement ended it (docs/spec.md G-6)."""
        return self.status in (AssertionStatus.PENDING, AssertionStatus.CONFIRMED)


class AssertionTree:
    """All assertions seen, in order of creation, genesis included, and the stakes behind them.

    Parameters
    ----------
    genesis
        The genesis assertion, as if an event had created it (docs/spec.md G-4).
    """

    def __init__(self, genesis: AssertionCreated) -> None:
        self._genesis = genesis
        self._log: list[tuple[int, int, AssertionEvent]] = []
        self._rebuild()

    @property
    def genesis(self) -> KnownAssertion:
        """Return the genesis assertion."""
        return self._by_id[self._genesis.assertion_id]

    @property
    def stakes(self) -> Mapping[bytes, bytes]:
        """Return the assertion behind which each staker stands, by staker (docs/spec.md G-8)."""
        return MappingProxyType(self._stakes)

    def get(self, assertion_id: bytes) -> KnownAssertion | None:
        """Return an assertion, `None` if it is unknown."""
        return self._by_id.get(assertion_id)

    def children(self, assertion_id: bytes) -> list[KnownAssertion]:
        """Return the children of an assertion in order of creation."""
        return [self._by_id[child] for child in self._children.get(assertion_id, ())]

    def all(self) -> list[KnownAssertion]:
        """Return every assertion in order of creation."""
        return list(self._by_id.values())

    def latest_confirmed(self) -> KnownAssertion:
        """Return the confirmed assertion without a confirmed child."""
        return self._by_id[self._latest]

    def is_lost(self, assertion_id: bytes) -> bool:
        """Tell whether an assertion can never be confirmed (docs/spec.md G-6)."""
        known: KnownAssertion | None = self._by_id[assertion_id]
        while known is not None and not known.confirmed:
            if not known.live or known.created.parent_id in self._winners:
                return True
            known = self._by_id.get(known.created.parent_id)
        return False

    def losers(self, assertion_id: bytes) -> list[KnownAssertion]:
        """Return what lost below an assertion, parents first; empty unless it is confirmed.

        Those that are not `DEAD` yet can be settled in this order (docs/spec.md D-11).
        """
        if not self._by_id[assertion_id].confirmed:
            return []
        decided = assertion_id in self._winners
        found = [
            child
            for child in self.children(assertion_id)
            if not child.confirmed and (decided or not child.live)
        ]
        for loser in found:
            found.extend(self.children(loser.id))
        return found

    def live_own(self, assertion_id: bytes, now: int) -> int:
        """Return how long an assertion was the only live child of its parent, seconds.

        0 unless it is the earliest live one. Source: docs/spec.md D-6.
        """
        known = self._by_id[assertion_id]
        live = [child for child in self.children(known.created.parent_id) if child.live]
        if not live or live[0].id != assertion_id:
            return 0
        end = live[1].created.created_at if live[1:] else now
        return end - known.created.created_at

    def advance(self, events: L1BlockEvents) -> None:
        """Take what one L1 block says about assertions and stakes."""
        number, time = events.block.number, events.block.timestamp
        for event in events.events:
            if isinstance(event, AssertionEvent):
                self._log.append((number, time, event))
                self._apply(number, time, event)

    def rewind(self, l1_number: int) -> None:
        """Forget what L1 blocks above `l1_number` said."""
        kept = [entry for entry in self._log if entry[0] <= l1_number]
        if len(kept) != len(self._log):
            self._log = kept
            self._rebuild()

    def _rebuild(self) -> None:
        first = KnownAssertion(self._genesis, 0, AssertionStatus.CONFIRMED, confirmed_at=0)
        self._latest = first.id
        self._by_id: dict[bytes, KnownAssertion] = {first.id: first}
        self._children: dict[bytes, list[bytes]] = {}
        self._winners: dict[bytes, bytes] = {}  # confirmed child by parent
        self._stakes: dict[bytes, bytes] = {}
        for number, time, event in self._log:
            self._apply(number, time, event)

    def _apply(self, number: int, time: int, event: AssertionEvent) -> None:
        match event:
            case AssertionCreated():
                known = KnownAssertion(event, number, AssertionStatus.PENDING)
                self._by_id[known.id] = known
                self._children.setdefault(event.parent_id, []).append(known.id)
            case StakeMoved():
                self._stakes[event.staker] = event.assertion_id
            case StakeReleased() | StakeSeized():
                self._stakes.pop(event.staker, None)
            case TariffPaid():
                pass  # money only: it changes no assertion
            case _:
                if found := self._by_id.get(event.assertion_id):
                    self._by_id[found.id] = self._changed(found, time, event)

    def _changed(
        self,
        known: KnownAssertion,
        time: int,
        event: AssertionConfirmable | AssertionConfirmed | AssertionRefuted | AssertionDied,
    ) -> KnownAssertion:
        """Return what an event made of an assertion."""
        match event:
            case AssertionConfirmable():
                return replace(known, confirmable_at=event.at)
            case AssertionConfirmed():
                self._latest = self._winners[known.created.parent_id] = known.id
                return replace(known, status=AssertionStatus.CONFIRMED, confirmed_at=time)
            case AssertionRefuted():
                return replace(known, status=AssertionStatus.REFUTED, refuter=event.refuter)
            case AssertionDied():
                return replace(known, status=AssertionStatus.DEAD, dead_root=event.dead_root)
