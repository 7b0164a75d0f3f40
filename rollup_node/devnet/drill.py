"""Drills: a user gets money out although the sequencer refuses or is dead."""

from collections.abc import Callable
from typing import Any

from rollup_node.core.inputs import Withdraw
from rollup_node.devnet import actions, exits
from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.failure import DisagreementError, RevertedError
from rollup_node.devnet.jsonrpc import RpcError
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.session import Session

Tell = Callable[[str], None]


def forced_withdrawal(session: Session, tell: Tell) -> dict[str, Any]:
    """Carol's transactions are dropped; she withdraws through L1 and is paid.

    Returns
    -------
    dict
        The outcome, with the keys of the bridge story.
    """
    carol, eth = accounts()["carol"], session.asset("ETH")
    party = session.party(carol.name, open_it=True)
    done = actions.deposit(session, carol, party, eth, eth.parse("3"))
    actions.wait_executed(session, done.hash)
    tell(f"deposit     carol {eth.show(eth.parse('3'))}")
    session.sequencer.call("devnet_dropSender", checksum(carol.address), True)  # noqa: FBT003 - JSON-RPC
    try:
        _check_dropped(session, tell)
        amount = eth.parse("2")
        known = {entry.outbox_index for entry in exits.exits_of(session, party.id)}
        body = Withdraw(party.id, eth.id, amount, carol.address, 0)
        message = actions.force(session, carol, body)
        tell(f"forced      carol withdraws {eth.show(amount)} through L1  {message.gas:,} gas")
        reason = actions.wait_executed(session, message.hash)
        if reason != "OK":
            raise DisagreementError(f"the forced withdrawal ended with {reason} on L2")
        entry = exits.wait_exit(session, party.id, known)
        assertion, proving = exits.prove(session, carol, entry)
        tell(f"prove       outbox {entry.outbox_index}  {proving:,} gas")
        exits.wait_stage(session, carol, assertion, entry, warp=True, tell=tell)
        before = session.l1_balance(eth, carol.address)
        paying = exits.finalize(session, accounts()["dave"], carol, assertion, entry)
        gained = session.l1_balance(eth, carol.address) - before
        tell(f"finalize    carol got {eth.show(gained)} on L1  {paying:,} gas")
    finally:
        session.sequencer.call("devnet_dropSender", checksum(carol.address), False)  # noqa: FBT003
    number, root = wait_agreement(session)
    return {
        "finalized": gained == amount,
        "verifier_agrees": True,
        "custody_equals_claims": audit(session).exact,
        "block": number,
        "state_root": root,
        "l1_gas": {"send forced": message.gas, "prove": proving, "finalize": paying},
        "bytes_per_transaction": {},
    }


def _check_dropped(session: Session, tell: Tell) -> None:
    """Show that the sequencer does not include carol's transactions."""
    carol, eth = accounts()["carol"], session.asset("ETH")
    party = session.party(carol.name)
    before = session.l2_account(party.id)["balances"]
    try:
        actions.withdraw(session, carol, party, eth, 1, carol.address)
        answer = "the sequencer takes her withdrawal and drops it"
    except (RevertedError, RpcError) as error:
        answer = str(error)
    tell(f"censored    {answer}")
    if session.l2_account(party.id)["balances"] != before:
        raise DisagreementError("the sequencer executed a transaction that it was told to drop")
