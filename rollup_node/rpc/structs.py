"""What msgspec reads and writes on the way of an order; apart, because these are never compiled.

mypyc passes no option of a class on to msgspec: a field left out would be written after all.
"""

from typing import Any, Final

import msgspec

Id = int | float | str | None

_NO_PARAMS: Final = msgspec.Raw(b"{}")


class Request(msgspec.Struct):
    """What every request has; parameters are decoded by their method."""

    method: str
    id: int | float | str
    jsonrpc: str = "2.0"
    params: msgspec.Raw = _NO_PARAMS


class Succeeded(msgspec.Struct, rename="camel", gc=False):
    """What answers a request that has a result."""

    jsonrpc: str
    id: Id
    result: Any
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool = True


class Failed(msgspec.Struct, rename="camel", gc=False):
    """What answers a request that is refused."""

    jsonrpc: str
    id: Id
    error: dict[str, Any]
    us_in: int
    us_out: int
    us_diff: int
    testnet: bool = True


class OrderBody(msgspec.Struct, omit_defaults=True, gc=False):
    """An order as the interface shows it. Not a dictionary: every answer to an order has one."""

    order_id: str
    account: int
    instrument_name: str
    direction: str
    order_type: str
    time_in_force: str
    price: float
    amount: float
    filled_amount: float
    average_price: float
    order_state: str
    post_only: bool
    reduce_only: bool
    label: str
    client_slot: int
    tag: int
    creation_timestamp: int
    last_update_timestamp: int
    record_hash: str
    trigger_price: float | None = None
    cancel_reason: str = ""
