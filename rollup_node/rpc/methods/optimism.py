"""`optimism_*`: the shapes that tools of OP chains read."""

from typing import Any

import rollup_node
from rollup_node.rpc.backend import Backend
from rollup_node.rpc.errors import not_found
from rollup_node.rpc.methods.eth import resolve_block
from rollup_node.rpc.table import TABLE, BlockTag


@TABLE.add("optimism_syncStatus")
async def sync_status(backend: Backend) -> dict[str, Any]:
    """Return how far the node has read L1 and which L2 blocks are unsafe, safe and finalized."""
    return backend.sync_status()


@TABLE.add("optimism_outputAtBlock")
async def output_at_block(backend: Backend, blockNumber: BlockTag) -> dict[str, Any]:
    """Return the state root after a block with its block reference."""
    number = resolve_block(backend, blockNumber)
    output = backend.output_at_block(number)
    if output is None:
        raise not_found(f"no block {number}", "blockNumber")
    return output


@TABLE.add("optimism_rollupConfig")
async def rollup_config(backend: Backend) -> dict[str, Any]:
    """Return chain ids, contracts, genesis and parameters."""
    return backend.rollup_config()


@TABLE.add("optimism_version")
async def version(backend: Backend) -> str:  # noqa: ARG001 - signature of all handlers
    """Return the version of the node."""
    return f"v{rollup_node.__version__}" if hasattr(rollup_node, "__version__") else "v0"
