"""What a devnet consists of, as plain data: parameters, ports, nodes and their accounts."""

from dataclasses import dataclass
from typing import Final, Literal

from rollup_node.devnet.profiles import Profile

BatchData = Literal["calldata", "blob", "alternate"]

L1_CHAIN_ID: Final = 31_337
L2_CHAIN_ID: Final = 313_371
ORACLE: Final = "oracle"
TAKERS: Final = "takers"
NODES: Final = ("sequencer", "batch_poster", "proposer", "verifier", "challenger")


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node process; it acts on L1 with the account of the same name."""

    name: str
    port: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is decided before the first process starts."""

    profile: Profile
    seed: int
    l1_port: int
    nodes: tuple[NodePlan, ...]
    batch_data: BatchData
    batch_max_age_ms: int = 1_000
    batch_max_bytes: int = 100_000
    block_interval_ms: int = 250
    snapshot_every_records: int = 10_000
    snapshot_kept_records: int = 5_000
    markets: bool = False
    """Whether the exchange opens with the markets of `devnet/markets.py`."""
    options: bool = True
    """Whether these markets have options, which the keeper lists then."""
    vaults: bool = False
    """Whether there are the option vaults of `devnet/vaults.py`, and a keeper that turns them."""
    people: bool = False
    """Whether these vaults have depositors from the start, and takers who buy what they sell."""
    background_idle: bool = False
    """Whether all nodes but the sequencer run only on processors left free (Linux)."""

    prices: str = "default"
    """The script of the market, as `devnet/price_script.py` reads it."""
    oracle_port: int = 0
    """Port of the oracle; there is none unless the devnet has markets."""

    def node(self, name: str) -> NodePlan:
        """Return the plan of the node called `name`."""
        return next(plan for plan in self.nodes if plan.name == name)
