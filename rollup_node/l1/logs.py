"""Our contracts' logs as events of `derive`; those of the inbox that need more are read elsewhere.

Names of fields are those of the interfaces in contracts/src/interfaces.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rollup_node.core.inputs import DelayedMessage
from rollup_node.core.kinds import MessageKind
from rollup_node.derive import events as said

_Decoder = Callable[[Mapping[str, Any], int], said.ChainEvent]


def decode_log(name: str, values: Mapping[str, Any], timestamp: int) -> said.ChainEvent | None:
    """Return the event of a log in a block of that time, `None` if no node follows it."""
    decoder = _DECODERS.get(name)
    return decoder(values, timestamp) if decoder else None


def _assertion_created(values: Mapping[str, Any], timestamp: int) -> said.AssertionCreated:
    return said.AssertionCreated(
        assertion_id=values["id"],
        parent_id=values["parentId"],
        after_state_root=values["afterStateRoot"],
        history_root=values["historyRoot"],
        accumulator=values["accumulator"],
        target=values["target"],
        next_target=values["nextTarget"],
        item=values["item"],
        finished=values["finished"],
        staker=values["staker"],
        created_at=timestamp,
    )


def _message_received(values: Mapping[str, Any], _timestamp: int) -> said.MessageReceived:
    message = DelayedMessage(values["kind"], values["sender"], values["timestamp"], values["body"])
    return said.MessageReceived(values["index"], values["delayedAccumulator"], message)


def _fast_received(values: Mapping[str, Any], _timestamp: int) -> said.FastReceived:
    sender, at, body = values["sender"], values["timestamp"], values["body"]
    message = DelayedMessage(MessageKind.FAST, sender, at, body)
    return said.FastReceived(values["index"], values["fastAccumulator"], message)


def _tariff_paid(values: Mapping[str, Any], _timestamp: int) -> said.TariffPaid:
    service = said.Service(values["service"])
    return said.TariffPaid(values["contest"], service, values["to"], values["amount"])


def _plain(kind: Callable[..., said.ChainEvent], *fields: str) -> _Decoder:
    """Return a decoder that hands over these fields in this order."""
    return lambda values, _timestamp: kind(*(values[field] for field in fields))


_DECODERS: Final[Mapping[str, _Decoder]] = {
    "DelayedMessage": _message_received,
    "FastMessage": _fast_received,
    "AssertionCreated": _assertion_created,
    "AssertionConfirmable": _plain(said.AssertionConfirmable, "id", "markedAt"),
    "AssertionConfirmed": _plain(said.AssertionConfirmed, "id"),
    "AssertionRefuted": _plain(said.AssertionRefuted, "id", "refuter"),
    "AssertionDied": _plain(said.AssertionDied, "id", "deadRoot"),
    "BondLocked": _plain(said.StakeMoved, "staker", "id"),
    "BondMoved": _plain(said.StakeMoved, "staker", "to"),
    "BondRefunded": _plain(said.StakeReleased, "staker"),
    "BondBurned": _plain(said.StakeSeized, "staker", "contest"),
    "TariffPaid": _tariff_paid,
    "EdgeAdded": _plain(said.EdgeAdded, "edgeId", "mutualId", "originId"),
    "EdgeBisected": _plain(said.EdgeBisected, "edgeId", "actor", "left", "right"),
    "EdgeTimerUpdated": _plain(said.EdgeTimerUpdated, "edgeId", "inherited"),
    "EdgeConfirmedByOneStepProof": _plain(said.EdgeProven, "edgeId", "prover"),
}
