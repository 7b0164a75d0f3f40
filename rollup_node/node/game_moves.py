"""Tells a contest from the logs of L1: who moved when at what cost, and where the money went.

Plain data in, plain data out. Source: docs/spec.md D-11 to D-13.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rollup_node.derive.events import Service
from rollup_node.l1.journal import L1Log, Sent
from rollup_node.rpc.games import Money, Move, Stake, Tariff

_SERVICES: Final = {
    Service.ASSERTION: "assertion",
    Service.BISECTION: "bisection",
    Service.ONE_STEP_PROOF: "one-step-proof",
    Service.REFUTATION: "refutation",
    Service.SETTLEMENT: "settlement",
}
_ACTIONS: Final = {
    "AssertionCreated": "assert",
    "AssertionRefuted": "refute",
    "EdgeConfirmedByOneStepProof": "prove one step",
    "EdgeBisected": "bisect",
    "AssertionConfirmed": "confirm",
    "AssertionConfirmable": "mark",
    "EdgeTimerUpdated": "update timers",
    "AssertionDied": "settle",
    "TariffPaid": "collect tariff",
    "PotBurned": "burn the rest",
    "BondRefunded": "release stake",
    "BondMoved": "move stake",
    "StepsProven": "prove steps",
    "BlobImported": "import blob",
}
"""What a transaction is called: by the first of these events that it emitted."""

_SHOWN: Final = 4
_WEI: Final = 10**18

StakeState = Literal["locked", "moved", "released", "seized"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What belongs to a contest.

    Attributes
    ----------
    edges
        Height and index of its edges by id.
    context
        Of its proof-table entries (G-3).
    blobs
        Versioned hashes of the items that it is about.
    """

    origin: bytes
    claims: AbstractSet[bytes]
    edges: Mapping[bytes, tuple[int, int]]
    context: bytes
    blobs: AbstractSet[bytes]
    stake_wei: int

    def has(self, log: L1Log) -> bool:
        """Tell whether an event is about the contest; stakes come by `StakeBook`."""
        values = log.arguments
        match log.name:
            case (
                "AssertionCreated"
                | "AssertionConfirmable"
                | "AssertionConfirmed"
                | "AssertionRefuted"
            ):
                return values["id"] in self.claims
            case "AssertionDied":
                return values["id"] in self.claims or values["deadRoot"] in self.claims
            case "EdgeBisected" | "EdgeTimerUpdated" | "EdgeConfirmedByOneStepProof":
                return values["edgeId"] in self.edges
            case "BondBurned" | "TariffPaid" | "PotBurned":
                return bool(values["contest"] == self.origin)
            case "StepsProven":
                return bool(values["context"] == self.context)
            case "BlobImported":
                return values["versionedHash"] in self.blobs
        return False


@dataclass
class StakeBook:
    """Follows the stakes that stood behind the claims of a contest."""

    scope: Scope
    stakes: list[tuple[bytes, bytes, StakeState]] = field(default_factory=list)

    def take(self, log: L1Log) -> bool:
        """Take note of an event; tell whether it was about such a stake."""
        values, claims = log.arguments, self.scope.claims
        match log.name:
            case "BondLocked" if values["id"] in claims:
                self.stakes.append((values["staker"], values["id"], "locked"))
            case "BondMoved" if values["to"] in claims:
                self.stakes.append((values["staker"], values["to"], "locked"))
            case "BondMoved" if values["from"] in claims:
                return self._change(values["staker"], ("locked",), "moved")
            case "BondRefunded":
                return self._change(values["staker"], ("locked",), "released")
            case "BondBurned" if values["contest"] == self.scope.origin:
                return self._change(values["staker"], ("locked", "moved"), "seized")
            case _:
                return False
        return True

    def _change(self, staker: bytes, before: Sequence[StakeState], after: StakeState) -> bool:
        for place in reversed(range(len(self.stakes))):
            owner, claim, state = self.stakes[place]
            if owner == staker and state in before:
                self.stakes[place] = (owner, claim, after)
                return True
        return False


def select(logs: Iterable[L1Log], scope: Scope) -> tuple[list[L1Log], StakeBook]:
    """Return the events of a contest in order, and what became of its stakes."""
    book = StakeBook(scope)
    found = []
    for log in logs:
        about_stake = book.take(log)
        if about_stake or scope.has(log):
            found.append(log)
    return found, book


