"""Money of a case: what each party has before and after, what the pool did, and that it adds up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from rollup_node.codec.delayed import decode_message
from rollup_node.core.account_leaves import Positions
from rollup_node.core.inputs import Deposit
from rollup_node.core.leaves import Balances
from rollup_node.core.market_leaves import Credit, Pools
from rollup_node.devnet.arena_desk import Desk
from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.l1.reader import to_bytes, to_int

_ZERO: Final = bytes(32)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Purse:
    """What an account has: ether, credit in the pool, and a stake that stands."""

    ether_wei: int
    credit_wei: int
    stake_wei: int

    @property
    def total_wei(self) -> int:
        """Return all of it."""
        return self.ether_wei + self.credit_wei + self.stake_wei


async def read_purses(world: ArenaWorld, addresses: Mapping[_T, bytes]) -> dict[_T, Purse]:
    """Return the purse of each account by its key."""
    found = {}
    for name, address in addresses.items():
        balance = await world.client.call("eth_getBalance", "0x" + address.hex(), "latest")
        (credit,) = await world.reader.call("stake_pool", "claimable", address)
        (staked,) = await world.reader.call("assertion_chain", "stakedOn", address)
        stake = world.rollup.parameters.stake_wei if staked != _ZERO else 0
        found[name] = Purse(to_int(balance), credit, stake)
    return found


@dataclass(frozen=True, slots=True)
class PoolMoves:
    """What the stake pool did since a block, in wei, by event."""

    locked_wei: int
    refunded_wei: int
    seized_burnt_wei: int
    settler_wei: int
    tariffs_wei: int
    pots_burnt_wei: int
    claimed_wei: int
    seizures: int


async def read_pool(world: ArenaWorld, first_block: int) -> PoolMoves:
    """Return what the stake pool did from a block on."""
    handle = world.reader.handle("stake_pool")
    query = {
        "fromBlock": hex(first_block),
        "toBlock": "latest",
        "address": "0x" + handle.address.hex(),
    }
    sums: Counter[str] = Counter()
    for log in await world.client.call("eth_getLogs", query):
        topics = [to_bytes(topic) for topic in log["topics"]]
        event = handle.decode_event(topics, to_bytes(log["data"]))
        if event is None:
            continue
        values = event.arguments
        sums[event.name] += values.get("amount", values.get("burnt", 0))
        sums["reward"] += values.get("reward", 0)
        sums["seizures"] += event.name == "BondBurned"
    return PoolMoves(
        locked_wei=sums["BondLocked"],
        refunded_wei=sums["BondRefunded"],
        seized_burnt_wei=sums["BondBurned"],
        settler_wei=sums["reward"],
        tariffs_wei=sums["TariffPaid"],
        pots_burnt_wei=sums["PotBurned"],
        claimed_wei=sums["Claimed"],
        seizures=sums["seizures"],
    )


async def check_pool(world: ArenaWorld) -> dict[str, Any]:
    """Return the sums of the pool and whether ether received equals where it went (D-13)."""
    values = {}
    for name in ("locked", "pots", "owed", "burnt"):
        (values[name],) = await world.reader.call("stake_pool", name)
    moves = await read_pool(world, 0)
    address = world.reader.handle("stake_pool").address
    held = to_int(await world.client.call("eth_getBalance", "0x" + address.hex(), "latest"))
    out = sum(values.values()) + moves.claimed_wei
    return {
        **{f"{name}_wei": value for name, value in values.items()},
        "claimed_wei": moves.claimed_wei,
        "received_wei": moves.locked_wei,
        "conserved": moves.locked_wei == out
        and held == values["locked"] + values["pots"] + values["owed"],
    }


async def custody_equals_claims(world: ArenaWorld, desk: Desk) -> bool:
    """Tell whether the bridge holds what balances, outbox and waiting deposits add up to.

    And what the exchange itself holds: pools and deficit, and what its positions cost (M-1).
    """
    replica, derivation = desk.replica, desk.l1.derivation
    leaves = [replica.state.get(key) for key in replica.state.keys()]  # noqa: SIM118 - no mapping
    held = [leaf for leaf in leaves if isinstance(leaf, Balances)]
    outbox = replica.withdrawals()
    waiting = list(_deposits(derivation.messages[derivation.consumed :]))
    for asset in world.rollup.assets:
        owed = sum(leaf.amounts[asset.id] for leaf in held)
        owed += sum(entry.amount for _, entry in outbox if entry.asset == asset.id)
        owed += sum(deposit.amount for deposit in waiting if deposit.asset == asset.id)
        owed += 0 if asset.id else sum(map(_exchange_usdc, leaves))
        (custody,) = await world.reader.call("bridge", "custody", asset.id)
        if custody != owed:
            return False
    return True


def _exchange_usdc(leaf: object) -> int:
    """Return what a leaf adds to the claims on USDC beside cash. Source: docs/spec.md M-1."""
    if isinstance(leaf, Pools):
        return leaf.fees + sum(leaf.insurance)
    if isinstance(leaf, Positions):
        return sum(row.lots * row.funding_index - row.basis for row in leaf.rows)
    return -leaf.deficit if isinstance(leaf, Credit) else 0


def _deposits(messages: Iterable[Any]) -> Iterable[Deposit]:
    for message in messages:
        decoded = decode_message(message)
        if isinstance(decoded, Deposit):
            yield decoded
