"""Logs of our contracts as the events that the rest of a node knows."""

import pytest

from rollup_node.derive import events as said
from rollup_node.l1.logs import decode_log
from rollup_node.l1.shipped import load_artifact

ID, OTHER, WHO = b"i" * 32, b"o" * 32, b"w" * 20


@pytest.mark.parametrize(
    ("name", "values", "event"),
    [
        ("AssertionConfirmable", {"id": ID, "markedAt": 7}, said.AssertionConfirmable(ID, 7)),
        ("AssertionRefuted", {"id": ID, "refuter": WHO}, said.AssertionRefuted(ID, WHO)),
        ("AssertionDied", {"id": ID, "deadRoot": OTHER}, said.AssertionDied(ID, OTHER)),
        ("BondLocked", {"staker": WHO, "id": ID, "amount": 3}, said.StakeMoved(WHO, ID)),
        ("BondMoved", {"staker": WHO, "from": OTHER, "to": ID}, said.StakeMoved(WHO, ID)),
        ("BondRefunded", {"staker": WHO, "amount": 3}, said.StakeReleased(WHO)),
        ("BondBurned", {"staker": WHO, "contest": OTHER}, said.StakeSeized(WHO, OTHER)),
        (
            "TariffPaid",
            {"contest": OTHER, "service": 3, "to": WHO, "amount": 9},
            said.TariffPaid(OTHER, said.Service.REFUTATION, WHO, 9),
        ),
        (
            "EdgeBisected",
            {"edgeId": ID, "actor": WHO, "left": b"l", "right": b"r"},
            said.EdgeBisected(ID, WHO, b"l", b"r"),
        ),
        ("EdgeConfirmedByOneStepProof", {"edgeId": ID, "prover": WHO}, said.EdgeProven(ID, WHO)),
        ("EdgeTimerUpdated", {"edgeId": ID, "inherited": 8}, said.EdgeTimerUpdated(ID, 8)),
        (
            "EdgeAdded",
            {"edgeId": ID, "mutualId": b"m", "originId": OTHER},
            said.EdgeAdded(ID, b"m", OTHER),
        ),
    ],
)
def test_decode_log_of_a_followed_event_keeps_its_fields(
    name: str, values: dict[str, object], event: said.ChainEvent
) -> None:
    assert decode_log(name, values, 100) == event


def test_decode_log_of_another_event_is_none() -> None:
    assert decode_log("PotBurned", {"contest": ID, "amount": 3}, 100) is None


@pytest.mark.parametrize("artifact", ["AssertionChain", "StakePool", "ChallengeGame"])
def test_decode_log_reads_fields_that_the_contract_has(artifact: str) -> None:
    events = [entry for entry in load_artifact(artifact).abi if entry["type"] == "event"]
    decoded = {
        entry["name"]: decode_log(entry["name"], {item["name"]: 1 for item in entry["inputs"]}, 100)
        for entry in events
    }
    assert {name for name, found in decoded.items() if found is None} <= {"Claimed", "PotBurned"}
