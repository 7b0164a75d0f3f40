"""Combos for random trading: quotes that mostly stand, legs that mostly fit together."""

from typing import TYPE_CHECKING, Final

from rollup_node.codec.eip712 import quote_digest
from rollup_node.codec.signature import sign
from rollup_node.core.inputs import ExecuteRfq, RfqLeg, RfqQuote
from rollup_node.core.layout import CURSOR_KEY, RFQ_LEGS, owner_key, session_key_key, terms_key
from tests.contracts.random_world import KEY_OF, KEYS

if TYPE_CHECKING:
    from tests.contracts.exchange_flow import Exchange

_SIZES: Final = (1, 10, 50, 400, 3_000)


def make_combo(world: "Exchange") -> bytes:
    """Return the body of a record that executes a quote."""
    rng, clock = world.rng, world.state.get(CURSOR_KEY).time_ms
    taker, key, maker_key = world.trader(), world.key(), world.key()
    quote = RfqQuote(
        world.trader(),
        maker_key,
        world.odd(rng.choice([0, 0, taker]), 3),
        world.odd(500, 0, 99),
        world.odd(clock + 10_000, clock, 0),
        _legs(world),
        world.fresh_nonce(),
        b"",
    )
    maker = _private(world, quote.account, maker_key)
    quote = quote._replace(signature=sign(quote_digest(world.machine.domain, quote), maker))
    if rng.random() < 0.03:
        quote = quote._replace(signature=world.bad_signature(quote.signature))
    expiry_ms = world.odd(clock + 5_000, clock, 0)
    record = ExecuteRfq(taker, key, world.odd(500, 0), expiry_ms, quote, world.fresh_nonce())
    return world.seal_with(record, key)


def _legs(world: "Exchange") -> tuple[RfqLeg, ...]:
    """Return legs in ascending order, mostly of one underlying and near the mark."""
    rng = world.rng
    wanted = rng.randrange(2) if rng.random() < 0.95 else None
    fitting = [series for series in world.series if _is_of(world, series, wanted)]
    if not fitting:
        fitting = [rng.choice(world.series)]
    count = min(len(fitting), rng.choice([1, 2, 2, 3, RFQ_LEGS]))
    chosen = sorted(rng.sample(fitting, count), reverse=rng.random() < 0.01)
    return tuple(_leg(world, series) for series in chosen)


def _leg(world: "Exchange", series: int) -> RfqLeg:
    rng, mark = world.rng, world.mark_tick(series)
    lots = world.odd(rng.choice(_SIZES), 0, 1 << 30) * rng.choice([1, -1])
    tick = max(1, mark + round(rng.gauss(0, mark * 0.002)))
    return RfqLeg(series, lots, world.odd(tick, 0, 1 << 20, mark * 2))


def _is_of(world: "Exchange", series: int, underlying: int | None) -> bool:
    terms = world.state.get(terms_key(series))
    if terms is None or underlying is None:
        return terms is not None
    return bool(terms.underlying == underlying and terms.kind > 1)


def _private(world: "Exchange", account: int, key: int) -> bytes:
    """Return who should sign for an account."""
    place = session_key_key(account, key) if key in {1, 2, 3} else owner_key(account)
    leaf = world.state.get(place)
    found = KEY_OF.get(leaf.address) if leaf is not None else None
    return found or world.rng.choice(KEYS)
