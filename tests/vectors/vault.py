"""Forced transactions as option vaults send them. Source: docs/spec.md R-4."""

from collections.abc import Sequence
from typing import Any, Final

from rollup_node.codec.delayed import encode_forced
from rollup_node.core.inputs import PlaceOrder, StartSale, Withdraw

_MARKET: Final = 1
_IOC: Final = 2
_ACCOUNTS: Final = (1, 127, 128, (1 << 21) + 5, (1 << 22) - 1)
_LOTS: Final = (1, 127, 128, 16_384, (1 << 23) - 1)
_VAULT: Final = bytes(range(1, 21))
# Start, reserve, seconds and fee of a sale.
_OFFERS: Final = (
    (1_100_000, 900_000, 14_400, 1000),
    (1, 1, 1, 0),
    (10_000_000, 1, 604_800, 65_535),
)


def vault() -> dict[str, Any]:
    """Sales, orders and withdrawals, and their bodies."""
    sales = [
        StartSale(number, number % 8, number % 2, 1_800_000_000 + number, 200_000, lots, *offer)
        for number, lots in zip(_ACCOUNTS, _LOTS, strict=True)
        for offer in _OFFERS
    ]
    orders = [
        PlaceOrder(
            *(account, 0, 3 + 28 * side, side, _MARKET, _IOC, 0, 0, 0),
            *((1 << 20) - 1 - account % 9, 1 + account, 0, 0, 1000, 0, 0),
        )
        for account in _ACCOUNTS
        for side in (0, 1)
    ]
    withdrawals = [
        Withdraw(account, asset, amount, _VAULT, 0)
        for account in _ACCOUNTS
        for asset, amount in ((0, 1), (1, 10**18), (0, (1 << 95) - 1))
    ]
    return {
        "recipient": _VAULT,
        "sales": _bodies(sales),
        "orders": _bodies(orders),
        "withdrawals": _bodies(withdrawals),
    }


def _bodies(records: Sequence[StartSale | PlaceOrder | Withdraw]) -> list[dict[str, Any]]:
    return [{"record": record, "body": encode_forced(record)} for record in records]
