"""Configurations of a node that has no L1."""

from pathlib import Path

from rollup_node.node.config import Asset, Genesis, NodeConfig, Parameters, RollupConfig

_ZERO = "0x" + "00" * 32


def make_configs(folder: Path, *, devnet: bool) -> tuple[NodeConfig, RollupConfig]:
    config = NodeConfig(
        name="test",
        roles=("sequencer",),
        l1_url="",
        port=0,
        data_dir=folder,
        rollup=folder,
        devnet=devnet,
    )
    parameters = Parameters(
        history_height=12,
        confirm_period_seconds=1,
        force_after_seconds=1,
        force_fast_after_seconds=1,
        max_past_seconds=1,
        max_future_seconds=1,
        maturity_seconds=1,
        stake_wei=0,
        rival_delay_seconds=60,
        exit_after_seconds=3_600,
        exit_claim_seconds=3_600,
        tariff_gas_price_wei=1,
    )
    assets = (Asset(0, "USDC", 6, "0x" + "aa" * 20), Asset(1, "ETH", 18, "0x" + "00" * 20))
    contracts = {"bridge": "0x" + "b1" * 20}
    genesis = Genesis(0, _ZERO, _ZERO)
    rollup = RollupConfig(
        l1_chain_id=31337,
        l2_chain_id=313371,
        contracts=contracts,
        assets=assets,
        genesis=genesis,
        config_hash=_ZERO,
        parameters=parameters,
    )
    return config, rollup
