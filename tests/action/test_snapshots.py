"""Starting from a snapshot is starting from genesis, only sooner, whatever became of the files."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from rollup_node.codec.signature import address_of
from rollup_node.core.inputs import Transfer
from rollup_node.node import snapshots
from rollup_node.node.sequencer import Sequencer
from rollup_node.node.snapshots import SnapshotPolicy
from rollup_node.node.views import SequencerView
from rollup_node.store import log
from rollup_node.store import snapshots as files
from tests.action.sequencing import KEYS, Stage, signed

EAGER = SnapshotPolicy(every_records=1, kept_records=0, every_items=1, rest=0)


async def _answers(sequencer: Sequencer) -> dict[str, Any]:
    """Return everything that users can ask for."""
    await sequencer.settle()
    view, ledger = SequencerView(sequencer), sequencer.builder.ledger
    hashes = [record for block in ledger.blocks for record in block.records] + ledger.hashes
    slots = [entry.outbox_index for account in (1, 2) for entry in view.withdrawals_of(account)]
    return {
        "root": sequencer.builder.state.root(),
        "blocks": [view.block(number) for number in range(view.newest() + 1)],
        "by hash": [view.block_by_hash(block.hash) for block in ledger.blocks],
        "records": [view.record(record) for record in hashes],
        "accounts": [view.account(account) for account in (1, 2)],
        "owned": [view.accounts_of(address_of(key)) for key in KEYS.values()],
        "withdrawals": [view.withdrawals_of(account) for account in (1, 2)],
        "proofs": [await view.withdrawal_proof(slot, None) for slot in slots],
        "ends": [view.end_of_item(item) for item in range(sequencer.derived_items + 1)],
        "link": (sequencer.chain.covered, sequencer.chain.link),
        "confirmations": list(sequencer.durable_confirmations()),
        "batches": list(sequencer.batches(0, 99)),
        "feed": sequencer.feed_messages(0, 999),
    }


def _base(sequencer: Sequencer) -> int:
    """Return how many items were taken from a snapshot."""
    return sum(item.start.mark < 0 for item in sequencer._assembly.items)


def _newest(folder: Path, place: int = 0) -> Path:
    return sorted(folder.glob("snapshots/*.snapshot"), reverse=True)[place]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "data")


async def _two_snapshots(stage: Stage) -> dict[str, Any]:
    """Leave a folder with two snapshots, an unposted batch and an open one; return the answers."""
    async with stage.running(policy=EAGER) as sequencer:
        await stage.play(sequencer, 3)
        assert await sequencer.save_snapshot()
        await stage.play(sequencer, 2)
        assert await sequencer.save_snapshot()
        await stage.play(sequencer, 1)
        await stage.play(sequencer, 1, posted=False)
        await sequencer.submit([signed(Transfer(1, 2, 0, 9, stage.nonce + 7))])
        return await _answers(sequencer)


async def _compare(stage: Stage, folder: Path) -> int:
    """Check that a start in a folder answers what a start from genesis does; return its base."""
    bare = folder.with_name(folder.name + "-bare")
    bare.mkdir()
    shutil.copy(folder / "input.log", bare)
    async with stage.running(bare) as scratch, stage.running(folder) as sequencer:
        assert _base(scratch) == 0
        assert await _answers(sequencer) == await _answers(scratch)
        return _base(sequencer)


async def test_start_from_a_snapshot_answers_what_the_uninterrupted_run_does(stage: Stage) -> None:
    before = await _two_snapshots(stage)
    async with stage.running(policy=EAGER) as sequencer:
        assert _base(sequencer) == 5
        assert await _answers(sequencer) == before
        await stage.post(sequencer)
        await stage.play(sequencer, 2)
    assert await _compare(stage, stage.folder) == 5


async def test_start_again_and_again_moves_the_snapshot_on(stage: Stage) -> None:
    bases = []
    for _ in range(4):
        async with stage.running(policy=EAGER) as sequencer:
            bases.append(_base(sequencer))
            await stage.play(sequencer, 2)
            await sequencer.save_snapshot()
    assert bases == [0, 2, 4, 6]
    assert len(list(stage.folder.glob("snapshots/*.snapshot"))) == 2
    assert await _compare(stage, stage.folder) == 8


async def test_kill_at_any_stage_of_writing_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is copied before every write, sync and rename of a snapshot and its history."""
    copies: list[Path] = []

    def copy() -> None:
        copies.append(stage.folder.with_name(f"copy-{len(copies)}"))
        shutil.copytree(stage.folder, copies[-1])

    async with stage.running(policy=EAGER) as sequencer:
        await stage.play(sequencer, 3)
        assert await sequencer.save_snapshot()
        await stage.play(sequencer, 3)
        with monkeypatch.context() as patched:
            patched.setattr(snapshots, "PART_LEAVES", 2)
            _before(patched, log, "_write_all", copy)
            _before(patched, files.SnapshotWriter, "_write", copy)
            _before(patched, os, "fsync", copy)
            _before(patched, Path, "replace", copy)
            _before(patched, Path, "unlink", copy)
            assert await sequencer.save_snapshot()
    copies.append(stage.folder)
    bases = [await _compare(stage, folder) for folder in copies]
    assert len(bases) > 15
    assert bases[0] == 3
    assert bases[-1] == 6
    assert set(bases) == {3, 6}


