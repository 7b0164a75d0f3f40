"""`strikenet transfer`: moves an asset between two accounts on L2."""

from typing import Any

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit


@click.command()
@click.option("--from", "sender", required=True, help="Name, address or account number.")
@click.option("--to", required=True, help="Name, address or account number.")
@click.option("--asset", required=True, help="ETH, USDC or TBTC.")
@click.option("--amount", required=True, help="In whole units, such as 1.5.")
@json_option
@run_dir_option
def transfer(**options: Any) -> int:  # noqa: ANN401 - click passes what it parsed
    """Move an asset between two accounts; returns when the sequencer has confirmed it."""
    from rollup_node.devnet import actions
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    session = Session(RunDir(options["run_dir"]))
    asset = session.asset(options["asset"])
    amount = asset.parse(options["amount"])
    sender, to = session.party(options["sender"]), session.party(options["to"])
    owner = sender.owner or actions.payer_of(sender.name)
    sent = actions.transfer(session, owner, sender, to, asset, amount)
    data = {
        "from": sender.id,
        "to": to.id,
        "asset": asset.symbol,
        "amount": str(amount),
        "hash": sent.hash,
        "sequence": sent.sequence,
        "posted_bytes": sent.posted_bytes,
    }
    text = f"transferred {asset.show(amount)} from {sender.name} to {to.name}"
    emit(
        options["json_flag"],
        data,
        f"{text}: record {sent.sequence}, {sent.posted_bytes} bytes, {sent.hash}",
    )
    return ExitCode.OK
