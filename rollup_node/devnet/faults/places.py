"""Where a lie of the state layer goes: the middle one of the steps of a range that it fits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.leaves import Cursor
from rollup_node.core.reason import Reason
from rollup_node.derive.items import DerivedItem
from rollup_node.devnet.failure import UsageError
from rollup_node.devnet.faults import lies
from rollup_node.devnet.faults.machine import Lie, LieAt
from rollup_node.devnet.faults.trace import TraceStep

_Place = tuple[int, int, int, int, int]
_Where = Callable[[TraceStep], bool]

_SIGNED: Final = (StepKind.TRANSFER, StepKind.WITHDRAW, StepKind.ROTATE_KEY)
_PULLED: Final = (
    StepKind.DEPOSIT,
    StepKind.FORCED_TRANSFER,
    StepKind.FORCED_WITHDRAW,
    StepKind.FORCED_ROTATE_KEY,
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A lie and the steps that it fits; `everywhere` lies at each, else at the middle one."""

    lie: Lie
    fits: _Where
    everywhere: bool = False


def _kind(*kinds: StepKind, reason: Reason = Reason.OK) -> _Where:
    return lambda step: step.kind in kinds and step.reason is reason


_RULES: Final[Mapping[str, _Rule]] = {
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


def lie_at_step(steps: Sequence[TraceStep], number: int) -> LieAt:
    """Return the lie that credits one unit too much in step `number` of a range.

    Raises
    ------
    UsageError
        If the range has fewer steps.
    """
    if not 0 <= number < len(steps):
        raise UsageError(f"--step {number}: the range has the steps 0 to {len(steps) - 1}")
    return _at({_place(steps[number].cursor): lies.wrong_poststate})


def find_lie(name: str, steps: Sequence[TraceStep], items: Sequence[DerivedItem]) -> LieAt:
    """Return where the machine of a state fault lies; a range without such a place is a bug.

    Faults of other layers lie as `wrong-poststate` does where they need a wrong state.
    """
    if name == "wrong-inbox-range":
        return _other_item(steps, items)
    if name == "reordered-delayed-message":
        return _turned(steps)
    rule = _RULES.get(name, _RULES["wrong-poststate"])
    fitting = [step for step in steps if rule.fits(step)]
    middle = len(fitting) >> 1
    chosen = fitting if rule.everywhere else fitting[middle : middle + 1]
    if not chosen:
        raise UsageError(f"{name}: no step of this range can be lied about like that")
    return _at({_place(step.cursor): rule.lie for step in chosen})


def _other_item(steps: Sequence[TraceStep], items: Sequence[DerivedItem]) -> LieAt:
    """Execute the last batch in place of the first one of the range."""
    first = steps[0].cursor.item
    last = max(item.index for item in items if item.data)
    other = next(item for item in items if item.index == last)
    lie = lies.OtherItem(other.header, other.data)
    return lambda cursor: lie if cursor.item == first else None


def _turned(steps: Sequence[TraceStep]) -> LieAt:
    """Exchange the first two delayed messages that follow each other and do not commute."""
    for this, following in pairwise(steps):
        if this.kind is following.kind is StepKind.FORCED_WITHDRAW:
            return _at(
                {
                    _place(this.cursor): lies.turned_messages,
                    _place(following.cursor): lies.turned_back_messages,
                }
            )
    raise UsageError("no two forced withdrawals follow each other in this range")


def _at(table: Mapping[_Place, Lie]) -> LieAt:
    return lambda cursor: table.get(_place(cursor))


def _place(cursor: Cursor) -> _Place:
    """Return what of a cursor is the same in false states: where it is, not what time it says."""
    return cursor.item, cursor.offset, cursor.delayed, cursor.fast, cursor.phase
