"""The contracts of the challenge game do what the model of its rules does, on random schedules."""

import pytest

from tests.contracts.game_fuzz import Differential

# Outcomes that the schedules of one run must reach: one that never gets there compares nothing.
REACHED = {
    ("advance_stake", "done"),
    ("bisect", "done"),
    ("bisect", "EdgeUnrivaled"),
    ("claim", "done"),
    ("claim_assertion", "done"),
    ("claim_bisection", "done"),
    ("claim_bisection", "NothingEarned"),
    ("claim_bisection", "PotTooSmall"),
    ("claim_one_step_proof", "done"),
    ("claim_refutation", "done"),
    ("close_contest", "ClaimPeriodRunning"),
    ("close_contest", "done"),
    ("confirm", "AssertionRivaled"),
    ("confirm", "ConfirmPeriodRunning"),
    ("confirm", "ParentClosed"),
    ("confirm", "ParentNotConfirmed"),
    ("confirm", "RivalDelayRunning"),
    ("confirm", "done"),
    ("create", "AssertionLost"),
    ("create", "ParentClosed"),
    ("create", "StakeElsewhere"),
    ("create", "done"),
    ("mark_confirmable", "NotConfirmable"),
    ("mark_confirmable", "done"),
    ("prove_one_step", "PrefixMismatch"),
    ("prove_one_step", "WrongPoststate"),
    ("prove_one_step", "done"),
    ("refute", "AssertionLost"),
    ("refute", "TransitionIsValid"),
    ("refute", "done"),
    ("refute_with_run", "WrongRun"),
    ("refute_with_run", "done"),
    ("settle", "NotLost"),
    ("settle", "done"),
    ("withdraw_stake", "StakeLocked"),
    ("withdraw_stake", "done"),
}


@pytest.fixture(scope="module")
def differential() -> Differential:
    """Return a comparison of a fixed seed that has run."""
    run = Differential(seed=1121)
    run.run(schedules=150)
    return run


def test_contracts_on_random_schedules_agree_with_the_model(differential: Differential) -> None:
    """D-1 to D-13: success or name of the error, and the whole state, after every command."""
    assert differential.counts.total() == 150 * 100


def test_schedules_of_a_fixed_seed_reach_every_kind_of_move(differential: Differential) -> None:
    """Random moves must get to the ends of contests, and to the errors that matter."""
    assert not REACHED - set(differential.counts)
