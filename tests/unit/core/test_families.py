"""The tables of the families: total, and each phase ends."""

import pytest

from rollup_node.core.families import ACTIONS, TASKS, find_task
from rollup_node.core.inputs import DelayedMessage, Seal
from rollup_node.core.kinds import Phase, StepKind
from rollup_node.core.layout import CURSOR_KEY
from rollup_node.core.leaves import Cursor
from rollup_node.core.reason import Reason
from rollup_node.core.step import apply_record, pull_message, run_task

CURSOR = Cursor(3, 50, 4, 2, 5, 150_000, 1, 3)


@pytest.mark.parametrize("phase", sorted(set(range(2, 256)) - set(TASKS)))
def test_run_task_in_a_phase_of_no_family_ends_it(phase: int) -> None:
    state = {CURSOR_KEY: CURSOR._replace(phase=phase)}
    outcome = run_task(state)
    assert (outcome.kind, outcome.reason) == (StepKind.UNDECODABLE, Reason.UNDECODABLE)
    assert outcome.writes == {CURSOR_KEY: CURSOR}


def test_tasks_are_of_phases_beyond_idle() -> None:
    assert all(phase > Phase.IDLE for phase in TASKS)
    assert all(find_task(phase) is task for phase, task in TASKS.items())


def test_apply_record_of_a_type_of_no_family_is_undecodable() -> None:
    assert Seal not in ACTIONS
    for content in (None, Seal(3)):
        outcome = apply_record({CURSOR_KEY: CURSOR}, content, None, 9)
        assert (outcome.kind, outcome.reason) == (StepKind.UNDECODABLE, Reason.UNDECODABLE)
        assert outcome.writes == {CURSOR_KEY: CURSOR._replace(offset=59)}


def test_pull_message_of_a_type_of_no_family_is_undecodable() -> None:
    message = DelayedMessage(1, b"a" * 20, 0, b"")
    for content in (None, Seal(3)):
        outcome = pull_message({CURSOR_KEY: CURSOR}, message, content)
        assert (outcome.kind, outcome.reason) == (
            StepKind.FORCED_UNDECODABLE,
            Reason.UNDECODABLE,
        )
        assert outcome.writes == {CURSOR_KEY: CURSOR._replace(delayed=5, order_class=5)}
