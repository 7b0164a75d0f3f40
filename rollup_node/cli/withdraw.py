"""`strikenet withdraw`: moves an asset from an account back to L1, up to the payment."""

from typing import TYPE_CHECKING, Any, Final

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import CliError, ExitCode, emit, progress

if TYPE_CHECKING:
    from rollup_node.devnet.exits import Exit
    from rollup_node.devnet.keys import Account
    from rollup_node.devnet.session import Asset, Party, Session

_DAY_SECONDS: Final = 86_400


@click.command()
@click.option("--from", "sender", required=True, help="Name or number of the account.")
@click.option("--asset", required=True, help="ETH, USDC or TBTC.")
@click.option("--amount", required=True, help="In whole units, such as 1.5.")
@click.option("--to", "recipient", help="Name or L1 address [default: the account's owner].")
@click.option("--forced", is_flag=True, help="Send it through L1, past the sequencer.")
@click.option("--wait", is_flag=True, help="Wait for the clocks, then have it paid.")
@click.option("--warp", is_flag=True, help="As --wait, but move the time of L1 forward.")
@click.option("--timeout", type=click.FloatRange(1), help="Seconds to wait for the clocks.")
@json_option
@run_dir_option
def withdraw(**options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Move an asset back to L1: withdraw on L2, prove on L1, and show which clock is pending.

    With --wait or --warp it also waits for the confirmation of the assertion and the maturity of
    the proof, and has the bridge pay.
    """
    from rollup_node.devnet import actions, exits
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session, address_of

    session = Session(RunDir(options["run_dir"]))
    asset = session.asset(options["asset"])
    amount = asset.parse(options["amount"])
    party = session.party(options["sender"])
    owner = party.owner or actions.payer_of(party.name)
    recipient = address_of(options["recipient"]) if options["recipient"] else owner.address
    known = {entry.outbox_index for entry in exits.exits_of(session, party.id)}
    start(session, owner, party, (asset, amount, recipient), forced=options["forced"])
    entry = exits.wait_exit(session, party.id, known)
    progress(f"posted: outbox entry {entry.outbox_index}")
    assertion, _ = exits.prove(session, owner, entry)
    progress(f"proven in assertion 0x{assertion.hex()}")
    if options["wait"] or options["warp"]:
        seconds = options["timeout"] or (
            actions.WAIT_SECONDS if options["warp"] else 2 * _DAY_SECONDS
        )
        exits.wait_stage(
            session, owner, assertion, entry, warp=options["warp"], seconds=seconds, tell=progress
        )
        exits.finalize(session, owner, owner, assertion, entry)
    return show(session, owner, assertion, entry, json_flag=options["json_flag"])


def start(
    session: "Session",
    owner: "Account",
    party: "Party",
    what: "tuple[Asset, int, bytes]",
    *,
    forced: bool,
) -> None:
    """Put the withdrawal on its way: to the sequencer, or to the inbox on L1.

    Raises
    ------
    CliError
        If L2 executes it and refuses, with the reason.
    """
    from rollup_node.core.inputs import Withdraw
    from rollup_node.devnet import actions

    asset, amount, recipient = what
    if not forced:
        sent = actions.withdraw(session, owner, party, asset, amount, recipient)
        progress(f"withdrawn on L2: record {sent.sequence}, {sent.posted_bytes} bytes")
        return
    message = actions.force(session, owner, Withdraw(party.id, asset.id, amount, recipient, 0))
    progress(f"delayed message {message.index} on L1: {message.gas:,} gas")
    reason = actions.wait_executed(session, message.hash)
    if reason != "OK":
        raise CliError(f"the withdrawal ended with {reason} on L2", ExitCode.REVERTED)


def show(
    session: "Session", owner: "Account", assertion: bytes, entry: "Exit", *, json_flag: bool
) -> int:
    """Print where the withdrawal stands."""
    from rollup_node.devnet import exits

    stage, until = exits.status(session, owner, assertion, entry)
    left = max(until - session.l1_time(), 0)
    asset = session.assets[entry.asset]
    data = {
        "outbox_index": entry.outbox_index,
        "assertion": f"0x{assertion.hex()}",
        "asset": asset.symbol,
        "amount": str(entry.amount),
        "stage": stage.name,
        "until": until or None,
        "seconds_left": left,
    }
    pending = f", {left:,} s to go (until {until} of L1's time)" if until else ""
    name = stage.name.lower().replace("_", " ")
    emit(json_flag, data, f"withdrawal of {asset.show(entry.amount)}: {name}{pending}")
    return ExitCode.OK