def _before(patched: pytest.MonkeyPatch, owner: Any, name: str, act: Any) -> None:
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        act()
        return original(*arguments, **named)

    patched.setattr(owner, name, wrapped)


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "append", "gone", "name"])
@pytest.mark.parametrize("both", [False, True])
async def test_start_with_a_damaged_snapshot_takes_the_one_before(
    stage: Stage, damage: str, both: bool
) -> None:
    await _two_snapshots(stage)
    for path in [_newest(stage.folder), _newest(stage.folder, 1)][: 1 + both]:
        whole = path.read_bytes()
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        if damage == "gone":
            path.unlink()
        elif damage == "name":
            path.rename(path.with_name(f"{999 + both:020}.snapshot"))
        else:
            path.write_bytes(
                {"cut": whole[:-8], "empty": b"", "flip": flipped, "append": whole + b"\0"}[damage]
            )
    assert await _compare(stage, stage.folder) == (0 if both else 3)


@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
async def test_start_with_a_damaged_history_begins_at_genesis(stage: Stage, damage: str) -> None:
    await _two_snapshots(stage)
    history = stage.folder / "snapshots" / "history"
    content = bytearray(history.read_bytes())
    content[60] ^= 1
    if damage == "gone":
        history.unlink()
    else:
        history.write_bytes(content if damage == "flip" else content[:100])
    assert await _compare(stage, stage.folder) == 0


async def test_start_with_another_log_begins_at_genesis(stage: Stage, tmp_path: Path) -> None:
    await _two_snapshots(stage)
    other = Stage(tmp_path / "other")
    other.nonce += 5_000
    await _two_snapshots(other)
    shutil.copy(other.folder / "input.log", stage.folder / "input.log")
    stage.l1.items[:] = other.l1.items
    assert await _compare(stage, stage.folder) == 0


@pytest.mark.parametrize("kept", [0, 1, 3, 5])
async def test_start_after_l1_took_items_back_goes_on_from_what_it_kept(
    stage: Stage, kept: int
) -> None:
    await _two_snapshots(stage)
    del stage.l1.items[kept:]
    stage.l1.item(b"", len(stage.l1.messages), kind=2)
    assert await _compare(stage, stage.folder) == max(n for n in (0, 3, 5) if n <= kept)


async def test_on_l1_reorg_below_the_snapshot_goes_back_behind_it(stage: Stage) -> None:
    await _two_snapshots(stage)
    async with stage.running(policy=EAGER) as sequencer:
        del stage.l1.items[3:]
        stage.l1.item(b"", len(stage.l1.messages), kind=2)
        await sequencer.on_l1(stage.l1.update(3, len(stage.l1.messages), reorg=True))
        assert _base(sequencer) == 3
        await stage.post(sequencer)
        await stage.play(sequencer, 1)
        assert await sequencer.save_snapshot()
    assert await _compare(stage, stage.folder) > 3


async def test_submit_while_a_snapshot_is_written_is_in_neither_it_nor_lost(stage: Stage) -> None:
    async with stage.running(policy=EAGER) as sequencer:
        await stage.play(sequencer, 4)
        saving = asyncio.create_task(sequencer.save_snapshot())
        await asyncio.sleep(0)
        await stage.play(sequencer, 1)
        assert await saving
    assert await _compare(stage, stage.folder) == 4


async def test_reorg_while_a_snapshot_is_written_leaves_none(stage: Stage) -> None:
    async with stage.running(policy=EAGER) as sequencer:
        await stage.play(sequencer, 4)
        saving = asyncio.create_task(sequencer.save_snapshot())
        await asyncio.sleep(0)
        del stage.l1.items[1:]
        stage.l1.item(b"", len(stage.l1.messages), kind=2)
        await sequencer.on_l1(stage.l1.update(1, len(stage.l1.messages), reorg=True))
        assert await saving == 0
    assert not list(stage.folder.glob("snapshots/*.snapshot"))
    assert await _compare(stage, stage.folder) == 0


async def test_save_on_a_full_disk_leaves_none_and_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with stage.running(policy=EAGER) as sequencer:
        await stage.play(sequencer, 3)
        with monkeypatch.context() as patched:
            patched.setattr(files.SnapshotWriter, "_write", full)
            assert await sequencer.save_snapshot() == 0
        await stage.play(sequencer, 1)
        assert await sequencer.save_snapshot()
    assert await _compare(stage, stage.folder) == 4


async def test_save_with_nothing_new_writes_nothing(stage: Stage) -> None:
    async with stage.running(policy=EAGER) as sequencer:
        assert await sequencer.save_snapshot() == 0
        await stage.play(sequencer, 3)
        assert await sequencer.save_snapshot()
        assert await sequencer.save_snapshot() == 0


async def test_save_keeps_the_last_records_out_of_the_snapshot(stage: Stage) -> None:
    policy = SnapshotPolicy(every_records=1, kept_records=12, every_items=1, rest=0)
    async with stage.running(policy=policy) as sequencer:
        await stage.play(sequencer, 6)
        await sequencer.save_snapshot()
    async with stage.running(policy=policy) as sequencer:
        items = sequencer._assembly.items[_base(sequencer) :]
        assert 0 < _base(sequencer) < 5
        assert len(items) >= 2
        view = SequencerView(sequencer)
        assert await view.withdrawal_proof(0, len(stage.l1.items) - 1) is not None
