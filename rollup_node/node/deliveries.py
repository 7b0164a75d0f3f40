"""How futures and options ended: read from the state as their dates get a price, and remembered.

After a restart what the state still lists is known, as of other histories nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rollup_node.core.layout import expiry_key, terms_key
from rollup_node.core.leaves import LeafReader
from rollup_node.core.market_leaves import NO_EXPIRY, Expiry, SeriesTerms
from rollup_node.core.settlement import compute_payout
from rollup_node.rpc.market_data import Instrument
from rollup_node.rpc.option_data import Delivery

MAX_DELIVERIES: Final = 20_000
"""Ended series that are remembered, the newest ones."""


class Deliveries:
    """Deliveries by name of instrument; `read` again whenever prices may be others."""

    def __init__(self) -> None:
        self._by_name: dict[str, Delivery] = {}

    def read(self, state: LeafReader, instruments: Iterable[Instrument]) -> None:
        """Take what has a settlement price by now."""
        for instrument in instruments:
            if instrument.is_active or instrument.name in self._by_name:
                continue
            found = _read(state, instrument)
            if found is not None:
                self._by_name[found.name] = found
        while len(self._by_name) > MAX_DELIVERIES:
            del self._by_name[next(iter(self._by_name))]

    def all(self) -> Sequence[Delivery]:
        """Return all, the newest date first."""
        return sorted(self._by_name.values(), key=lambda d: (-d.expires_ms, d.name))

    def of(self, name: str) -> Delivery | None:
        """Return how an instrument ended, `None` if it did not yet."""
        return self._by_name.get(name)


def _read(state: LeafReader, instrument: Instrument) -> Delivery | None:
    if instrument.expires_ms is None:
        return None
    terms: SeriesTerms = state.get(terms_key(instrument.series))
    expiry: Expiry = state.get(expiry_key(terms.underlying, terms.expiry_slot)) or NO_EXPIRY
    if not expiry.price:
        return None
    return Delivery(
        name=instrument.name,
        kind=instrument.kind.value,
        currency=instrument.currency,
        lots_per_unit=instrument.lots_per_unit,
        expires_ms=instrument.expires_ms,
        price_usdc=expiry.price,
        payout_usdc=compute_payout(terms, expiry.price),
    )