def tell_money(logs: Iterable[L1Log], book: StakeBook) -> Money:
    """Return where the stakes of a contest went."""
    seized = burnt = 0
    tariffs = []
    for log in logs:
        values = log.arguments
        if log.name == "BondBurned":
            seized += book.scope.stake_wei
            burnt += values["burnt"]
            tariffs.append((Service.SETTLEMENT, values["settler"], values["reward"], log))
        elif log.name == "TariffPaid":
            tariffs.append((Service(values["service"]), values["to"], values["amount"], log))
        elif log.name == "PotBurned":
            burnt += values["amount"]
    paid = sum(amount for _, _, amount, _ in tariffs)
    return Money(
        stakes=tuple(
            Stake(
                staker=_hex(staker),
                claim=_hex(claim),
                amount_wei=str(book.scope.stake_wei),
                state=state,
            )
            for staker, claim, state in book.stakes
        ),
        seized_wei=str(seized),
        burnt_wei=str(burnt),
        pot_wei=str(seized - burnt - paid),
        tariffs=tuple(
            Tariff(
                service=_SERVICES[service],  # type: ignore[arg-type] # one of the literals
                to=_hex(to),
                amount_wei=str(amount),
                transaction=_hex(log.transaction),
            )
            for service, to, amount, log in tariffs
        ),
    )


def tell_moves(logs: Sequence[L1Log], sent: Mapping[bytes, Sent], scope: Scope) -> tuple[Move, ...]:
    """Return one move per transaction, in order."""
    grouped: dict[bytes, list[L1Log]] = {}
    for log in logs:
        grouped.setdefault(log.transaction, []).append(log)
    return tuple(
        _move(number, found, sent[digest], scope)
        for number, (digest, found) in enumerate(grouped.items(), start=1)
    )


def _move(number: int, logs: Sequence[L1Log], sent: Sent, scope: Scope) -> Move:
    names = tuple(dict.fromkeys(log.name for log in logs))
    chief = next((name for name in _ACTIONS if name in names), names[0])
    telling = [log for log in logs if log.name == chief]
    subjects = {_subject(log.arguments) for log in telling}
    receipt = sent.receipt
    return Move(
        number=number,
        l1_block=receipt.block_number,
        at=sent.at,
        transaction=_hex(receipt.transaction_hash),
        actor=_hex(sent.sender),
        action=_ACTIONS.get(chief, chief),
        subject=subjects.pop() if len(subjects) == 1 else None,
        detail=_detail(telling, scope),
        events=names,
        gas=receipt.gas_used,
        gas_price_wei=str(receipt.gas_price_wei),
        cost_wei=str(receipt.cost_wei),
        bytes=len(sent.data),
    )


def _subject(values: Mapping[str, Any]) -> str | None:
    for name in ("edgeId", "id", "to", "contest", "startRoot", "versionedHash"):
        if name in values:
            return _hex(values[name])
    return None


def _detail(logs: Sequence[L1Log], scope: Scope) -> str:
    shown = [_words(log, scope) for log in logs[:_SHOWN]]
    if len(logs) > _SHOWN:
        shown.append(f"and {len(logs) - _SHOWN} more")
    return "; ".join(shown)


def _words(log: L1Log, scope: Scope) -> str:
    """Return what an event says, for people."""
    values = log.arguments
    if "edgeId" in values:
        return _edge_words(log, scope)
    match log.name:
        case "AssertionCreated":
            short = "" if values["finished"] else ", unfinished"
            return f"{_short(values['id'])}: state after item {values['item']}{short}"
        case "TariffPaid":
            amount = values["amount"] / _WEI
            return f"{_SERVICES[Service(values['service'])]}: {amount:.6f} ETH"
        case "PotBurned":
            return f"{values['amount'] / _WEI:.6f} ETH"
        case "StepsProven":
            end = ", segment ends" if values["ended"] else ""
            return f"from {_short(values['startRoot'])}: {values['stepsDone']} steps{end}"
        case "BlobImported":
            return f"blob {_short(values['versionedHash'])}"
        case "BondMoved":
            return f"to {_short(values['to'])}"
    return _short(values.get("id") or values.get("staker") or b"")


def _edge_words(log: L1Log, scope: Scope) -> str:
    height, index = scope.edges[log.arguments["edgeId"]]
    where = f"leaf {index}" if height == 0 else f"height {height}, index {index}"
    if log.name == "EdgeTimerUpdated":
        return f"{where} inherits {log.arguments['inherited']:,} s"
    return where


def _short(value: bytes) -> str:
    return f"0x{value.hex()[:8]}"


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
