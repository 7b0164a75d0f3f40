"""What a client may say about an order beside price and amount, under the names of the field."""

from typing import Final, Literal, TypedDict

from rollup_node.client.instruments import Instrument, Number
from rollup_node.core.inputs import PlaceOrder

OrderType = Literal["limit", "market", "stop_limit", "take_limit"]
TimeInForce = Literal["good_til_cancelled", "good_til_time", "immediate_or_cancel"]
SelfTrade = Literal["cancel_newest", "cancel_oldest", "cancel_both"]

_KINDS: Final[tuple[OrderType, ...]] = ("limit", "market", "stop_limit", "take_limit")
_IN_FORCE: Final[tuple[TimeInForce, ...]] = (
    "good_til_cancelled",
    "good_til_time",
    "immediate_or_cancel",
)
_SELF_TRADE: Final[tuple[SelfTrade, ...]] = ("cancel_newest", "cancel_oldest", "cancel_both")


class OrderOptions(TypedDict, total=False):
    """Options of an order.

    `trigger` a price, `expires_at` unix seconds, `max_fee_ppm` the fee that is signed (by default
    that of the instrument), `slot` the client slot (by default the next one of this client).
    """

    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    self_trade: SelfTrade
    trigger: Number
    expires_at: int
    max_fee_ppm: int
    slot: int


def make_order(
    instrument: Instrument,
    who: tuple[int, int],
    terms: tuple[int, Number, Number],
    nonce: int,
    options: OrderOptions,
) -> PlaceOrder:
    """Return what is signed; `who` is (account, key), `terms` (side, amount, price).

    A market order is immediate or cancel, and its price the worst one that is accepted.
    """
    account, key = who
    side, amount, price = terms
    kind = _KINDS.index(options.get("order_type", "limit"))
    usual: TimeInForce = "immediate_or_cancel" if kind == 1 else "good_til_cancelled"
    expires_at = options.get("expires_at", 0)
    in_force = "good_til_time" if expires_at else options.get("time_in_force", usual)
    trigger = options.get("trigger")
    fee = max(instrument.taker_fee_ppm, instrument.maker_fee_ppm, 0)
    return PlaceOrder(
        account=account,
        key=key,
        series=instrument.series,
        side=side,
        kind=kind,
        time_in_force=_IN_FORCE.index(in_force),
        post_only=int(options.get("post_only", False)),
        reduce_only=int(options.get("reduce_only", False)),
        self_trade=_SELF_TRADE.index(options.get("self_trade", "cancel_newest")),
        price=instrument.to_ticks(price),
        quantity=instrument.to_lots(amount),
        trigger=0 if trigger is None else instrument.to_ticks(trigger),
        expiry=expires_at,
        max_fee=options.get("max_fee_ppm", fee),
        slot=options.get("slot", 0),
        nonce=nonce,
    )
