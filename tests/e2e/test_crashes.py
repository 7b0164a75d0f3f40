"""Kill each node after each stage of the bridge story: nothing is lost, nothing happens twice."""

import pytest

from rollup_node.devnet import actions
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.manifest import NODES
from rollup_node.devnet.story import Bridge
from tests.e2e.conftest import Stage

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("victim", NODES)
def test_kill_after_every_stage_loses_nothing(stage: Stage, victim: str) -> None:
    session = stage.session
    story = Bridge(session, lambda _: None)
    for step in story.stages().values():
        step()
        stage.kill(victim)
        stage.restart()
    result = story.result()
    assert result["finalized"]
    assert result["custody_equals_claims"]
    actions.wait_idle(session)
    wait_agreement(session)
    assert_no_l1_action_repeated(stage)


def assert_no_l1_action_repeated(stage: Stage) -> None:
    session = stage.session
    batches = session.inbox.all_events("BatchPosted")
    roots = [batch["dataRoot"] for batch in batches if batch["kind"] != 2]
    assert len(set(roots)) == len(roots), "a batch was posted twice"
    claims = session.chain.all_events("AssertionCreated")
    assert len({claim["parentId"] for claim in claims}) == len(claims), "rival of our own"
    confirmed = [event["id"] for event in session.chain.all_events("AssertionConfirmed")]
    assert len(set(confirmed)) == len(confirmed)
    assert audit(session).exact
