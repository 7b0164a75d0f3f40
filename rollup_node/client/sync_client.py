"""The client for programs without asyncio: the same calls, on an event loop in its own thread."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Final, Self, TypeVar, Unpack

from rollup_node.client.async_client import ALL, AsyncClient
from rollup_node.client.combos import LIFE_MS, QUOTE_MS
from rollup_node.client.errors import WaitError
from rollup_node.client.instruments import Number
from rollup_node.client.orders import OrderOptions
from rollup_node.client.waiting import Inclusion
from rollup_node.client.wire import Stream
from rollup_node.core.inputs import SignedContent

_T = TypeVar("_T")
_CALL_SECONDS: Final = 60.0
_SLACK_SECONDS: Final = 5.0


class Client:
    """`AsyncClient` for everybody else: every call blocks.

    Use as `with Client(url, ...) as client`.
    """

    def __init__(
        self,
        url: str,
        *,
        private_key: bytes | None = None,
        account: int | None = None,
        key_number: int = 0,
    ) -> None:
        """As `AsyncClient`; the thread ends with `close`."""
        self._inner = AsyncClient(
            url, private_key=private_key, account=account, key_number=key_number
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._run(self._inner.connect())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._run(self._inner.close())
        self._end()

    def call(self, method: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """Call a method of the trading interface; raises `ClientError`."""
        return self._run(self._inner.call(method, **params))

    def ask(self, method: str, params: list[Any]) -> Any:  # noqa: ANN401 - JSON
        """Call a method of the node; raises `ClientError`."""
        return self._run(self._inner.ask(method, params))

    def submit(self, transaction: SignedContent) -> Any:  # noqa: ANN401 - JSON
        """Sign and submit any struct; raises `ClientError`."""
        return self._run(self._inner.submit(transaction))

    def buy(self, name: str, amount: Number, price: Number, **options: Unpack[OrderOptions]) -> Any:  # noqa: ANN401
        """Place an order to buy; raises `RefusedError`."""
        return self._run(self._inner.buy(name, amount, price, **options))

    def sell(
        self, name: str, amount: Number, price: Number, **options: Unpack[OrderOptions]
    ) -> Any:  # noqa: ANN401 - JSON
        """Place an order to sell; raises `RefusedError`."""
        return self._run(self._inner.sell(name, amount, price, **options))

    def edit(self, order: dict[str, Any], amount: Number, price: Number) -> Any:  # noqa: ANN401
        """Give an order another amount and price; raises `RefusedError`."""
        return self._run(self._inner.edit(order, amount, price))

    def cancel(self, order: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Cancel an order; raises `RefusedError`."""
        return self._run(self._inner.cancel(order))

    def cancel_all(self, scope: int = ALL, scope_id: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Cancel all orders, those of an underlying, or those of a series."""
        return self._run(self._inner.cancel_all(scope, scope_id))

    def send_rfq(self, legs: Sequence[tuple[str, str, float]], valid_ms: int = LIFE_MS) -> Any:  # noqa: ANN401
        """Ask makers for quotes for a combo; raises `ClientError`."""
        return self._run(self._inner.send_rfq(legs, valid_ms))

    def get_rfqs(self, currency: str = "any") -> Any:  # noqa: ANN401 - JSON
        """Return the open requests for combos."""
        return self._run(self._inner.get_rfqs(currency))

    def cancel_rfq(self, rfq: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Close a request of this account."""
        return self._run(self._inner.cancel_rfq(rfq))

    def quote_rfq(
        self, rfq: Mapping[str, Any], prices: Mapping[str, Number], valid_ms: int = QUOTE_MS
    ) -> Any:  # noqa: ANN401 - JSON
        """Sign a price for each leg of a request; raises `ClientError`."""
        return self._run(self._inner.quote_rfq(rfq, prices, valid_ms))

    def execute_quote(self, offer: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Take a quote whole; raises `RefusedError`: nothing was traded."""
        return self._run(self._inner.execute_quote(offer))

    def subscribe(self, channel: str, seconds: float = _CALL_SECONDS) -> Iterator[Any]:
        """Subscribe to a channel and return its messages; `WaitError` if none comes in time."""
        stream = self._run(self._inner.subscribe(channel))
        return self._messages(stream, seconds)

    def unsubscribe(self, channel: str) -> None:
        """Subscribe to a channel no more."""
        self._run(self._inner.unsubscribe(channel))

    def wait_included(self, record_hash: str, seconds: float = 30.0) -> Inclusion:
        """Wait until a record is in an L2 block; raises `WaitError`."""
        return self._run(self._inner.wait_included(record_hash, seconds), seconds)

    def wait_confirmed(self, record_hash: str, seconds: float = 30.0) -> Inclusion:
        """Wait until L1 has the batch with a record; raises `WaitError`."""
        return self._run(self._inner.wait_confirmed(record_hash, seconds), seconds)

    def wait_final(self, record_hash: str, seconds: float = 30.0) -> Inclusion:
        """Wait until an assertion with a record is beyond challenge; raises `WaitError`."""
        return self._run(self._inner.wait_final(record_hash, seconds), seconds)

    def _messages(self, stream: Stream, seconds: float) -> Iterator[Any]:
        while True:
            yield self._run(stream.__anext__(), seconds)

    def _run(self, work: Coroutine[Any, Any, _T], seconds: float = _CALL_SECONDS) -> _T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds + _SLACK_SECONDS)
        except FutureTimeoutError as error:
            future.cancel()
            raise WaitError(f"no answer within {seconds:.0f} s") from error

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
