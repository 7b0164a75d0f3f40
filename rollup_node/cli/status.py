"""`strikenet status`: nodes, heads, inbox and assertions of the running devnet."""

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollup_node.cli.options import json_option, run_dir_option
from rollup_node.cli.output import ExitCode, emit

if TYPE_CHECKING:
    from rollup_node.devnet.session import Session


@click.command()
@json_option
@run_dir_option
def status(*, json_flag: bool, run_dir: Path) -> int:
    """Show nodes, heads, inbox and assertions.

    Exit code 0: every node is ready; 5: one is not, or no devnet is running.
    """
    from rollup_node.devnet.rundir import RunDir
    from rollup_node.devnet.session import Session

    session = Session(RunDir(run_dir))
    nodes = [look(session, node) for node in session.state["nodes"]]
    data = {
        "profile": session.state["profile"],
        "l1": {
            "url": session.l1.url,
            "block": int(session.l1.call("eth_blockNumber"), 16),
            "time": session.l1_time(),
        },
        "nodes": nodes,
        "inbox": {
            "items": session.inbox.call("count"),
            "delayed_messages": session.inbox.call("delayedCount"),
            "consumed": session.inbox.call("consumed"),
            "fast_messages": session.inbox.call("fastCount"),
            "fast_consumed": session.inbox.call("fastConsumed"),
        },
        "assertions": assertions(session),
    }
    emit(json_flag, data, render(data))
    return ExitCode.OK if all(node["ready"] for node in nodes) else ExitCode.NOT_READY


def look(session: "Session", node: dict[str, Any]) -> dict[str, Any]:
    """Ask one node how it is; a node that does not answer is not ready."""
    from rollup_node.ports import RollupError

    client = session.nodes[node["name"]]
    view = {"name": node["name"], "url": node["url"], "pid": node["pid"], "ready": False}
    try:
        http_status, _ = client.request("GET", "/readyz")
        sync = client.call("optimism_syncStatus")
    except RollupError as error:
        code = node["exit_code"]
        return {**view, "problem": str(error) if code is None else f"ended with code {code}"}
    heads = {key: sync[key]["number"] for key in ("unsafe_l2", "safe_l2", "finalized_l2")}
    return {**view, "ready": http_status == HTTPStatus.OK, **heads}


def assertions(session: "Session") -> dict[str, Any]:
    """Return how many assertions there are and how far the newest and the confirmed one reach."""
    made = session.chain.all_events("AssertionCreated")
    confirmed = session.chain.call("latestConfirmed")
    newest = made[-1]["id"] if made else confirmed
    until = session.chain.call("confirmableAt", newest)
    return {
        "made": len(made),
        "newest": f"0x{newest.hex()}",
        "newest_item": made[-1]["item"] if made else 0,
        "confirmed": f"0x{confirmed.hex()}",
        "confirmed_item": session.chain.call("assertion", confirmed)["item"],
        "confirmable_in_seconds": max(until - session.l1_time(), 0) if until else None,
    }


def render(data: dict[str, Any]) -> str:
    """Return the status for a person."""
    l1, inbox, claims = data["l1"], data["inbox"], data["assertions"]
    rows = []
    for node in data["nodes"]:
        heads = node.get("problem") or (
            f"unsafe {node['unsafe_l2']:<7} safe {node['safe_l2']:<7} "
            f"finalized {node['finalized_l2']}"
        )
        mark = "ready    " if node["ready"] else "NOT READY"
        rows.append(f"{node['name']:<13}{mark}  {node['url']:<24}{heads}")
    wait = claims["confirmable_in_seconds"]
    clock = "" if wait is None else f", the newest can be confirmed in {wait:,} s"
    inbox_line = (
        f"{'inbox':<13}{inbox['items']} items, {inbox['delayed_messages']} delayed messages "
        f"({inbox['consumed']} consumed), {inbox['fast_messages']} fast messages "
        f"({inbox['fast_consumed']} consumed)"
    )
    claims_line = (
        f"{'assertions':<13}{claims['made']} made up to item {claims['newest_item']}, "
        f"confirmed up to item {claims['confirmed_item']}{clock}"
    )
    first = f"{'L1':<13}block {l1['block']}  {l1['url']}  profile {data['profile']}"
    return "\n".join([first, *rows, inbox_line, claims_line])
