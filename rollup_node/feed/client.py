"""Reads a feed from a number on; checks order and signature of every message."""

from collections.abc import AsyncIterator

import aiohttp

from rollup_node.feed.message import FeedMessage, decode_message
from rollup_node.ports import TemporaryError


async def read_feed(
    url: str, domain: bytes, sequencer: bytes, first: int = 0
) -> AsyncIterator[FeedMessage]:
    """Yield messages from number `first` on, without end.

    `url` is the HTTP origin of the node, `domain` the EIP-712 domain separator, `sequencer` the
    address that signs. Raises `TemporaryError` when the connection ends or a message is not what
    it must be: call again with the next number.
    """
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{url}/feed?from={first}", max_msg_size=0) as socket,
        ):
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.BINARY:
                    break
                yield decode_message(message.data, domain, sequencer, first)
                first += 1
    except aiohttp.ClientError as error:
        raise TemporaryError(f"feed at {url}: {error}") from error
    raise TemporaryError(f"feed at {url} ended before message {first}")
