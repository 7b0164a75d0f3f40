"""`admin_*` and `devnet_*`: for the operator of a devnet, refused elsewhere."""

from rollup_node.roles.batch_poster import BatchMode
from rollup_node.rpc.backend import Backend
from rollup_node.rpc.table import TABLE, Address


@TABLE.add("admin_startSequencer", restricted=True)
async def start_sequencer(backend: Backend) -> bool:
    """Start sequencing."""
    await backend.set_sequencing(active=True)
    return True


@TABLE.add("admin_stopSequencer", restricted=True)
async def stop_sequencer(backend: Backend) -> bool:
    """Stop sequencing; what was confirmed is still posted."""
    await backend.set_sequencing(active=False)
    return True


@TABLE.add("admin_sequencerActive")
async def sequencer_active(backend: Backend) -> bool:
    """Tell whether this node sequences."""
    return backend.is_leader()


@TABLE.add("admin_setBatchData", restricted=True)
async def set_batch_data(backend: Backend, mode: BatchMode) -> bool:
    """Post batches as calldata, as blobs, or in turn, until the batch poster restarts."""
    backend.set_batch_data(mode)
    return True


@TABLE.add("devnet_dropSender", restricted=True)
async def drop_sender(backend: Backend, address: Address, drop: bool = True) -> bool:
    """Make the sequencer drop the transactions of an address without a word."""
    backend.set_drop_sender(bytes.fromhex(address[2:]), drop=drop)
    return True
