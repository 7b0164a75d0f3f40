"""The families of steps, registered in one place: which function executes what.

A family is one contract of contracts/src/steps. Source: docs/spec.md X-12, ADR 11.
Twin: contracts/src/types/Family.sol.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from rollup_node.core.accounts import (
    freeze,
    open_account,
    set_dead_man,
    set_guardian,
    set_key,
    set_mode,
    set_protection,
)
from rollup_node.core.auctions import apply_bid, apply_takeover
from rollup_node.core.deposits import apply_deposit
from rollup_node.core.frame import Authority, Frame
from rollup_node.core.funding import sample
from rollup_node.core.inputs import (
    Bid,
    CancelAll,
    CancelOrder,
    DelistStrike,
    Deposit,
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
    RotateKey,
    SetDeadMan,
    SetGuardian,
    SetKey,
    SetMode,
    SetProtection,
    Settle,
    SettlementPrice,
    StartSale,
    SurfaceReport,
    Takeover,
    Transfer,
    Trigger,
    Withdraw,
)
from rollup_node.core.kinds import OrderClass, Phase, StepKind
from rollup_node.core.leaving import leave
from rollup_node.core.liquidation import apply_liquidate, liquidate
from rollup_node.core.listing import apply_delist_strike, apply_list_expiry, apply_list_strike
from rollup_node.core.markets import ADMIN_MESSAGES, apply_admin
from rollup_node.core.matching import take
from rollup_node.core.moves import move_position
from rollup_node.core.open_action import open_action
from rollup_node.core.orders import apply_cancel, apply_place, apply_replace
from rollup_node.core.prices import apply_forward_report, apply_price_report
from rollup_node.core.reason import Reason
from rollup_node.core.refresh import refresh
from rollup_node.core.reprice import reprice
from rollup_node.core.rfq import apply_execute_rfq, execute_rfq
from rollup_node.core.sales import apply_sale
from rollup_node.core.settlement import apply_settle, apply_settlement_price
from rollup_node.core.strikes import reprice_strike
from rollup_node.core.surfaces import apply_surface_report
from rollup_node.core.sweeps import apply_cancel_all, apply_prune, apply_quote, leg, sweep
from rollup_node.core.transactions import apply_transaction
from rollup_node.core.triggers import apply_trigger, drain

Action: TypeAlias = Callable[[Frame, Any, Authority], tuple[StepKind, Reason]]
"""Executes the content of a record or message: authenticates, checks, does its first thing."""

Task: TypeAlias = Callable[[Frame], tuple[StepKind, Reason]]
"""Executes one step of what is in flight, and sets the phase that follows."""


def _action(kind: StepKind, rule: Callable[[Frame, Any, Authority], Reason]) -> Action:
    """Let a rule whose steps are all of one kind say so."""
    return lambda frame, content, authority: (kind, rule(frame, content, authority))


def _task(kind: StepKind, rule: Callable[[Frame], Reason]) -> Task:
    """Let a task whose steps are all of one kind say so."""
    return lambda frame: (kind, rule(frame))


ACTIONS: Final[dict[type, Action]] = {
    Transfer: apply_transaction,
    Withdraw: apply_transaction,
    RotateKey: apply_transaction,
    Deposit: apply_deposit,
    PlaceOrder: _action(StepKind.PLACE, apply_place),
    CancelOrder: _action(StepKind.CANCEL, apply_cancel),
    CancelAll: _action(StepKind.CANCEL_ALL, apply_cancel_all),
    ReplaceOrder: _action(StepKind.REPLACE, apply_replace),
    MassQuote: _action(StepKind.QUOTE, apply_quote),
    Prune: _action(StepKind.PRUNE, apply_prune),
    ExecuteRfq: _action(StepKind.EXECUTE_RFQ, apply_execute_rfq),
    StartSale: _action(StepKind.SALE, apply_sale),
    PriceReport: open_action(StepKind.PRICE_REPORT, OrderClass.ORACLE, apply_price_report),
    ForwardReport: open_action(StepKind.FORWARD_REPORT, OrderClass.ORACLE, apply_forward_report),
    Trigger: open_action(StepKind.TRIGGER, OrderClass.LIQUIDATION, apply_trigger),
    SettlementPrice: open_action(
        StepKind.SETTLEMENT_PRICE, OrderClass.ORACLE, apply_settlement_price
    ),
    SurfaceReport: open_action(StepKind.SURFACE_REPORT, OrderClass.ORACLE, apply_surface_report),
    ListExpiry: open_action(StepKind.LIST_EXPIRY, OrderClass.LIQUIDATION, apply_list_expiry),
    ListStrike: open_action(StepKind.LIST_STRIKE, OrderClass.LIQUIDATION, apply_list_strike),
    DelistStrike: open_action(StepKind.DELIST_STRIKE, OrderClass.LIQUIDATION, apply_delist_strike),
    Settle: open_action(StepKind.SETTLE, OrderClass.LIQUIDATION, apply_settle),
    Liquidate: open_action(StepKind.LIQUIDATE, OrderClass.LIQUIDATION, apply_liquidate),
    Takeover: open_action(StepKind.TAKEOVER, OrderClass.LIQUIDATION, apply_takeover),
    Bid: _action(StepKind.BID, apply_bid),
    OpenAccount: open_account,
    SetKey: set_key,
    Freeze: freeze,
    SetGuardian: set_guardian,
    SetProtection: set_protection,
    SetDeadMan: set_dead_man,
    SetMode: set_mode,
    MovePosition: move_position,
    **dict.fromkeys(ADMIN_MESSAGES, apply_admin),
}
"""By the type of a decoded record or message."""

TASKS: Final[dict[int, Task]] = {
    Phase.TAKE: take,
    Phase.REFRESH: refresh,
    Phase.LEAVE: leave,
    Phase.LEG: _task(StepKind.LEG, leg),
    Phase.SWEEP: _task(StepKind.SWEEP, sweep),
    Phase.REPRICE: reprice,
    Phase.STRIKE: reprice_strike,
    Phase.SAMPLE: sample,
    Phase.DRAIN: drain,
    Phase.LIQUIDATE: _task(StepKind.LIQUIDATE, liquidate),
    Phase.RFQ: _task(StepKind.EXECUTE_RFQ, execute_rfq),
}
"""By phase."""


def find_task(phase: int) -> Task:
    """Return what executes a phase. Total: a phase that nobody knows ends. Source: X-12."""
    return TASKS.get(phase, _end_task)


def _end_task(frame: Frame) -> tuple[StepKind, Reason]:
    """End a task that no family knows; no step begins one."""
    frame.phase = Phase.IDLE
    return StepKind.UNDECODABLE, Reason.UNDECODABLE
