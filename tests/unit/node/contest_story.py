"""A contest told block by block, as L1 would: what a node follows, and the journal of L1."""

from dataclasses import dataclass, field
from typing import Any

from rollup_node.derive.assertions import AssertionTree
from rollup_node.derive.events import (
    AssertionConfirmable,
    AssertionConfirmed,
    AssertionCreated,
    AssertionDied,
    AssertionRefuted,
    ChainEvent,
    EdgeBisected,
    EdgeProven,
    EdgeTimerUpdated,
    L1Block,
    L1BlockEvents,
    Service,
    StakeMoved,
    StakeReleased,
    StakeSeized,
    TariffPaid,
)
from rollup_node.l1.journal import L1Log, Sent
from rollup_node.node.claims import genesis_assertion
from rollup_node.node.game_moves import Scope, select, tell_money, tell_moves
from rollup_node.node.game_view import GameDesk, Told
from rollup_node.ports import L1Receipt
from rollup_node.proof.edges import edge_id
from rollup_node.proof.hashing import keccak
from rollup_node.proof.history import HistoryTree
from rollup_node.roles.disputes import Disputes
from rollup_node.roles.verifier import CheckedAssertion
from rollup_node.rpc.games import Dispute, Game, Rules

HEIGHT = 4
PERIOD, DELAY = 1_000, 100
ETHER = 10**18
STAKE = 3 * ETHER
HONEST, MALLORY, SYBIL = (bytes((number,)) * 20 for number in (0xA1, 0xB2, 0xC3))
GENESIS = genesis_assertion(keccak(b"genesis"))
ORIGIN = GENESIS.assertion_id
CONTEXT = keccak(b"context")
BLOB = keccak(b"blob")
RULES = Rules(
    confirm_period_seconds=PERIOD,
    rival_delay_seconds=DELAY,
    history_height=HEIGHT,
    stake_wei=str(STAKE),
)
START = 100_000


def leaf(number: int, liar: bytes = b"") -> bytes:
    return keccak(b"leaf" + number.to_bytes(2, "big") + liar)


def history(wrong_from: int | None = None, liar: bytes = b"") -> HistoryTree:
    """Return a history of `2^HEIGHT` segments that is wrong from one on."""
    lied = range(wrong_from if wrong_from is not None else 1 << HEIGHT, 1 << HEIGHT)
    leaves = [leaf(n, liar if n in lied else b"") for n in range(1 << HEIGHT)]
    return HistoryTree(HEIGHT, leaves, leaves[-1])


RIGHT = history()


