"""What each publisher of the devnet sees: the market with its own small noise, or its lie."""

from typing import Final

from rollup_node.core.surface import Smile
from rollup_node.devnet.price_walk import uniform
from rollup_node.devnet.prices import UNDERLYINGS, PriceProcess, PriceSource, Underlying
from rollup_node.devnet.volatility import VolatilityProcess, make_smile
from rollup_node.roles.oracle_reports import PRICE, Feed

NOISE_PPM: Final = 300
"""Two publishers are at most twice this apart."""
VOLATILITY_NOISE_PPM: Final = 2_000
"""The same of volatilities, all of one underlying alike."""
NOISE_BITS: Final = 8
"""A publisher's noise changes every 2^8 ms."""
CARRY_PPM: Final = 50_000
"""A forward is above the price by so much per year."""

_PPM: Final = 1_000_000
_YEAR_MS: Final = 31_557_600_000


class PublisherFeed:
    """The `FeedSource` of one publisher; it looks at `source`, the process itself if not given."""

    def __init__(
        self,
        number: int,
        seed: int,
        process: PriceProcess,
        source: PriceSource | None = None,
        underlyings: tuple[Underlying, ...] = UNDERLYINGS,
        volatility: VolatilityProcess | None = None,
    ) -> None:
        self._number, self._seed = number, seed
        self._process, self._source = process, source or process
        self._symbols = {known.number: known.symbol for known in underlyings}
        self._volatility = volatility or VolatilityProcess(process, underlyings)

    def value_at(self, feed: Feed, expiry: int, time_ms: int) -> tuple[int, int] | None:
        """Return what this publisher sees, or says that it sees, and when that was made."""
        underlying, slot = feed
        symbol = self._symbols.get(underlying)
        if symbol is None:
            return None
        price_usdc, made_ms = self._source.quote_at(symbol, time_ms)
        price_usdc += price_usdc * self._noise(symbol, time_ms, NOISE_PPM) // _PPM
        lie = self._process.lie(symbol, self._number, time_ms, price_usdc)
        price_usdc = price_usdc if lie is None else lie
        if slot == PRICE:
            return price_usdc, made_ms
        left_ms = max(expiry * 1_000 - made_ms, 0)
        return price_usdc * CARRY_PPM * left_ms // (_PPM * _YEAR_MS), made_ms

    def smile_at(self, feed: Feed, expiry: int, time_ms: int) -> Smile:
        """Return the volatilities of a date that this publisher sees, or says that it sees."""
        symbol = self._symbols.get(feed[0])
        if symbol is None:
            return ()
        made_ms = self._source.quote_at(symbol, time_ms).time_ms
        if expiry * 1_000 <= made_ms:
            return ()
        factor_ppm = _PPM + self._noise(f"{symbol}/vol", time_ms, VOLATILITY_NOISE_PPM)
        lie = self._process.lie(symbol, self._number, time_ms, factor_ppm)
        factor_ppm = factor_ppm if lie is None else lie
        level = self._volatility.level_at(symbol, made_ms).scaled(factor_ppm)
        return make_smile(level, expiry * 1_000 - made_ms)

    def _noise(self, symbol: str, time_ms: int, span_ppm: int) -> int:
        stream = f"{self._seed}/publisher-{self._number}/{symbol}/{time_ms >> NOISE_BITS}"
        return uniform(stream, span_ppm)
