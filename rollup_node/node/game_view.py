"""Puts together what a node knows about a contest; plain data in, plain data out, no I/O.

Source: docs/spec.md D-3 to D-10.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rollup_node.derive.assertions import AssertionStatus, AssertionTree, KnownAssertion
from rollup_node.proof.edges import edge_id, layer_zero
from rollup_node.roles.disputes import Disputes, KnownEdge
from rollup_node.roles.verifier import CheckedAssertion
from rollup_node.rpc.games import (
    Claim,
    ClaimStatus,
    Dispute,
    Edge,
    Game,
    GameLine,
    GameStatus,
    Money,
    Move,
    Rules,
    Verdict,
)

_STATUS: Final[Mapping[AssertionStatus, ClaimStatus]] = {
    AssertionStatus.PENDING: "pending",
    AssertionStatus.CONFIRMED: "confirmed",
    AssertionStatus.REFUTED: "refuted",
    AssertionStatus.DEAD: "dead",
}


def to_hex(value: bytes) -> str:
    """Return bytes as 0x-hex."""
    return "0x" + value.hex()


@dataclass(frozen=True, slots=True)
class Told:
    """What only the logs and transactions of L1 tell about a contest.

    `made_in` has the transaction that made each claim.
    """

    moves: tuple[Move, ...]
    money: Money
    disputes: tuple[Dispute, ...]
    made_in: Mapping[bytes, bytes]


NOTHING_TOLD: Final = Told(
    moves=(),
    money=Money(stakes=(), seized_wei="0", burnt_wei="0", pot_wei="0", tariffs=()),
    disputes=(),
    made_in={},
)


@dataclass(frozen=True, slots=True)
class GameDesk:
    """A node's knowledge at one L1 block; `now` is the time of that block, unix seconds.

    `checked` are the assertions that the node has held against its own execution, by id.
    """

    tree: AssertionTree
    disputes: Disputes
    checked: Mapping[bytes, CheckedAssertion]
    rules: Rules
    l1_block: int
    now: int

    def origins(self) -> list[bytes]:
        """Return all assertions that ever had more than one child, in order of creation."""
        return [known.id for known in self.tree.all() if self.tree.children(known.id)[1:]]

    def line(self, origin: bytes) -> GameLine:
        """Return a contest in one line."""
        claims = self.claims(origin, {})
        winner = next((claim for claim in claims if claim.status == "confirmed"), None)
        running = [claim for claim in claims if claim.confirmable_at is not None]
        leader = winner or min(running, key=lambda claim: claim.confirmable_at or 0, default=None)
        ends_at = None
        if leader is not None:
            ends_at = leader.confirmed_at if leader is winner else leader.confirmable_at
        left = None if winner or ends_at is None else max(ends_at - self.now, 0)
        rivaled_at = claims[1].created_at
        return GameLine(
            origin=to_hex(origin),
            status=self.status(origin),
            claims=tuple(claim.id for claim in claims),
            live=sum(claim.status in ("pending", "confirmed") for claim in claims),
            wrong=sum(claim.verdict == "wrong" for claim in claims),
            leader=leader.id if leader else None,
            leader_verdict=leader.verdict if leader else None,
            rivaled_at=rivaled_at,
            ends_at=ends_at,
            seconds_left=left,
            deadline_at=rivaled_at + self._bound,
        )

    def game(self, origin: bytes, told: Told) -> Game:
        """Return a whole contest."""
        claims = self.claims(origin, told.made_in)
        winner = next((claim for claim in claims if claim.status == "confirmed"), None)
        rivaled_at = claims[1].created_at if claims[1:] else None
        return Game(
            origin=to_hex(origin),
            status=self.status(origin),
            winner=winner.id if winner else None,
            winner_verdict=winner.verdict if winner else None,
            l1_block=self.l1_block,
            l1_time=self.now,
            rivaled_at=rivaled_at,
            deadline_at=None if rivaled_at is None else rivaled_at + self._bound,
            rules=self.rules,
            claims=tuple(claims),
            edges=tuple(self.edges(origin)),
            money=told.money,
            moves=told.moves,
            disputes=told.disputes,
        )

    def status(self, origin: bytes) -> GameStatus:
        """Return where a contest stands."""
        children = self.tree.children(origin)
        if any(child.confirmed for child in children):
            return "decided"
        if self.tree.is_lost(origin):
            return "dead"
        if any(child.live and child.confirmable_at is not None for child in children):
            return "delay"
        return "open"

    def claims(self, origin: bytes, made_in: Mapping[bytes, bytes]) -> list[Claim]:
        """Return the children of an assertion in order of creation."""
        children = self.tree.children(origin)
        return [self._claim(child, made_in.get(child.id), len(children)) for child in children]

    def edges(self, origin: bytes) -> list[Edge]:
        """Return the edges of a contest in order of creation."""
        edges = self.disputes.edges(origin)
        claims = self._histories(origin)
        return [self._edge(edge, claims.get(edge.id, ())) for edge in edges]

    def root_edge(self, known: KnownAssertion) -> bytes:
        """Return the id of the layer-zero edge of an assertion (D-1)."""
        made = known.created
        root = layer_zero(made.parent_id, self.rules.history_height, made.history_root)
        return edge_id(root)

    def verdict(self, assertion_id: bytes) -> Verdict:
        """Return what this node holds of an assertion; genesis is right by definition."""
        if assertion_id == self.tree.genesis.id:
            return "right"
        found = self.checked.get(assertion_id)
        if found is None:
            return "unknown"
        return "right" if found.is_right else "wrong"

    @property
    def _bound(self) -> int:
        return 2 * self.rules.confirm_period_seconds + self.rules.rival_delay_seconds

    def _claim(self, known: KnownAssertion, made_in: bytes | None, siblings: int) -> Claim:
        made, root = known.created, self.root_edge(known)
        checked = self.checked.get(known.id)
        history = checked.expected_history_root if checked else None
        after = checked.expected_after_state_root if checked else None
        lost = self.tree.is_lost(known.id)
        pending = known.status == AssertionStatus.PENDING and not lost
        ends = self._clock_end(known) if pending else None
        delay = self.rules.rival_delay_seconds if siblings > 1 else 0
        filled = known.confirmable_at if known.confirmable_at is not None else ends
        own = self.tree.live_own(known.id, self.now) if pending else 0
        due = self.disputes.due_timer(root, self.now)
        return Claim(
            id=to_hex(known.id),
            staker=to_hex(made.staker),
            status="dead" if lost and known.live else _STATUS[known.status],
            verdict=self.verdict(known.id),
            created_at=made.created_at,
            l1_block=known.l1_block,
            transaction=_maybe_hex(made_in),
            target=made.target,
            item=made.item,
            finished=made.finished,
            history_root=to_hex(made.history_root),
            expected_history_root=_maybe_hex(history),
            after_state_root=to_hex(made.after_state_root),
            expected_after_state_root=_maybe_hex(after),
            edge=to_hex(root),
            timer_seconds=self.disputes.stored_timer(root, self.now),
            due_seconds=due,
            live_own_seconds=own,
            missing_seconds=max(self.rules.confirm_period_seconds - max(own, due), 0),
            clock_ends_at=ends,
            marked_at=known.confirmable_at,
            confirmable_at=None if filled is None or not pending else filled + delay,
            confirmed_at=known.confirmed_at,
            refuter=_maybe_hex(known.refuter),
            dead_root=_maybe_hex(known.dead_root),
            children=tuple(to_hex(child.id) for child in self.tree.children(known.id)),
        )

    def _clock_end(self, known: KnownAssertion) -> int | None:
        """Return when a clock of a claim is full if nobody moves; `None` if it never is.

        Both clocks only grow, so the moment is found by halving.
        """
        period, root = self.rules.confirm_period_seconds, self.root_edge(known)

        def is_full(at: int) -> bool:
            if self.tree.live_own(known.id, at) >= period:
                return True
            return self.disputes.due_timer(root, at) >= period

        low, high = self.now, self.now + period
        if not is_full(high):
            return None
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if is_full(middle) else (middle + 1, high)
        return low

    def _edge(self, edge: KnownEdge, claims: Sequence[bytes]) -> Edge:
        pair = self.disputes.children(edge.id)
        rivals = self.disputes.rivals(edge.key)
        stored = self.disputes.stored_timer(edge.id, self.now)
        end = self.now if edge.rivaled_at is None else edge.rivaled_at
        actor = _maybe_hex(edge.actor)
        return Edge(
            id=to_hex(edge.id),
            height=edge.key.height,
            index=edge.key.index,
            prefix=to_hex(edge.key.prefix),
            node=to_hex(edge.key.node),
            created_at=edge.created_at,
            rivaled_at=edge.rivaled_at,
            rivals=tuple(to_hex(rival) for rival in rivals),
            own_seconds=end - edge.created_at,
            inherited_seconds=edge.inherited,
            timer_seconds=stored,
            due_seconds=self.disputes.due_timer(edge.id, self.now),
            left=to_hex(pair[0].id) if pair else None,
            right=to_hex(pair[1].id) if pair else None,
            bisected_by=actor if edge.bisected else None,
            proven=edge.proven,
            proven_by=actor if edge.proven else None,
            claims=tuple(to_hex(claim) for claim in claims),
        )

    def _histories(self, origin: bytes) -> dict[bytes, list[bytes]]:
        """Return for each edge the claims whose history it lies on, as far as bisected."""
        found: dict[bytes, list[bytes]] = {}
        for child in self.tree.children(origin):
            below = [self.root_edge(child)]
            while below:
                edge = below.pop()
                found.setdefault(edge, []).append(child.id)
                below += [half.id for half in self.disputes.children(edge) or ()]
        return found


def _maybe_hex(value: bytes | None) -> str | None:
    return None if value is None else to_hex(value)
