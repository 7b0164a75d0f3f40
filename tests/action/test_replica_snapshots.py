"""A replica that starts from a snapshot knows what one knows that executed everything."""

from pathlib import Path
from typing import Any

import pytest

from rollup_node.core.layout import CURSOR_KEY, owner_key
from rollup_node.derive.items import DerivedItem
from rollup_node.node.recovery import recover_in_thread
from rollup_node.node.replica import Replica
from rollup_node.node.replica_resume import ReplicaResume
from rollup_node.node.snapshots import SnapshotPolicy, Snapshots
from rollup_node.proof.machine import Machine
from tests.action.sequencing import BRIDGE, DOMAIN, Stage

EAGER = SnapshotPolicy(every_records=1, kept_records=0, every_items=1, rest=0)


class Node:
    """A replica with its snapshots, as the loop of a node holds them."""

    def __init__(self, folder: Path, policy: SnapshotPolicy = EAGER) -> None:
        machine = Machine(313371, BRIDGE)
        self.replica = Replica(machine, recover_in_thread(DOMAIN), segments=True)
        self.resume = ReplicaResume(self.replica, Snapshots(folder, DOMAIN, policy))
        self.base = 0

    async def follow(self, items: list[DerivedItem]) -> None:
        if items and not self.replica.item_count:
            self.resume.start(items)
            self.base = self.replica.item_count
        while self.replica.item_count < len(items):
            await self.replica.apply(items[self.replica.item_count])


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    """Give an L1 with six items."""
    made = Stage(tmp_path / "data")
    async with made.running() as sequencer:
        await made.play(sequencer, 6)
    return made


def _answers(replica: Replica) -> dict[str, Any]:
    hashes = [record for block in replica.blocks for record in replica.record_hashes(block)]
    places = [replica.place(record) for record in hashes]
    return {
        "root": replica.state.root(),
        "blocks": replica.blocks,
        "places": places,
        "bodies": [replica.body(p, h) for p, h in zip(places, hashes, strict=True) if p],
        "segments": replica.segment_roots,
        "cursors": [(e.cursor, e.cursor_branch, e.state_root) for e in replica.items],
        "owned": replica.accounts_of(replica.state.get(owner_key(1)).address),
        "withdrawals": replica.withdrawals(),
        "proof": replica.prove_outbox(0),
        "inside": [replica.cursor_inside(n, 1) for n in range(len(replica.items))],
    }


async def _scratch(items: list[DerivedItem], folder: Path) -> dict[str, Any]:
    node = Node(folder / "scratch")
    await node.follow(items)
    await node.resume.close()
    assert node.base == 0
    return _answers(node.replica)


async def test_start_from_a_snapshot_knows_what_a_start_from_genesis_does(
    stage: Stage, tmp_path: Path
) -> None:
    first = Node(tmp_path / "replica")
    await first.follow(stage.l1.items[:4])
    assert await first.resume.save()
    await first.follow(stage.l1.items)
    assert await first.resume.save()
    before = _answers(first.replica)
    await first.resume.close()
    again = Node(tmp_path / "replica")
    await again.follow(stage.l1.items)
    assert again.base == 5
    assert _answers(again.replica) == before == await _scratch(stage.l1.items, tmp_path)
    await again.resume.close()


@pytest.mark.parametrize(("kept", "base"), [(0, 0), (2, 0), (3, 3), (4, 3)])
async def test_start_after_l1_took_items_back_takes_a_snapshot_from_before(
    stage: Stage, tmp_path: Path, kept: int, base: int
) -> None:
    first = Node(tmp_path / "replica")
    await first.follow(stage.l1.items[:4])
    assert await first.resume.save()
    await first.follow(stage.l1.items)
    assert await first.resume.save()
    await first.resume.close()
    del stage.l1.items[kept:]
    stage.l1.item(b"", len(stage.l1.messages), kind=2)
    again = Node(tmp_path / "replica")
    await again.follow(stage.l1.items)
    assert again.base == base
    assert again.replica.state.get(CURSOR_KEY).item == kept + 1
    fresh = Node(tmp_path / "fresh")
    await fresh.follow(stage.l1.items)
    assert again.replica.state.root() == fresh.replica.state.root()
    assert again.replica.blocks == fresh.replica.blocks
    for node in (again, fresh):
        await node.resume.close()


async def test_rewind_below_the_snapshot_takes_an_older_one(stage: Stage, tmp_path: Path) -> None:
    first = Node(tmp_path / "replica")
    await first.follow(stage.l1.items[:3])
    assert await first.resume.save()
    await first.follow(stage.l1.items)
    assert await first.resume.save()
    await first.resume.close()
    again = Node(tmp_path / "replica")
    await again.follow(stage.l1.items)
    again.replica.rewind(4)
    again.resume.forget(4)
    assert again.replica.item_count == 0
    await again.follow(stage.l1.items)
    assert again.base == 2
    assert _answers(again.replica) == await _scratch(stage.l1.items, tmp_path)
    await again.resume.close()


async def test_save_if_due_writes_beside_and_only_when_due(stage: Stage, tmp_path: Path) -> None:
    lazy = Node(tmp_path / "lazy", SnapshotPolicy())
    await lazy.follow(stage.l1.items)
    lazy.resume.save_if_due()
    assert lazy.resume._saving is None
    await lazy.resume.close()
    eager = Node(tmp_path / "eager")
    await eager.follow(stage.l1.items)
    eager.resume.save_if_due()
    assert eager.resume._saving is not None
    assert await eager.resume._saving
    await eager.resume.close()
    assert len(list((tmp_path / "eager").glob("*.snapshot"))) == 1