@dataclass
class Contest:
    """A contest below genesis while it is told; a block per call of `at`."""

    tree: AssertionTree = field(default_factory=lambda: AssertionTree(GENESIS))
    disputes: Disputes = field(default_factory=lambda: Disputes(HEIGHT))
    logs: list[L1Log] = field(default_factory=list)
    sent: dict[bytes, Sent] = field(default_factory=dict)
    checked: dict[bytes, CheckedAssertion] = field(default_factory=dict)
    now: int = START
    block: int = 0

    def at(self, seconds: int, sender: bytes, *told: tuple[ChainEvent | None, str, Any]) -> None:
        """Mine one transaction `seconds` after the start; `told`: event, name, arguments."""
        self.block += 1
        self.now = START + seconds
        digest = keccak(self.block.to_bytes(4, "big"))
        events = tuple(event for event, _, _ in told if event is not None)
        block = L1Block(self.block, digest, bytes(32), self.now)
        for reader in (self.tree, self.disputes):
            reader.advance(L1BlockEvents(block, events))
        self.logs += [L1Log(name, values, self.block, digest) for _, name, values in told]
        receipt = L1Receipt(digest, self.block, digest, 100_000 + self.block, 2, 0, 0)
        self.sent[digest] = Sent(sender, b"g" * 20, b"\x01\x02\x03\x04" * 10, self.now, receipt)

    def claim(self, seconds: int, staker: bytes, tree: HistoryTree) -> bytes:
        """Make a claim with a new stake."""
        made = keccak(b"claim" + tree.root)
        event = AssertionCreated(
            assertion_id=made,
            parent_id=ORIGIN,
            after_state_root=tree.last_leaf,
            history_root=tree.root,
            accumulator=keccak(b"accumulator"),
            target=1,
            next_target=2,
            item=1,
            finished=True,
            staker=staker,
            created_at=START + seconds,
        )
        self.checked[made] = CheckedAssertion(
            made, tree.root, tree.last_leaf, RIGHT.root, RIGHT.last_leaf
        )
        values = {"id": made, "parentId": ORIGIN, "item": 1, "finished": True}
        stake = {"staker": staker, "id": made, "amount": STAKE}
        self.at(
            seconds,
            staker,
            (event, "AssertionCreated", values),
            (StakeMoved(staker, made), "BondLocked", stake),
        )
        return made

    def bisect(
        self, seconds: int, actor: bytes, tree: HistoryTree, height: int, index: int
    ) -> bytes:
        """Bisect one edge."""
        found = edge_id(tree.edge(ORIGIN, height, index))
        left, right = (tree.node(height - 1, 2 * index + side) for side in (0, 1))
        values = {"edgeId": found, "actor": actor, "left": left, "right": right}
        self.at(seconds, actor, (EdgeBisected(found, actor, left, right), "EdgeBisected", values))
        return found

    def bisect_to(self, seconds: int, actor: bytes, tree: HistoryTree, index: int) -> None:
        """Bisect all edges on the way to a leaf, one every second."""
        for height in range(HEIGHT, 0, -1):
            self.bisect(seconds + HEIGHT - height, actor, tree, height, index >> height)

    def prove_steps(self, seconds: int, actor: bytes) -> None:
        """Enter the end of a segment into the proof table."""
        values = {"context": CONTEXT, "startRoot": leaf(1), "stepsDone": 41, "ended": True}
        self.at(seconds, actor, (None, "StepsProven", values))

    def prove_one(self, seconds: int, actor: bytes, tree: HistoryTree, index: int) -> None:
        """Show that a leaf is what the machine says."""
        found = edge_id(tree.edge(ORIGIN, 0, index))
        values = {"edgeId": found, "prover": actor}
        self.at(seconds, actor, (EdgeProven(found, actor), "EdgeConfirmedByOneStepProof", values))

    def update(self, seconds: int, actor: bytes, made: bytes) -> None:
        """Let a history take over the time of all edges below."""
        known, now = self.tree.get(made), START + seconds
        assert known is not None
        root = self.desk().root_edge(known)
        told = []
        for edge in self.disputes.updates(root, now):
            pair = self.disputes.children(edge.id)
            assert pair is not None
            inherited = min(self.disputes.due_timer(half.id, now) for half in pair)
            values = {"edgeId": edge.id, "inherited": inherited}
            told.append((EdgeTimerUpdated(edge.id, inherited), "EdgeTimerUpdated", values))
        self.at(seconds, actor, *told)

    def refute(self, seconds: int, actor: bytes, made: bytes) -> None:
        """Kill a claim by proof."""
        values = {"id": made, "refuter": actor}
        self.at(seconds, actor, (AssertionRefuted(made, actor), "AssertionRefuted", values))

    def mark(self, seconds: int, actor: bytes, made: bytes) -> None:
        """Say that a clock is full."""
        event = AssertionConfirmable(made, START + seconds)
        values = {"id": made, "at": START + seconds}
        self.at(seconds, actor, (event, "AssertionConfirmable", values))

    def confirm(self, seconds: int, actor: bytes, made: bytes) -> None:
        """Confirm a claim."""
        values = {"id": made, "item": 1}
        self.at(seconds, actor, (AssertionConfirmed(made), "AssertionConfirmed", values))

    def settle(self, seconds: int, settler: bytes, losers: dict[bytes, bytes]) -> None:
        """Settle lost claims and their stakes, by claim."""
        told: list[tuple[ChainEvent | None, str, Any]] = []
        for made, staker in losers.items():
            dead = {"id": made, "deadRoot": made}
            burn = {
                "staker": staker,
                "contest": ORIGIN,
                "burnt": STAKE // 2,
                "settler": settler,
                "reward": ETHER // 100,
            }
            told.append((AssertionDied(made, made), "AssertionDied", dead))
            told.append((StakeSeized(staker, ORIGIN), "BondBurned", burn))
        self.at(seconds, settler, *told)

    def pay(self, seconds: int, to: bytes, service: Service, amount: int) -> None:
        """Pay a tariff."""
        values = {"contest": ORIGIN, "service": int(service), "to": to, "amount": amount}
        event = TariffPaid(ORIGIN, service, to, amount)
        self.at(seconds, to, (event, "TariffPaid", values))

    def release(self, seconds: int, staker: bytes) -> None:
        """Give a stake back."""
        values = {"staker": staker, "amount": STAKE}
        self.at(seconds, staker, (StakeReleased(staker), "BondRefunded", values))

    def desk(self) -> GameDesk:
        """Return what a node knows now."""
        return GameDesk(
            tree=self.tree,
            disputes=self.disputes,
            checked=self.checked,
            rules=RULES,
            l1_block=self.block,
            now=self.now,
        )

    def scope(self) -> Scope:
        """Return what belongs to the contest."""
        desk = self.desk()
        children = self.tree.children(ORIGIN)
        edges = {desk.root_edge(child): (HEIGHT, 0) for child in children}
        for edge in self.disputes.edges(ORIGIN):
            edges[edge.id] = (edge.key.height, edge.key.index)
        claims = {child.id for child in children}
        return Scope(ORIGIN, claims, edges, CONTEXT, {BLOB}, STAKE)

    def game(self, *disputes: Dispute) -> Game:
        """Return the whole contest."""
        scope = self.scope()
        chosen, book = select(self.logs, scope)
        made_in = {
            log.arguments["id"]: log.transaction for log in chosen if log.name == "AssertionCreated"
        }
        told = Told(
            tell_moves(chosen, self.sent, scope), tell_money(chosen, book), disputes, made_in
        )
        return self.desk().game(ORIGIN, told)
