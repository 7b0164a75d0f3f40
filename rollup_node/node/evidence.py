"""What shows L1 what follows a right state: calls of the verifier, from this node's own execution.

The first wrong leaf of a lie follows a right leaf, so evidence always begins with a right state.
Source: docs/spec.md D-7, G-1, G-3, W.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rollup_node.codec.blob import blob_payload
from rollup_node.codec.leaves import encode_leaf
from rollup_node.core.kinds import ItemKind
from rollup_node.core.weights import is_segment_end
from rollup_node.derive.items import DerivedItem
from rollup_node.node.claims import RightChild
from rollup_node.node.replica import Replica
from rollup_node.ports import L1Reader
from rollup_node.proof.assertions import context
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.machine import Machine, StepResult
from rollup_node.proof.witness import BLOB_CHUNKS, BlobData, Call, build_call

_CALL_WEIGHT: Final = 12_000_000
"""Weight of the steps of one call, in gas: with its calldata it stays below 14,000,000."""
_CALL_GAS: Final = 13_000_000
"""What a call of more weight may really cost: weights are those of the dearest steps."""
_WITNESS_BYTES: Final = 120 << 10
_KEPT_RUNS: Final = 8
_ZERO: Final = bytes(32)


class ProofCall(NamedTuple):
    """Arguments of `StepVerifier.prove`. Twin: contracts/src/types/Steps.sol `Call`."""

    target: int
    config_hash: bytes
    start_root: bytes
    steps_done: int
    steps: int
    witness: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to do until L1 knows what follows a state.

    Attributes
    ----------
    blobs
        To import first.
    calls
        To prove then, in order; none if the proof table has the end of the segment.
    steps, position_proof
        The transition as the game asks for it (docs/spec.md D-7): steps of the whole segment, or
        the proof that the state is finished.
    """

    blobs: tuple[bytes, ...] = ()
    calls: tuple[ProofCall, ...] = ()
    steps: int = 0
    position_proof: bytes = b""

    @property
    def transactions(self) -> int:
        """How many transactions it takes to kill who says something else, the killing included."""
        return max(len(self.blobs) + len(self.calls), 1)

    @property
    def transition(self) -> tuple[int, bytes]:
        """Return the arguments of `Transition`."""
        return self.steps, self.position_proof


class SegmentRun:
    """A segment, executed again from its start on a state of its own.

    `whole_blobs` are the blobs of a blob item.
    """

    def __init__(
        self,
        machine: Machine,
        state: ChainState,
        item: DerivedItem,
        whole_blobs: Sequence[bytes],
    ) -> None:
        self.item: Final = item
        self.whole_blobs: Final = tuple(whole_blobs)
        self.start_root: Final = state.root()
        self._machine = machine
        self._state = state
        self._mark = state.mark()
        self.fits: dict[int, bool] = {}
        self._calls: dict[tuple[int, bool], list[Call]] = {}
        self._blobs: BlobData | None = None
        if item.header.kind == ItemKind.BLOB:
            payload = b"".join(blob_payload(blob) for blob in whole_blobs)
            self._blobs = BlobData(item.blob_hashes, payload)
        self.results: Final = run_segment(machine, state, item)
        self.end_root: Final = state.root()

    def calls(self, done: int, *, at_once: bool = False) -> list[Call]:
        """Return the calls that prove the rest of the segment after `done` steps.

        Each has gas and room for any steps; `at_once`: the fewest that there is room for.
        """
        key = (done, at_once)
        if key not in self._calls:
            self._state.rewind(self._mark)
            for result in self.results[:done]:
                self._state.commit(result.writes)
            self._calls[key] = self._build(done, at_once=at_once)
        return self._calls[key]

    def _build(self, done: int, *, at_once: bool) -> list[Call]:
        found: list[Call] = []
        while done < len(self.results):
            steps = len(self.results) - done if at_once else self._fitting(done)
            call = self._call(done, steps)
            while len(call.encode()) > _WITNESS_BYTES and steps > 1:
                steps = (steps + 1) // 2
                call = self._call(done, steps)
            for result in self.results[done : done + steps]:
                self._state.commit(result.writes)
            found.append(call)
            done += steps
        return found

    def _fitting(self, done: int) -> int:
        """Return how many steps from there on one transaction has gas for."""
        weight = steps = 0
        for result in self.results[done:]:
            weight += result.weight
            if steps and weight > _CALL_WEIGHT:
                break
            steps += 1
        return steps

    def _call(self, done: int, steps: int) -> Call:
        item = self.item
        return build_call(
            self._machine,
            self._state,
            item.header,
            item.data,
            item.messages,
            steps,
            steps_done=done,
            weight_done=sum(result.weight for result in self.results[:done]),
            blobs=self._blobs,
        )


