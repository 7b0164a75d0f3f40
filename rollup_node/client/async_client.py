"""The client for asyncio: connects, logs in, trades, follows channels, waits for finality."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final, Self, Unpack

import aiohttp

from rollup_node.client.book import BookGapError, LocalBook
from rollup_node.client.combos import ComboCalls
from rollup_node.client.errors import ConnectionLostError, RefusedError, make_error
from rollup_node.client.instruments import Instrument, Number, read_instrument
from rollup_node.client.orders import OrderOptions, make_order
from rollup_node.client.signer import Signer
from rollup_node.client.waiting import Inclusion, wait_head, wait_included
from rollup_node.client.wire import Stream, Wire
from rollup_node.codec.eip712 import domain_separator
from rollup_node.core.inputs import CancelAll, CancelOrder, ReplaceOrder, SignedContent

SLOTS: Final = 1_024
"""Client slots of an account (docs/spec.md O-2)."""
ALL, UNDERLYING, SERIES = 0, 1, 2
"""Scopes of `cancel_all`."""

_WAIT_SECONDS: Final = 30.0
_SLOT_TRIES: Final = 8
"""Client slots that are tried for an order that names none."""


class AsyncClient(ComboCalls):
    """One connection to a sequencer node, for one account or none.

    `url` is the HTTP origin of the node. Use as `async with AsyncClient(url, ...) as client`.
    """

    def __init__(
        self,
        url: str,
        *,
        private_key: bytes | None = None,
        account: int | None = None,
        key_number: int = 0,
    ) -> None:
        """Take where the node is, and who signs: the owner (`key_number` 0) or a session key."""
        self._url = url.rstrip("/")
        self._private_key, self._account, self._key_number = private_key, account, key_number
        self._session: aiohttp.ClientSession | None = None
        self._wire: Wire | None = None
        self._signer: Signer | None = None
        self._instruments: dict[str, Instrument] = {}
        self._slot = 0

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open the connection, and log in if there is a key.

        Raises
        ------
        ConnectionLostError
            If nobody answers there.
        UnauthorizedError
            If the key is not one of the account.
        """
        try:
            await self._connect()
        except (aiohttp.ClientError, OSError) as error:
            await self.close()
            raise ConnectionLostError(f"cannot connect to {self._url}: {error}") from error
        except BaseException:
            await self.close()
            raise

    async def _connect(self) -> None:
        self._session = aiohttp.ClientSession()
        config = await self.ask("optimism_rollupConfig", [])
        address = self._url.replace("http", "ws", 1) + "/ws/api/v2"
        self._wire = Wire(await self._session.ws_connect(address, max_msg_size=0))
        if self._private_key is not None and self._account is not None:
            bridge = bytes.fromhex(config["contracts"]["bridge"].removeprefix("0x"))
            domain = domain_separator(config["l2_chain_id"], bridge)
            self._signer = Signer(self._private_key, self._account, domain, self._key_number)
            # L1's time, which may be far from ours: on a devnet it can be moved forward.
            time_ms = await self.call("public/get_time")
            await self.call("public/auth", **self._signer.login(time_ms))

    async def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            await self._wire.close()
        if self._session is not None:
            await self._session.close()

    @property
    def wire(self) -> Wire:
        """The open connection.

        Raises
        ------
        ConnectionLostError
            If there is none.
        """
        if self._wire is None:
            raise ConnectionLostError("not connected")
        return self._wire

    @property
    def signer(self) -> Signer:
        """The key of the account.

        Raises
        ------
        ConnectionLostError
            If this client has no key, or is not connected.
        """
        if self._signer is None:
            raise ConnectionLostError("no key, or not connected")
        return self._signer

    async def call(self, method: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """Call a method of the trading interface and return its result; raises `ClientError`."""
        return await self.wire.call(method, params)

    async def ask(self, method: str, params: list[Any]) -> Any:  # noqa: ANN401 - JSON
        """Call a method of the node (`rollup_*`, `optimism_*`); raises `ClientError`."""
        if self._session is None:
            raise ConnectionLostError("not connected")
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self._session.post(self._url, json=body) as answer:
            found = await answer.json()
        if "error" in found:
            error = found["error"]
            raise make_error(error["code"], error["message"], error.get("data"))
        return found["result"]

    async def submit(self, transaction: SignedContent) -> Any:  # noqa: ANN401 - JSON
        """Sign any struct, submit it, return the answer; raises `ClientError`."""
        return await (await self.send(transaction))

    async def send(self, transaction: SignedContent) -> "asyncio.Future[Any]":
        """Sign and send a struct; the future is its answer, so that many may be on their way."""
        method, params = self.signer.sign(transaction)
        return await self.wire.send(method, params)

    # Orders

    async def instrument(self, name: str) -> Instrument:
        """Return an instrument; raises `NotFoundError`."""
        if name not in self._instruments:
            found = await self.call("public/get_instrument", instrument_name=name)
            self._instruments[name] = read_instrument(found)
        return self._instruments[name]

    async def buy(
        self, name: str, amount: Number, price: Number, **options: Unpack[OrderOptions]
    ) -> Any:  # noqa: ANN401 - JSON
        """Place an order to buy and return it with its fills; raises `RefusedError`."""
        return await self._place(name, (0, amount, price), options)

    async def sell(
        self, name: str, amount: Number, price: Number, **options: Unpack[OrderOptions]
    ) -> Any:  # noqa: ANN401 - JSON
        """Place an order to sell and return it with its fills; raises `RefusedError`."""
        return await self._place(name, (1, amount, price), options)

    async def edit(self, order: dict[str, Any], amount: Number, price: Number) -> Any:  # noqa: ANN401
        """Give an order another amount and price; raises `RefusedError`."""
        instrument = await self.instrument(order["instrument_name"])
        signer = self.signer
        replace = ReplaceOrder(
            signer.account,
            signer.number,
            order["client_slot"],
            order["tag"],
            instrument.to_ticks(price),
            instrument.to_lots(amount),
            signer.next_nonce(),
        )
        return await self.submit(replace)

    async def cancel(self, order: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Cancel an order; raises `NotFoundError` if it is gone."""
        signer = self.signer
        called = (order["client_slot"], order["tag"])
        cancel = CancelOrder(signer.account, signer.number, *called, signer.next_nonce())
        return await self.submit(cancel)

    async def cancel_all(self, scope: int = ALL, scope_id: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Cancel all orders, those of an underlying, or those of a series."""
        signer = self.signer
        numbers = (signer.account, signer.number, scope, scope_id)
        return await self.submit(CancelAll(*numbers, signer.next_nonce()))

    async def enable_cancel_on_disconnect(self, valid_ms: int = 3_600_000) -> None:
        """Have the node cancel all orders when this connection ends.

        Signs a `CancelAll` with a nonce `valid_ms` ahead; use a session key that signs nothing
        else, since its use makes older nonces of the same key void.
        """
        signer = self.signer
        cancel = CancelAll(signer.account, signer.number, ALL, 0, signer.next_nonce() + valid_ms)
        _, params = signer.sign(cancel)
        await self.call("private/enable_cancel_on_disconnect", **params)

    # Channels

    async def subscribe(self, channel: str) -> Stream:
        """Subscribe to a channel and return its messages; ends with `ConnectionLostError`."""
        stream = self.wire.open_stream(channel)
        try:
            await self.call("public/subscribe", channels=[channel])
        except Exception:
            self.wire.close_stream(channel)
            raise
        return stream

    async def unsubscribe(self, channel: str) -> None:
        """Subscribe to a channel no more."""
        await self.call("public/unsubscribe", channels=[channel])
        self.wire.close_stream(channel)

    async def follow_book(self, name: str, interval: str = "raw") -> AsyncIterator[LocalBook]:
        """Yield a copy of a book after each message; after a gap it begins with a new image."""
        channel = f"book.{name}.{interval}"
        book = LocalBook(name)
        stream = await self.subscribe(channel)
        while True:
            data = await anext(stream)
            try:
                book.apply(data)
            except BookGapError:
                await self.unsubscribe(channel)
                stream = await self.subscribe(channel)
                continue
            yield book

    # Waiting

    async def wait_included(self, record_hash: str, seconds: float = _WAIT_SECONDS) -> Inclusion:
        """Wait until a record is in an L2 block; raises `WaitError`."""
        return await wait_included(self.ask, record_hash, seconds)

    async def wait_confirmed(self, record_hash: str, seconds: float = _WAIT_SECONDS) -> Inclusion:
        """Wait until L1 has the batch with a record; raises `WaitError`."""
        return await wait_head(self.ask, "safe_l2", record_hash, seconds)

    async def wait_final(self, record_hash: str, seconds: float = _WAIT_SECONDS) -> Inclusion:
        """Wait until an assertion with a record is beyond challenge; raises `WaitError`."""
        return await wait_head(self.ask, "finalized_l2", record_hash, seconds)

    async def _place(
        self, name: str, terms: tuple[int, Number, Number], options: OrderOptions
    ) -> Any:  # noqa: ANN401 - JSON
        signer = self.signer
        who = (signer.account, signer.number)
        instrument = await self.instrument(name)
        for tries in range(_SLOT_TRIES):
            chosen: OrderOptions = options
            if "slot" not in options:
                self._slot = (self._slot + 1) % SLOTS
                chosen = {**options, "slot": self._slot}
            try:
                order = make_order(instrument, who, terms, signer.next_nonce(), chosen)
                return await self.submit(order)
            except RefusedError as error:
                if error.reason != "SLOT_TAKEN" or "slot" in options or tries == _SLOT_TRIES - 1:
                    raise
        raise AssertionError  # the last try returns or raises
