"""The tree of assertions: lives, losers, stakes and marks, as the events of L1 tell them."""

import pytest

from rollup_node.derive.assertions import AssertionStatus, AssertionTree
from rollup_node.derive.events import (
    AssertionConfirmable,
    AssertionConfirmed,
    AssertionCreated,
    AssertionDied,
    AssertionEvent,
    AssertionRefuted,
    L1Block,
    L1BlockEvents,
    Service,
    StakeMoved,
    StakeReleased,
    StakeSeized,
    TariffPaid,
)

ALICE, BOB = b"a" * 20, b"b" * 20


def made(name: str, parent: str, at: int = 0) -> AssertionCreated:
    return AssertionCreated(
        assertion_id=name.encode(),
        parent_id=parent.encode(),
        after_state_root=bytes(32),
        history_root=bytes(32),
        accumulator=bytes(32),
        target=1,
        next_target=2,
        item=1,
        finished=True,
        staker=ALICE,
        created_at=at,
    )


def tell(tree: AssertionTree, number: int, *events: AssertionEvent) -> None:
    tree.advance(L1BlockEvents(L1Block(number, b"", b"", number * 10), events))


@pytest.fixture
def tree() -> AssertionTree:
    """Genesis with children a, b, c; a with child d, b with child e, e with child f."""
    found = AssertionTree(made("genesis", ""))
    tell(found, 1, made("a", "genesis", 10))
    tell(found, 2, made("b", "genesis", 20), made("d", "a", 20))
    tell(found, 3, made("c", "genesis", 30), made("e", "b", 30), made("f", "e", 30))
    return found


def status(tree: AssertionTree, name: str) -> AssertionStatus:
    found = tree.get(name.encode())
    assert found is not None
    return found.status


def names(tree: AssertionTree, below: str) -> list[str]:
    return [found.id.decode() for found in tree.losers(below.encode())]


def test_advance_gives_each_assertion_its_life(tree: AssertionTree) -> None:
    tell(tree, 4, AssertionConfirmable(b"a", 44), AssertionRefuted(b"b", BOB))
    tell(tree, 5, AssertionConfirmed(b"a"), AssertionDied(b"c", b"c"), AssertionDied(b"e", b"b"))
    a, b, e = tree.get(b"a"), tree.get(b"b"), tree.get(b"e")
    assert a is not None
    assert b is not None
    assert e is not None
    assert (a.confirmed, a.confirmable_at, a.confirmed_at) == (True, 44, 50)
    assert (b.status, b.refuter, b.live) == (AssertionStatus.REFUTED, BOB, False)
    assert (e.status, e.dead_root, e.live) == (AssertionStatus.DEAD, b"b", False)
    assert status(tree, "d") == AssertionStatus.PENDING
    assert tree.latest_confirmed() == a


def test_losers_of_a_decided_contest_are_all_rivals_and_what_is_below(tree: AssertionTree) -> None:
    assert names(tree, "genesis") == []
    tell(tree, 4, AssertionConfirmed(b"a"))
    assert names(tree, "genesis") == ["b", "c", "e", "f"]
    assert names(tree, "a") == []


def test_losers_of_an_open_contest_are_those_that_a_proof_killed(tree: AssertionTree) -> None:
    tell(tree, 4, AssertionRefuted(b"b", BOB), AssertionDied(b"b", b"b"))
    assert names(tree, "genesis") == ["b", "e", "f"]


def test_losers_below_an_assertion_that_is_not_confirmed_wait(tree: AssertionTree) -> None:
    tell(tree, 4, AssertionRefuted(b"f", BOB))
    assert names(tree, "e") == []
    assert tree.is_lost(b"f")


def test_is_lost_follows_from_parents_and_siblings(tree: AssertionTree) -> None:
    tell(tree, 4, AssertionRefuted(b"b", BOB))
    assert [tree.is_lost(name) for name in (b"a", b"b", b"c", b"d", b"e", b"f")] == [
        *(False, True, False),
        *(False, True, True),
    ]
    tell(tree, 5, AssertionConfirmed(b"a"))
    assert tree.is_lost(b"c")
    assert not tree.is_lost(b"a")
    assert not tree.is_lost(b"d")


def test_live_own_counts_for_the_earliest_live_child_alone(tree: AssertionTree) -> None:
    assert [tree.live_own(name, 100) for name in (b"a", b"b", b"c")] == [10, 0, 0]
    assert tree.live_own(b"d", 100) == 80
    tell(tree, 4, AssertionRefuted(b"b", BOB))
    assert [tree.live_own(name, 100) for name in (b"a", b"b", b"c")] == [20, 0, 0]
    tell(tree, 5, AssertionRefuted(b"a", BOB))
    assert [tree.live_own(name, 100) for name in (b"a", b"b", b"c")] == [0, 0, 70]
    tell(tree, 6, AssertionRefuted(b"c", BOB))
    assert tree.live_own(b"c", 100) == 0


def test_stakes_move_and_leave(tree: AssertionTree) -> None:
    tell(tree, 4, StakeMoved(ALICE, b"a"), StakeMoved(BOB, b"b"), StakeMoved(ALICE, b"d"))
    assert dict(tree.stakes) == {ALICE: b"d", BOB: b"b"}
    tell(tree, 5, TariffPaid(b"genesis", Service.BISECTION, ALICE, 3), StakeReleased(ALICE))
    tell(tree, 6, StakeSeized(BOB, b"genesis"))
    assert dict(tree.stakes) == {}


def test_rewind_takes_back_every_event(tree: AssertionTree) -> None:
    tell(tree, 4, StakeMoved(ALICE, b"a"))
    before, stakes = tree.all(), dict(tree.stakes)
    tell(tree, 5, AssertionConfirmable(b"a", 50), AssertionConfirmed(b"a"), StakeReleased(ALICE))
    tell(tree, 6, AssertionRefuted(b"b", BOB), AssertionDied(b"b", b"b"), made("g", "a"))
    tree.rewind(4)
    assert (tree.all(), dict(tree.stakes)) == (before, stakes)
    assert tree.latest_confirmed() == tree.genesis
    assert names(tree, "genesis") == []
    assert tree.get(b"g") is None


def test_advance_ignores_what_concerns_unknown_assertions(tree: AssertionTree) -> None:
    before = tree.all()
    tell(tree, 4, AssertionConfirmed(b"x"), AssertionRefuted(b"x", BOB), AssertionDied(b"x", b"x"))
    assert tree.all() == before