class Evidence:
    """Finds and builds evidence; keeps the segments of the contests at hand.

    Parameters
    ----------
    config_hash
        docs/spec.md G-7.
    """

    def __init__(
        self, replica: Replica, machine: Machine, reader: L1Reader, config_hash: bytes
    ) -> None:
        self._replica = replica
        self._machine = machine
        self._reader = reader
        self._config_hash = config_hash
        self._runs: dict[tuple[bytes, int], SegmentRun] = {}

    async def plan(self, child: RightChild, index: int, block_hash: bytes | None = None) -> Plan:
        """Return what is left to show that leaf `index` of a right history follows the one before.

        Parameters
        ----------
        block_hash
            L1 block at which to look into the proof table, the head if `None`.
        """
        if index >= child.segments:
            executed = self._replica.items[child.target - 1]
            cursor = encode_leaf(executed.cursor)
            return Plan(position_proof=cursor + b"".join(executed.cursor_branch))
        run = await self._run(child, index)
        steps = len(run.results)
        done = await self._proven(child, run, block_hash)
        if done == steps:
            return Plan(steps=steps)
        built = await asyncio.to_thread(run.calls, done)
        blobs = await self._missing_blobs(run, built, block_hash)
        calls = self._encode(child, run, built, done)
        if len(calls) > 1 and not blobs:
            whole = await asyncio.to_thread(lambda: run.calls(done, at_once=True))
            alone = self._encode(child, run, whole, done)
            if len(alone) == 1 and await self._fits(run, alone[0]):
                calls = alone
        return Plan(blobs, calls, steps)

    def _encode(
        self, child: RightChild, run: SegmentRun, calls: Sequence[Call], done: int
    ) -> tuple[ProofCall, ...]:
        encoded = []
        for call in calls:
            head = (child.target, self._config_hash, run.start_root)
            encoded.append(ProofCall(*head, done, call.steps, call.encode()))
            done += call.steps
        return tuple(encoded)

    async def _fits(self, run: SegmentRun, call: ProofCall) -> bool:
        """Tell whether one transaction has gas for a call; asks L1 once."""
        if call.steps_done not in run.fits:
            gas = await self._reader.estimate_gas("step_verifier", "prove", call)
            run.fits[call.steps_done] = gas is not None and gas <= _CALL_GAS
        return run.fits[call.steps_done]

    async def _run(self, child: RightChild, index: int) -> SegmentRun:
        key = (child.assertion_id, index)
        if key not in self._runs:
            while len(self._runs) >= _KEPT_RUNS:
                del self._runs[next(iter(self._runs))]
            self._runs[key] = await self._execute(child.first_segment + index)
        return self._runs[key]

    async def _execute(self, segment: int) -> SegmentRun:
        """Execute the segment with that number, counted from genesis."""
        items = self._replica.items
        executed = items[bisect_right(items, segment, key=lambda found: found.segments)]
        item = executed.item
        before = items[item.index - 1].segments if item.index else 0
        try:
            state = self._replica.state.copy_at(executed.mark)
        except KeyError:  # older than the marks that are kept
            earlier = [found.item for found in items[: item.index]]
            state = await asyncio.to_thread(_replay, self._machine, earlier)
        is_blob = item.header.kind == ItemKind.BLOB
        blobs = await self._reader.blobs(item.transaction_hash) if is_blob else []

        def run() -> SegmentRun:
            for _ in range(segment - before):
                run_segment(self._machine, state, item)
            return SegmentRun(self._machine, state, item, blobs)

        return await asyncio.to_thread(run)

    async def _proven(self, child: RightChild, run: SegmentRun, block_hash: bytes | None) -> int:
        """Return after how many steps the last entry of the proof table is."""
        ctx = context(child.target, child.accumulator, self._config_hash)

        async def has(done: int) -> bool:
            root, _, _ = await self._reader.call(
                "step_verifier", "entry", ctx, run.start_root, done, block_hash=block_hash
            )
            return bool(root != _ZERO)

        steps = len(run.results)
        if await has(steps):
            return steps
        entries = await asyncio.gather(*(has(done) for done in range(1, steps)))
        return max((done for done, found in enumerate(entries, start=1) if found), default=0)

    async def _missing_blobs(
        self, run: SegmentRun, calls: Sequence[Call], block_hash: bytes | None
    ) -> tuple[bytes, ...]:
        """Return the blobs that the calls read and that L1 cannot read yet."""
        read = {
            chunk // BLOB_CHUNKS
            for call in calls
            for chunk in range(call.first_chunk, call.first_chunk + len(call.chunks))
        }
        missing = []
        for place, blob in enumerate(run.whole_blobs):
            if place in read:
                digest = run.item.blob_hashes[place]
                (root,) = await self._reader.call(
                    "blob_importer", "chunkRoot", digest, block_hash=block_hash
                )
                if root == _ZERO:
                    missing.append(blob)
        return tuple(missing)


def run_segment(machine: Machine, state: ChainState, item: DerivedItem) -> tuple[StepResult, ...]:
    """Run the next segment on a state and return its steps."""
    results: list[StepResult] = []
    weight = 0
    while True:
        result = machine.step(state, item.header, item.data, item.messages)
        state.commit(result.writes)
        results.append(result)
        weight += result.weight
        if is_segment_end(result.kind, len(results), weight):
            return tuple(results)


def _replay(machine: Machine, items: Sequence[DerivedItem]) -> ChainState:
    """Return the state after the first items."""
    state = ChainState()
    for item in items:
        machine.run_item(state, item.header, item.data, item.messages, segment_roots=False)
    return state
