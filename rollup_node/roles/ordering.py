"""Which class of the block a record belongs to, and which records wait for their turn.

Policy alone: the law answers `OUT_OF_CLASS` to what comes too late (docs/spec.md O-1); an honest
sequencer holds such a record for the next block instead, and takers for the end of their own.
"""

from typing import Any, Final

from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    DelistStrike,
    ExecuteRfq,
    ForwardReport,
    Freeze,
    Liquidate,
    ListExpiry,
    ListStrike,
    MassQuote,
    MovePosition,
    OpenAccount,
    PlaceOrder,
    PriceReport,
    Prune,
    ReplaceOrder,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Settle,
    SettlementPrice,
    SurfaceReport,
    Takeover,
    Trigger,
)
from rollup_node.core.kinds import OrderClass

FRESH_MS: Final = 250
"""A block that is younger is good enough for a report."""

_ORACLE, _MAKER, _TAKER = OrderClass.ORACLE, OrderClass.MAKER, OrderClass.TAKER

_REPORTS: Final = (PriceReport, ForwardReport, SettlementPrice, SurfaceReport)
_LIQUIDATIONS: Final = (
    Settle,
    Liquidate,
    Bid,
    Trigger,
    Takeover,
    Prune,
    ListExpiry,
    ListStrike,
    DelistStrike,
)
_MAKERS: Final = (
    CancelOrder,
    CancelAll,
    ReplaceOrder,
    MassQuote,
    OpenAccount,
    SetKey,
    Freeze,
    SetGuardian,
    SetProtection,
    SetDeadMan,
    SetMode,
    MovePosition,
)
_CLASSES: Final[dict[type, int]] = {
    **dict.fromkeys(_REPORTS, OrderClass.ORACLE),
    **dict.fromkeys(_LIQUIDATIONS, OrderClass.LIQUIDATION),
    **dict.fromkeys(_MAKERS, OrderClass.MAKER),
    ExecuteRfq: OrderClass.TAKER,
}


def class_of(content: Any) -> int | None:  # noqa: ANN401 - any record
    """Return the order class of a record, None if it stands outside. Source: docs/spec.md O-1."""
    if type(content) is PlaceOrder:
        return _MAKER if content.post_only else _TAKER
    return _CLASSES.get(type(content))


def has_to_wait(wanted: int, reached: int, age_ms: int) -> bool:
    """Say whether a record waits: a taker for the end of the block, a late one for the next.

    `reached` is the class that the block has reached, `age_ms` how long ago it began: a report
    wants a fresh block, because it may not be ahead of it (docs/spec.md V-4).
    """
    if wanted == _ORACLE and age_ms > FRESH_MS:
        return True
    return wanted >= _TAKER or wanted < reached
