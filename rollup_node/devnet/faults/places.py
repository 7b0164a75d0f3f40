"""Where a lie of the state layer goes: the middle one of the steps that it fits and changes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import (
    CURSOR_KEY,
    INDEX_BITS,
    POOLS_KEY,
    REFRESH_KEY,
    SALES_FIELD,
    SERIES,
    SERIES_FIELD_BITS,
    LeafKey,
)
from rollup_node.core.leaves import Cursor, Leaf, LeafReader
from rollup_node.core.reason import Reason
from rollup_node.derive.items import DerivedItem
from rollup_node.devnet.faults import (
    combo_lies,
    lies,
    match_lies,
    option_lies,
    price_lies,
    risk_lies,
    sale_lies,
    settlement_lies,
)
from rollup_node.devnet.faults.machine import Lie, LieAt, StepInputs, read_task
from rollup_node.devnet.faults.trace import Ground, TraceStep
from rollup_node.ports import InputError
from rollup_node.proof.machine import StepResult

_Place = tuple[int, int, int, int, int, Leaf | None]
_Where = Callable[[TraceStep], bool]

_LEAVES: Final = (StepKind.FORCED_WITHDRAW, StepKind.LEAVE)
_SIGNED: Final = (StepKind.TRANSFER, StepKind.WITHDRAW, StepKind.ROTATE_KEY)
_PULLED: Final = (
    StepKind.DEPOSIT,
    StepKind.FORCED_TRANSFER,
    StepKind.FORCED_WITHDRAW,
    StepKind.FORCED_ROTATE_KEY,
)
_KEY_REASONS: Final = frozenset(
    [Reason.KEY_SCOPE, Reason.KEY_CAP, Reason.KEY_MARKET, Reason.KEY_EXPIRED]
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A lie and the steps that it fits; `everywhere` lies at each, else at the middle one."""

    lie: Lie
    fits: _Where
    everywhere: bool = False


def _kind(*kinds: StepKind, reason: Reason = Reason.OK) -> _Where:
    return lambda step: step.kind in kinds and step.reason is reason


_MONEY_RULES: Final[Mapping[str, _Rule]] = {
    "wrong-poststate": _Rule(lies.wrong_poststate, _kind(StepKind.TRANSFER)),
    "forged-withdrawal": _Rule(lies.forged_withdrawal, _kind(StepKind.TRANSFER)),
    "forged-deposit": _Rule(lies.forged_deposit, _kind(StepKind.SEAL)),
    "applied-bad-signature": _Rule(
        lies.applied_bad_signature, _kind(*_SIGNED, reason=Reason.BAD_SIGNATURE)
    ),
    "replayed-nonce": _Rule(lies.replayed_nonce, _kind(*_SIGNED, reason=Reason.NONCE_USED)),
    "overdraft": _Rule(
        lies.overdraft, _kind(StepKind.TRANSFER, reason=Reason.INSUFFICIENT_BALANCE)
    ),
    "skipped-delayed-message": _Rule(lies.no_effect, _kind(*_PULLED)),
    "executed-garbage-batch": _Rule(
        lies.opened_garbage, _kind(StepKind.OPEN_ITEM, reason=Reason.VOID_BATCH)
    ),
    "dropped-transaction": _Rule(lies.no_effect, _kind(*_SIGNED)),
    "wrong-block-time": _Rule(lies.late_block, _kind(StepKind.OPEN_ITEM)),
    "void-batch-swallow": _Rule(
        lies.no_effect,
        lambda step: step.is_void and step.kind is StepKind.DEPOSIT,
        everywhere=True,
    ),
    "gas-starved-prover": _Rule(lies.refused_good_signature, _kind(StepKind.TRANSFER)),
}


_PRICE_RULES: Final[Mapping[str, _Rule]] = {
    "wrong-funding": _Rule(price_lies.wrong_funding, _kind(StepKind.REPRICE)),
    "wrong-rounding": _Rule(price_lies.wrong_rounding, _kind(StepKind.REPRICE)),
    "skipped-reprice": _Rule(
        price_lies.skipped_reprice,
        _kind(StepKind.OPEN_ITEM, StepKind.SEAL, StepKind.PRICE_REPORT),
    ),
    "stale-oracle-used": _Rule(
        price_lies.stale_oracle_used, _kind(StepKind.PRICE_REPORT, reason=Reason.BAD_TIME)
    ),
    "forged-oracle": _Rule(
        price_lies.forged_oracle, _kind(StepKind.PRICE_REPORT, reason=Reason.TOO_FEW_SIGNATURES)
    ),
}


