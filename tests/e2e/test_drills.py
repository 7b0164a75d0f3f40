"""Money gets out past a sequencer that censors, and past one that is dead."""

import pytest

from rollup_node.core.inputs import Withdraw
from rollup_node.devnet import actions, exits
from rollup_node.devnet.audit import audit
from rollup_node.devnet.drill import forced_withdrawal
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts
from tests.e2e.conftest import Stage

pytestmark = pytest.mark.e2e


def test_forced_withdrawal_of_a_censored_user_is_paid(stage: Stage) -> None:
    lines: list[str] = []
    result = forced_withdrawal(stage.session, lines.append)
    assert result["finalized"]
    assert result["custody_equals_claims"]
    assert any(line.startswith("censored") for line in lines)


def test_forced_withdrawal_without_sequencer_is_paid(stage: Stage) -> None:
    session = stage.session
    dave, eth = accounts()["dave"], session.asset("ETH")
    party = session.party("dave", open_it=True)
    done = actions.deposit(session, dave, party, eth, eth.parse("3"))
    assert actions.wait_executed(session, done.hash) == "OK"
    actions.wait_idle(session)
    stage.kill("sequencer")
    amount = eth.parse("1")
    actions.force(session, dave, Withdraw(party.id, eth.id, amount, dave.address, 0))
    actions.move_time(session, session.inbox.call("forceableAt") - session.l1_time() + 1)
    session.inbox.send(accounts()["bob"].address, "forceInclude")
    entry = exits.wait_exit(session, party.id, set())
    assertion, _ = exits.prove(session, dave, entry)
    for _ in Deadline(actions.WAIT_SECONDS, "the withdrawal can be finalized"):
        reached, until = exits.status(session, dave, assertion, entry)
        if reached == exits.Stage.READY:
            break
        left = until - session.l1_time()
        if left > 0:
            actions.move_time(session, left + 1)
    before = session.l1_balance(eth, dave.address)
    exits.finalize(session, accounts()["bob"], dave, assertion, entry)
    assert session.l1_balance(eth, dave.address) - before == amount
    assert audit(session).exact
    stage.restart()
    actions.wait_idle(session)
    assert session.l2_account(party.id)["balances"]["ETH"] == str(eth.parse("2"))
