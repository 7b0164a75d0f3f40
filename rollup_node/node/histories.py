"""Histories that others publish: peers may lie, stall or flood, and are believed by hash only.

Source: docs/spec.md D-14.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import aiohttp
import msgspec

from rollup_node.proof.hashing import HASH_BYTES
from rollup_node.proof.history import HistoryTree

_TIMEOUT_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 5.0
"""How long to leave a peer alone about a claim whose history it did not have."""
_REST_SECONDS: Final = 30.0
"""How long to leave a peer alone that does not answer, or answers nonsense."""
_HEX_BYTES: Final = 2 * HASH_BYTES + 8
"""A root as JSON text, with its quotes, comma and some space."""
_ENVELOPE_BYTES: Final = 1_024

_logger = logging.getLogger(__name__)


class HistorySource(Protocol):
    """A peer that may know the segment roots of claims."""

    @property
    def name(self) -> str:
        """Return what to call it in logs."""

    async def segment_roots(self, assertion_id: bytes, limit: int) -> Sequence[bytes] | None:
        """Return at most `limit` roots, `None` if it does not know the claim.

        Raises
        ------
        ValueError, OSError, TimeoutError, aiohttp.ClientError
            If it does not answer, or answers something else.
        """


class RpcHistorySource:
    """A node's `rollup_getSegmentRoots`; what it sends is read up to a limit."""

    def __init__(self, url: str) -> None:
        self.name: Final = url
        self._session: aiohttp.ClientSession | None = None

    async def segment_roots(self, assertion_id: bytes, limit: int) -> Sequence[bytes] | None:
        """Ask for the roots; see `HistorySource`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False)
        request = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "rollup_getSegmentRoots",
            "params": ["0x" + assertion_id.hex()],
        }
        most = limit * _HEX_BYTES + _ENVELOPE_BYTES
        body = bytearray()
        asking = self._session.post(self.name, json=request, allow_redirects=False)
        async with asking as response:
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > most:
                    raise ValueError(f"more than {most} bytes")
        return _parse(bytes(body), limit)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class PublishedHistories:
    """The histories of wrong claims, as far as somebody publishes them.

    Parameters
    ----------
    height
        Height of all histories.
    timeout_seconds
        For all peers together, in one turn of the loop.
    """

    def __init__(
        self,
        sources: Sequence[HistorySource],
        height: int,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._sources = sources
        self._height = height
        self._timeout_seconds = timeout_seconds
        self._found: dict[bytes, HistoryTree] = {}
        self._not_before: dict[tuple[str, bytes], float] = {}
        self._resting: dict[str, float] = {}

    async def seek(self, wanted: Mapping[bytes, bytes]) -> Mapping[bytes, HistoryTree]:
        """Return the histories that are known, by claim.

        Parameters
        ----------
        wanted
            History roots by claim; whatever is not wanted any more is forgotten.
        """
        self._forget(wanted)
        missing = [claim for claim in wanted if claim not in self._found]
        asking = [self._ask(source, missing, wanted) for source in self._sources if missing]
        if asking:
            await asyncio.gather(*asking)
        return dict(self._found)

    def _forget(self, wanted: Mapping[bytes, bytes]) -> None:
        self._found = {claim: tree for claim, tree in self._found.items() if claim in wanted}
        self._not_before = {
            key: until for key, until in self._not_before.items() if key[1] in wanted
        }

    async def _ask(
        self, source: HistorySource, missing: Iterable[bytes], wanted: Mapping[bytes, bytes]
    ) -> None:
        """Ask one peer for all claims that are missing, until the time is over."""
        now = time.monotonic()
        due = [c for c in missing if self._not_before.get((source.name, c), 0.0) <= now]
        if not due or self._resting.get(source.name, 0.0) > now:
            return
        try:
            async with asyncio.timeout(self._timeout_seconds):
                for claim in due:
                    await self._take(source, claim, wanted[claim])
        except (ValueError, OSError, TimeoutError, aiohttp.ClientError) as error:
            self._resting[source.name] = time.monotonic() + _REST_SECONDS
            _logger.info("no history from %s: %s", source.name, str(error) or type(error).__name__)

    async def _take(self, source: HistorySource, claim: bytes, root: bytes) -> None:
        if claim in self._found:
            return
        roots = await source.segment_roots(claim, 1 << self._height)
        self._not_before[source.name, claim] = time.monotonic() + _AGAIN_SECONDS
        if not roots:
            return
        tree = HistoryTree(self._height, roots, roots[-1])
        if tree.root == root:
            self._found[claim] = tree
        else:
            _logger.info("%s has another history of 0x%s", source.name, claim.hex())


def _parse(body: bytes, limit: int) -> list[bytes] | None:
    """Return the roots of an answer, `None` if it says that there are none.

    Raises
    ------
    ValueError
        If it is nothing of the kind.
    """
    try:
        answer: Any = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(f"the answer is not JSON: {error}") from error
    if not isinstance(answer, dict):
        raise ValueError("the answer is not an object")  # noqa: TRY004 - bad content, not a bug
    result = answer.get("result")
    if result is None:
        return None
    if not isinstance(result, list) or len(result) > limit:
        raise ValueError(f"the answer is not a list of at most {limit} roots")
    roots = [bytes.fromhex(str(text)[2:]) for text in result]
    if any(len(root) != HASH_BYTES for root in roots):
        raise ValueError("a root is not 32 bytes")
    return roots
