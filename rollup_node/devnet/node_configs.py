"""What the configuration files of nodes and oracle say, as the manifest has it."""

from typing import Any

from rollup_node.devnet import sockets
from rollup_node.devnet.keys import accounts
from rollup_node.devnet.manifest import ORACLE, Manifest, NodePlan
from rollup_node.devnet.rundir import RunDir


def node_config(manifest: Manifest, run_dir: RunDir, plan: NodePlan, l1_url: str) -> dict[str, Any]:
    """Return what a node is told."""
    sequencer = manifest.node("sequencer")
    return {
        "name": plan.name,
        "roles": roles_of(manifest, plan),
        "l1_url": l1_url,
        "host": sockets.HOST,
        "port": plan.port,
        "data_dir": str(run_dir.node(plan.name) / "data"),
        "private_key": f"0x{accounts()[plan.name].private_key.hex()}",
        "rollup": str(run_dir.rollup),
        "sequencer_url": None if plan == sequencer else sockets.url_of(sequencer.port),
        "peers": [sockets.url_of(peer.port) for peer in manifest.nodes if peer != plan],
        "seed": manifest.seed,
        "batch": {
            "max_bytes": manifest.batch_max_bytes,
            "max_age_ms": manifest.batch_max_age_ms,
            "data": manifest.batch_data,
        },
        "snapshot": {
            "every_records": manifest.snapshot_every_records,
            "kept_records": manifest.snapshot_kept_records,
        },
        "block_interval_ms": manifest.block_interval_ms,
        "audits": plan.name == "verifier" and not manifest.background_idle,
        "log_format": "json",
    }


def roles_of(manifest: Manifest, plan: NodePlan) -> list[str]:
    """Return the roles of a node: the verifier keeps watch over markets and turns vaults too."""
    if plan.name != "verifier":
        return [plan.name]
    keepers = [("keeper", manifest.markets), ("vault_keeper", manifest.vaults)]
    return [plan.name, *(role for role, is_there in keepers if is_there)]


def oracle_config(manifest: Manifest, run_dir: RunDir, l1_url: str) -> dict[str, Any]:
    """Return what the oracle is told."""
    return {
        "l1_url": l1_url,
        "sequencer_url": sockets.url_of(manifest.node("sequencer").port),
        "rollup": str(run_dir.rollup),
        "data_dir": str(run_dir.node(ORACLE) / "data"),
        "port": manifest.oracle_port,
        "private_key": f"0x{accounts()[ORACLE].private_key.hex()}",
        "prices": manifest.prices,
        "seed": manifest.seed,
    }
