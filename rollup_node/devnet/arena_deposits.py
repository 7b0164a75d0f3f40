"""The money that named users bring to a market of the arena: an account each, and USDC in it."""

from typing import Final

from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.markets import USDC_UNIT
from rollup_node.l1.contracts import Contract, ContractClient

USDC: Final = 0
Stakes = tuple[tuple[str, int], ...]
"""Named users and what they bring, whole USDC; the first one gets account 1."""


def deposit_stakes(world: ArenaWorld, stakes: Stakes) -> None:
    """Open an account for each user, then let them deposit: as many delayed messages."""
    client = ContractClient(world.anvil.url)
    bridge = Contract(client, "Bridge", world.rollup.address("bridge"))
    for name, _ in stakes:
        bridge.send(accounts()[name].address, "openAccount", checksum(accounts()[name].address))
    client.close()
    for number, (name, amount) in enumerate(stakes, start=1):
        deposit(world, name, number, amount)


def deposit(world: ArenaWorld, name: str, account: int, amount: int) -> None:
    """Deposit whole USDC of a named user."""
    client, owner = ContractClient(world.anvil.url), accounts()[name].address
    bridge = Contract(client, "Bridge", world.rollup.address("bridge"))
    token = Contract(client, "TestUSDC", world.rollup.address("usdc"))
    token.send(owner, "approve", checksum(bridge.address), amount * USDC_UNIT)
    bridge.send(owner, "depositToken", USDC, account, amount * USDC_UNIT)
    client.close()
