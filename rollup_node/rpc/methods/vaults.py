"""`vault_*`: option vaults, as L1 has them and as this node has executed their accounts."""

from rollup_node.rpc.backend import Backend
from rollup_node.rpc.table import TABLE, Address
from rollup_node.rpc.vaults import Epoch, History, Requests, VaultDetails, VaultLine


@TABLE.add("vault_list")
async def list_vaults(backend: Backend) -> list[VaultLine]:
    """Return every vault in one line."""
    return list(await backend.vaults().lines())


@TABLE.add("vault_get")
async def get_vault(backend: Backend, vault: str) -> VaultDetails:
    """Return a vault by its name: epoch, books, rules, and its account on L2."""
    return await backend.vaults().details(vault)


@TABLE.add("vault_getEpoch")
async def get_epoch(backend: Backend, vault: str) -> Epoch:
    """Return the running epoch of a vault."""
    return (await backend.vaults().details(vault)).epoch


@TABLE.add("vault_getRequests")
async def get_requests(backend: Backend, vault: str, controller: Address) -> Requests:
    """Return what a controller has queued, can claim, and holds."""
    return await backend.vaults().requests(vault, bytes.fromhex(controller[2:]))


@TABLE.add("vault_getHistory")
async def get_history(backend: Backend, vault: str) -> History:
    """Return every epoch: what was sold, for which premium, what was paid out, and the close.

    Read from the events on L1 for each call, and from the states that this node has executed.
    """
    return await backend.vaults().history(vault)
