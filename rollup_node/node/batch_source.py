"""Where a batch poster gets the sequencer's batches: in its process or behind its RPC.

Nothing is stored here: after a restart they are asked for again.
"""

from collections.abc import Sequence

from rollup_node.l1.client import JsonRpcClient, RpcError
from rollup_node.ports import SequencerBatch, SequencerService, TemporaryError


class LocalBatches:
    """`BatchSource` over the sequencer in this process."""

    def __init__(self, sequencer: SequencerService) -> None:
        self._sequencer = sequencer

    async def batches(self, first: int, limit: int) -> Sequence[SequencerBatch]:
        """Return at most `limit` cut batches from number `first` on."""
        return self._sequencer.batches(first, limit)


class RemoteBatches:
    """`BatchSource` over `rollup_getBatches` of another node."""

    def __init__(self, client: JsonRpcClient) -> None:
        self._client = client

    async def batches(self, first: int, limit: int) -> Sequence[SequencerBatch]:
        """Return at most `limit` cut batches from number `first` on.

        Raises
        ------
        TemporaryError
            If the sequencer does not answer, or answers nonsense.
        """
        try:
            rows = await self._client.call("rollup_getBatches", first, limit)
            found = [
                SequencerBatch(
                    row["number"],
                    bytes.fromhex(row["data"][2:]),
                    row["delayedCount"],
                    row["fastCount"],
                )
                for row in rows
            ]
        except (RpcError, KeyError, TypeError, ValueError) as error:
            raise TemporaryError(f"sequencer at {self._client.url}: {error}") from error
        if [batch.number for batch in found] != list(range(first, first + len(found))):
            raise TemporaryError(f"sequencer at {self._client.url}: batches out of order")
        return found
