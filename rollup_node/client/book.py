"""A copy of one book that follows its channel, and says so when a message is missing."""

from bisect import insort
from typing import Any


class BookGapError(Exception):
    """A change does not follow the one before it: subscribe again for a new image."""


class LocalBook:
    """Levels by price; `change_id` is that of the newest message, `None` before the first image."""

    def __init__(self, instrument_name: str) -> None:
        """Begin empty."""
        self.instrument_name = instrument_name
        self.change_id: int | None = None
        self.timestamp = 0
        self._sides: dict[str, dict[float, float]] = {"bids": {}, "asks": {}}
        self._prices: dict[str, list[float]] = {"bids": [], "asks": []}

    def apply(self, data: dict[str, Any]) -> None:
        """Take a message of `book.instrument.interval`.

        Raises
        ------
        BookGapError
            If a message before it is missing; the book is empty then.
        """
        if data["type"] == "snapshot":
            self._clear()
        elif self.change_id is None or data["prev_change_id"] != self.change_id:
            had = self.change_id
            self._clear()
            raise BookGapError(
                f"{self.instrument_name}: change {data['change_id']} follows "
                f"{data['prev_change_id']} (expected) {had}"
            )
        for side in ("bids", "asks"):
            for _, price, amount in data[side]:
                self._set(side, price, amount)
        self.change_id, self.timestamp = data["change_id"], data["timestamp"]

    @property
    def bids(self) -> list[tuple[float, float]]:
        """Levels to buy as (price, amount), best first."""
        held = self._sides["bids"]
        return [(price, held[price]) for price in reversed(self._prices["bids"])]

    @property
    def asks(self) -> list[tuple[float, float]]:
        """Levels to sell as (price, amount), best first."""
        held = self._sides["asks"]
        return [(price, held[price]) for price in self._prices["asks"]]

    @property
    def best_bid(self) -> float | None:
        """Highest price at which somebody buys."""
        return self._prices["bids"][-1] if self._prices["bids"] else None

    @property
    def best_ask(self) -> float | None:
        """Lowest price at which somebody sells."""
        return self._prices["asks"][0] if self._prices["asks"] else None

    def _set(self, side: str, price: float, amount: float) -> None:
        held, prices = self._sides[side], self._prices[side]
        if amount:
            if price not in held:
                insort(prices, price)
            held[price] = amount
        elif held.pop(price, None) is not None:
            prices.remove(price)

    def _clear(self) -> None:
        self.change_id = None
        for side in ("bids", "asks"):
            self._sides[side].clear()
            self._prices[side].clear()
