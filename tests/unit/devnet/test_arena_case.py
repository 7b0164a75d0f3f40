"""The verdict on a case has teeth: each thing that may go wrong fails the check of its name."""

from typing import Any

import pytest

from rollup_node.devnet.arena_case import all_specs, check_outcomes, make_spec
from rollup_node.devnet.faults.catalogue import FAULTS, find_fault
from rollup_node.ports import InputError

STAKE_WEI = 3 * 10**18
FAULT = FAULTS["freeloader"]


def _outcome(**changes: Any) -> dict[str, Any]:
    return {
        "winner": "honest",
        "changed_root": True,
        "wrong_claims": 1,
        "refused": ["AssertionExists"],
        "wrong_assertion_confirmed": False,
        "honest_net_wei": 0,
        "attacker_net_wei": -STAKE_WEI,
        "custody_equals_claims": True,
        "rederived": True,
        "bonds_lost": 1,
        "within_bound": True,
        "ledger": {"pool": {"conserved": True}},
        **changes,
    }


def _failed(attack: dict[str, Any], mirror: dict[str, Any]) -> list[str]:
    checks = check_outcomes(FAULT, attack, mirror, STAKE_WEI)
    return [name for name, good in checks.items() if not good]


def test_check_outcomes_of_a_won_case_are_all_good() -> None:
    assert _failed(_outcome(), _outcome()) == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"winner": "nobody"}, "honest_won"),
        ({"wrong_assertion_confirmed": True}, "no_wrong_assertion_confirmed"),
        ({"honest_net_wei": -1}, "honest_lost_nothing"),
        ({"custody_equals_claims": False}, "custody_equals_claims"),
        ({"rederived": False}, "rederived"),
        ({"ledger": {"pool": {"conserved": False}}}, "money_conserved"),
        ({"within_bound": False}, "within_bound"),
        ({"changed_root": False}, "root_changed_as_said"),
        ({"refused": []}, "refused_as_said"),
        ({"bonds_lost": 0}, "bonds_moved"),
    ],
)
def test_check_outcomes_of_an_attack_name_what_is_wrong(changes: dict[str, Any], name: str) -> None:
    assert _failed(_outcome(**changes), _outcome()) == [name]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"winner": "nobody"}, "mirror_won"),
        ({"wrong_assertion_confirmed": True}, "mirror_won"),
        ({"honest_net_wei": -1}, "mirror_cost_honest_nothing"),
        ({"attacker_net_wei": 0}, "mirror_cost_attacker"),
        ({"attacker_net_wei": 1 - STAKE_WEI // 2}, "mirror_cost_attacker"),
        ({"custody_equals_claims": False}, "mirror_custody"),
        ({"within_bound": False}, "within_bound"),
    ],
)
def test_check_outcomes_of_a_mirror_name_what_is_wrong(changes: dict[str, Any], name: str) -> None:
    assert _failed(_outcome(), _outcome(**changes)) == [name]


def test_check_outcomes_of_a_mirror_without_stake_asks_for_its_gas() -> None:
    assert _failed(_outcome(), _outcome(wrong_claims=0, attacker_net_wei=-1)) == []
    assert _failed(_outcome(), _outcome(wrong_claims=0, attacker_net_wei=0)) != []


def test_all_specs_have_every_fault_by_every_door_with_both_kinds_of_data() -> None:
    specs = all_specs()
    assert len(specs) == len(set(specs)) == 2 * sum(len(f.doors) or 1 for f in FAULTS.values())
    assert {spec.fault for spec in specs} == set(FAULTS)


def test_make_spec_takes_the_first_door_and_refuses_others() -> None:
    assert make_spec("wrong-poststate", None, "blob", None, None).door == "one-shot"
    assert make_spec("squat", "interactive", "blob", None, None).door == "interactive"
    assert make_spec("false-cursor", None, "calldata", None, None).door is None
    for what, door in (("staller", "one-shot"), ("false-cursor", "interactive"), ("no", None)):
        with pytest.raises(InputError):
            make_spec(what, door, "calldata", None, None)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("forged-withdrawl", "no fault 'forged-withdrawl'; did you mean 'forged-withdrawal'?"),
        ("xyzzy", r"no fault 'xyzzy' \(`strikenet fault list` names them\)"),
    ],
)
def test_find_fault_of_an_unknown_name_says_where_the_names_are(name: str, line: str) -> None:
    with pytest.raises(InputError, match=line.replace("?", r"\?")):
        find_fault(name)
