"""The tree of assertions as the events of L1 tell it; which of them are right is not known here."""

from dataclasses import dataclass

from rollup_node.derive.events import AssertionConfirmed, AssertionCreated, L1BlockEvents


@dataclass(frozen=True, slots=True)
class KnownAssertion:
    """An assertion and where it stands. `l1_block` is the L1 block number of its creation."""

    created: AssertionCreated
    l1_block: int
    confirmed: bool

    @property
    def id(self) -> bytes:
        """Return its id (docs/spec.md G-4)."""
        return self.created.assertion_id


class AssertionTree:
    """All assertions seen, in order of creation, genesis included.

    Parameters
    ----------
    genesis
        The genesis assertion, as if an event had created it (docs/spec.md G-4).
    """

    def __init__(self, genesis: AssertionCreated) -> None:
        self._genesis = genesis
        self._log: list[tuple[int, AssertionCreated | AssertionConfirmed]] = []
        self._by_id: dict[bytes, KnownAssertion] = {}
        self._children: dict[bytes, list[bytes]] = {}
        self._rebuild()

    @property
    def genesis(self) -> KnownAssertion:
        """Return the genesis assertion."""
        return self._by_id[self._genesis.assertion_id]

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
        found = self.genesis
        while True:
            confirmed = [child for child in self.children(found.id) if child.confirmed]
            if not confirmed:
                return found
            found = confirmed[0]

    def advance(self, events: L1BlockEvents) -> None:
        """Take what one L1 block says about assertions."""
        for event in events.events:
            if isinstance(event, AssertionCreated | AssertionConfirmed):
                self._log.append((events.block.number, event))
                self._apply(events.block.number, event)

    def rewind(self, l1_number: int) -> None:
        """Forget what L1 blocks above `l1_number` said."""
        kept = [entry for entry in self._log if entry[0] <= l1_number]
        if len(kept) != len(self._log):
            self._log = kept
            self._rebuild()

    def _rebuild(self) -> None:
        self._by_id = {self._genesis.assertion_id: KnownAssertion(self._genesis, 0, confirmed=True)}
        self._children = {}
        for number, event in self._log:
            self._apply(number, event)

    def _apply(self, number: int, event: AssertionCreated | AssertionConfirmed) -> None:
        if isinstance(event, AssertionCreated):
            self._by_id[event.assertion_id] = KnownAssertion(event, number, confirmed=False)
            self._children.setdefault(event.parent_id, []).append(event.assertion_id)
        elif known := self._by_id.get(event.assertion_id):
            self._by_id[known.id] = KnownAssertion(known.created, known.l1_block, confirmed=True)