def _is_fill(step: TraceStep) -> bool:
    """Say whether a step is a fill: no other match pays the exchange."""
    return step.kind is StepKind.TAKE and step.reason is Reason.OK and POOLS_KEY in step.touched


_MATCH_RULES: Final[Mapping[str, _Rule]] = {
    "wrong-fill-price": _Rule(match_lies.wrong_fill_price, _is_fill),
    "fee-above-signed": _Rule(match_lies.fee_above_signed, _is_fill),
    "skipped-better-maker": _Rule(match_lies.skipped_better_maker, _is_fill),
    "priority-inversion": _Rule(match_lies.priority_inversion, _is_fill),
    "stripped-reduce-only": _Rule(match_lies.stripped_reduce_only, _is_fill),
    "overfilled-order": _Rule(match_lies.overfilled_order, _is_fill),
    "self-trade-let-through": _Rule(
        match_lies.self_trade_let_through, _kind(StepKind.TAKE, reason=Reason.SELF_TRADE)
    ),
    "skipped-margin-check": _Rule(
        risk_lies.skipped_margin_check, _kind(StepKind.TAKE, reason=Reason.INSUFFICIENT_MARGIN)
    ),
    "stale-epoch-margin": _Rule(
        match_lies.stale_epoch_margin,
        lambda step: step.kind is StepKind.TAKE and REFRESH_KEY in step.touched,
    ),
    "mmp-ignored": _Rule(match_lies.mmp_ignored, _is_fill),
    "session-key-overreach": _Rule(
        risk_lies.session_key_overreach,
        lambda step: step.kind is StepKind.PLACE and step.reason in _KEY_REASONS,
    ),
    "wrong-rfq-leg": _Rule(combo_lies.wrong_rfq_leg, _kind(StepKind.EXECUTE_RFQ)),
    "wrong-deficit-ratio": _Rule(risk_lies.wrong_deficit_ratio, _kind(StepKind.WITHDRAW)),
    "false-liquidation": _Rule(
        risk_lies.false_liquidation, _kind(StepKind.LIQUIDATE, reason=Reason.NOT_LIQUIDATABLE)
    ),
    "skipped-trigger": _Rule(price_lies.skipped_trigger, _kind(StepKind.REPRICE)),
    "class-order-broken": _Rule(
        price_lies.class_order_broken, lambda step: step.reason is Reason.OUT_OF_CLASS
    ),
}
_OPTION_RULES: Final[Mapping[str, _Rule]] = {
    "wrong-risk-array-entry": _Rule(option_lies.wrong_risk_array_entry, _kind(StepKind.STRIKE)),
    "skipped-strike": _Rule(option_lies.skipped_strike, _kind(StepKind.STRIKE)),
    "mixed-epoch": _Rule(option_lies.mixed_epoch, _kind(StepKind.STRIKE)),
    "arbitrageable-surface-accepted": _Rule(
        option_lies.arbitrageable_surface_accepted,
        _kind(StepKind.SURFACE_REPORT, reason=Reason.ARBITRAGE_BUTTERFLY),
    ),
}
_SETTLEMENT_RULES: Final[Mapping[str, _Rule]] = {
    "wrong-settlement-price": _Rule(settlement_lies.wrong_settlement_price, _kind(StepKind.SETTLE)),
    "wrong-payout-rounding": _Rule(settlement_lies.wrong_payout_rounding, _kind(StepKind.SETTLE)),
    "double-settle": _Rule(settlement_lies.double_settle, _kind(StepKind.SETTLE)),
    "underpriced-takeover": _Rule(settlement_lies.underpriced_takeover, _kind(StepKind.BID)),
    "early-takeover": _Rule(
        settlement_lies.early_takeover, _kind(StepKind.TAKEOVER, reason=Reason.COOLING_DOWN)
    ),
}


def _is_sold(step: TraceStep) -> bool:
    """Say whether a step is a fill against a covered sale: it writes the places of a series."""
    return _is_fill(step) and any(map(_holds_sales, step.touched))


def _holds_sales(key: LeafKey) -> bool:
    return key >> INDEX_BITS == SERIES and key & (1 << SERIES_FIELD_BITS) - 1 == SALES_FIELD


_VAULT_RULES: Final[Mapping[str, _Rule]] = {
    "wrong-sale-price": _Rule(sale_lies.wrong_sale_price, _is_sold),
    "wrong-strike-choice": _Rule(sale_lies.wrong_strike_choice, _kind(StepKind.SALE)),
    "stolen-premium": _Rule(sale_lies.stolen_premium, _kind(*_LEAVES)),
    "vault-nav-lie": _Rule(sale_lies.vault_nav_lie, _kind(*_LEAVES)),
    "censored-roll": _Rule(lies.no_effect, _kind(StepKind.SALE)),
}
_RULES: Final[Mapping[str, _Rule]] = {
    **_MONEY_RULES,
    **_PRICE_RULES,
    **_MATCH_RULES,
    **_OPTION_RULES,
    **_SETTLEMENT_RULES,
    **_VAULT_RULES,
}


def lie_at_step(steps: Sequence[TraceStep], number: int) -> LieAt:
    """Return the lie that credits one unit too much in step `number` of a range.

    Raises
    ------
    InputError
        If the range has fewer steps.
    """
    if not 0 <= number < len(steps):
        raise InputError(f"--step {number}: the range has the steps 0 to {len(steps) - 1}")
    return _at({_place(steps[number]): lies.wrong_poststate})


def find_lie(name: str, ground: Ground) -> LieAt:
    """Return where the machine of a state fault lies; a range without such a place is a bug.

    Faults of other layers lie as `wrong-poststate` does where they need a wrong state.
    """
    if name == "wrong-inbox-range":
        return _other_item(ground.steps, ground.items)
    if name == "reordered-delayed-message":
        return _turned(ground.steps)
    rule = _RULES.get(name, _RULES["wrong-poststate"])
    fitting = list(_changed(rule, ground))
    middle = len(fitting) >> 1
    chosen = fitting if rule.everywhere else fitting[middle : middle + 1]
    if not chosen:
        raise InputError(f"{name}: no step of this range can be lied about like that")
    return _at({_place(step): rule.lie for step in chosen})


def _changed(rule: _Rule, ground: Ground) -> Iterator[TraceStep]:
    """Yield the steps that a lie fits and that it makes another step of."""
    machine, state = ground.machine, ground.state_at_start()
    items = {item.index: item for item in ground.items}

    def honest(inputs: StepInputs) -> StepResult:
        return machine.step(*inputs)

    for step in ground.steps:
        item = items[step.cursor.item]
        signers = machine.recover_signer
        inputs = StepInputs(state, item.header, item.data, item.messages, signers)
        right = honest(inputs)
        if rule.fits(step) and rule.lie(honest, inputs).writes != right.writes:
            yield step
        state.commit(right.writes)


def _other_item(steps: Sequence[TraceStep], items: Sequence[DerivedItem]) -> LieAt:
    """Execute the last batch in place of the first one of the range."""
    first = steps[0].cursor.item
    last = max(item.index for item in items if item.data)
    other = next(item for item in items if item.index == last)
    lie = lies.OtherItem(other.header, other.data)
    return lambda state: lie if state.get(CURSOR_KEY).item == first else None


def _turned(steps: Sequence[TraceStep]) -> LieAt:
    """Exchange the first two delayed messages that follow each other and do not commute."""
    for this, following in pairwise(steps):
        if this.kind is following.kind is StepKind.FORCED_WITHDRAW:
            return _at(
                {
                    _place(this): lies.turned_messages,
                    _place(following): lies.turned_back_messages,
                }
            )
    raise InputError("no two forced withdrawals follow each other in this range")


def _at(table: Mapping[_Place, Lie]) -> LieAt:
    def lie_at(state: LeafReader) -> Lie | None:
        cursor: Cursor = state.get(CURSOR_KEY)
        return table.get(_key(cursor, read_task(state, cursor)))

    return lie_at


def _place(step: TraceStep) -> _Place:
    return _key(step.cursor, step.task)


def _key(cursor: Cursor, task: Leaf | None) -> _Place:
    """Return what of a place is the same in false states: where it is, not what time it says.

    The steps of a task share all of the cursor, so what is in flight tells them apart.
    """
    return cursor.item, cursor.offset, cursor.delayed, cursor.fast, cursor.phase, task
