"""Deploys the contracts and writes addresses.json, rollup.json and accounts.json.

Every address is known before the first transaction (CREATE of the deployer's next nonces), so the
contracts take each other as constructor arguments and none needs an initializer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rollup_node.devnet import vaults
from rollup_node.devnet.failure import DevnetError
from rollup_node.devnet.jsonrpc import JsonRpc
from rollup_node.devnet.keys import MNEMONIC, PUBLISHERS, USERS, accounts, checksum
from rollup_node.devnet.manifest import L1_CHAIN_ID, L2_CHAIN_ID, Manifest
from rollup_node.devnet.markets import dated_messages, initial_messages
from rollup_node.devnet.rundir import RunDir, read_json, write_json
from rollup_node.l1.contracts import Contract, ContractClient, create_address
from rollup_node.l1.shipped import load_artifact
from rollup_node.ports import EnvironmentMissingError
from rollup_node.proof.chain_state import ChainState


@dataclass(frozen=True, slots=True)
class Asset:
    """One collateral asset, numbered as S-3 says; `token` names its contract, `None` for ETH."""

    id: int
    symbol: str
    decimals: int
    contract: str | None
    artifact: str = ""


ASSETS: Final = (
    Asset(0, "USDC", 6, "usdc", "TestUSDC"),
    Asset(1, "ETH", 18, None),
    Asset(2, "TBTC", 18, "tbtc", "TestBTC"),
)
STEP_CONTRACTS: Final = (
    "AccountSteps",
    "DepositSteps",
    "OrderSteps",
    "MatchSteps",
    "PriceSteps",
    "RiskSteps",
    "LiquidationSteps",
    "KeySteps",
    "MarketSteps",
    "ReplaceSteps",
    "LegSteps",
    "SweepSteps",
    "RepriceSteps",
    "SettlementSteps",
    "AuctionSteps",
    "TriggerSteps",
    "MoveSteps",
    "OptionSteps",
    "StrikeSteps",
    "RfqSteps",
    "SaleSteps",
)
"""The step contract of each family, in the order of contracts/src/types/Family.sol.

One that gets a body which it does not know answers that it is undecodable.
"""

FAUCET_UNITS: Final = 1_000_000
"""Whole tokens that each user account gets of each token."""


@dataclass(frozen=True, slots=True)
class Creation:
    """One contract to create: its name in addresses.json, its artifact, its own arguments."""

    key: str
    artifact: str
    arguments: Mapping[str, Any]


def deploy(l1: JsonRpc, manifest: Manifest, run_dir: RunDir) -> None:
    """Create all contracts, hand out test tokens, and write the files of the run directory.

    Raises
    ------
    DevnetError
        If a contract lands on another address than the others were told.
    TransactionReverted
        If a constructor reverts.
    """
    client = ContractClient(l1.url)
    deployer = accounts()["deployer"].address
    first = int(l1.call("eth_getTransactionCount", checksum(deployer), "latest"), 16)
    genesis_block = l1.call("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - JSON-RPC
    opened_at = int(genesis_block["timestamp"], 16)
    plan = creations(_opening(manifest, opened_at))
    if manifest.vaults:
        plan.append(Creation(vaults.WETH, "WrappedEther", {}))
        plan += [Creation(vault.strategy, "VaultStrategy", {}) for vault in vaults.VAULTS]
        plan += [Creation(vault.key, "OptionVault", {}) for vault in vaults.VAULTS]
    addresses = {
        creation.key: create_address(deployer, first + index) for index, creation in enumerate(plan)
    }
    own = vaults.constructor_arguments(manifest.profile, addresses)
    values = shared_arguments(manifest, addresses)
    for creation in plan:
        arguments = {**values, **creation.arguments, **own.get(creation.key, {})}
        create(client, creation, arguments, addresses[creation.key])
    addresses |= vaults.read_shares(client, addresses)
    hand_out(client, addresses)
    if manifest.people:
        vaults.enter_depositors(client, addresses)
    chain = Contract(client, "AssertionChain", addresses["assertion_chain"])
    texts = {key: checksum(address) for key, address in addresses.items()}
    write_json(run_dir.accounts, describe_accounts(), private=True)
    write_json(run_dir.addresses, texts)
    write_json(
        run_dir.rollup,
        describe_rollup(manifest, texts, genesis_block, chain.call("configHash")),
    )


def create(
    client: ContractClient, creation: Creation, values: Mapping[str, Any], expected: bytes
) -> None:
    """Send one creation and compare the address."""
    names = constructor_names(creation.artifact)
    deployer = accounts()["deployer"].address
    arguments = {name: values[name] for name in names}
    created = client.create(creation.artifact, deployer, arguments).contract_address or b""
    if created != expected:
        raise DevnetError(
            f"address of {creation.artifact}: 0x{created.hex()} != {checksum(expected)}"
        )


def check_deployed(l1: JsonRpc, run_dir: RunDir) -> None:
    """Raise unless the resumed L1 has the contracts of addresses.json.

    Raises
    ------
    EnvironmentMissingError
        If it does not, for example because the state of the L1 was deleted.
    """
    for key, address in read_json(run_dir.addresses).items():
        if l1.call("eth_getCode", address, "latest") == "0x":
            raise EnvironmentMissingError(
                f"contract {key} is not at {address}: the state of the L1 is lost; "
                "`strikenet down --purge` starts afresh"
            )


def opening_messages(opened_at: int, *, options: bool = True) -> list[bytes]:
    """Return what the governor says while it is deployed (unix seconds): the devnet's markets."""
    publishers = [accounts()[name].address for name in PUBLISHERS]
    return initial_messages(publishers, options=options) + dated_messages(opened_at)


def _opening(manifest: Manifest, opened_at: int) -> list[bytes]:
    return opening_messages(opened_at, options=manifest.options) if manifest.markets else []


def creations(initial: Sequence[bytes] = ()) -> list[Creation]:
    """Return all contracts in order of creation; `initial` is what the governor says at once."""
    tokens = [Creation(asset.contract, asset.artifact, {}) for asset in ASSETS if asset.contract]
    return [
        *tokens,
        Creation("inbox", "Inbox", {}),
        Creation("governor", "Governor", {"initial": list(initial)}),
        Creation("bridge", "Bridge", {}),
        Creation("blob_importer", "BlobImporter", {}),
        *(Creation(_key(name), name, {}) for name in dict.fromkeys(STEP_CONTRACTS)),
        Creation("step_verifier", "StepVerifier", {}),
        Creation("stake_pool", "StakePool", {}),
        Creation("challenge_game", "ChallengeGame", {}),
        Creation("exit_mode", "ExitMode", {}),
        Creation("assertion_chain", "AssertionChain", {}),
    ]


def shared_arguments(manifest: Manifest, addresses: Mapping[str, bytes]) -> dict[str, Any]:
    """Return every constructor argument by the name that the contracts give it."""
    profile = manifest.profile
    named = {name: account.address for name, account in accounts().items()}
    return {
        "bridge": addresses["bridge"],
        "inbox": addresses["inbox"],
        "governor": addresses["governor"],
        "assertionChain": addresses["assertion_chain"],
        "verifier": addresses["step_verifier"],
        "stakePool": addresses["stake_pool"],
        "challengeGame": addresses["challenge_game"],
        "exitMode": addresses["exit_mode"],
        "blobImporter": addresses["blob_importer"],
        "stepFamilies": [addresses[_key(name)] for name in STEP_CONTRACTS],
        "tokens": [addresses[asset.contract] if asset.contract else bytes(20) for asset in ASSETS],
        "initialOwner": named["deployer"],
        "posters": [named["batch_poster"]],
        "guardian": named["guardian"],
        "l2ChainId": L2_CHAIN_ID,
        "genesisStateRoot": ChainState().root(),
        "historyHeight": profile.history_height,
        "confirmPeriodSeconds": profile.confirm_period_seconds,
        "rivalDelaySeconds": profile.rival_delay_seconds,
        "exitAfterSeconds": profile.exit_after_seconds,
        "exitClaimSeconds": profile.exit_claim_seconds,
        "forceAfterSeconds": profile.force_after_seconds,
        "forceFastAfterSeconds": profile.force_fast_after_seconds,
        "governorDelaySeconds": profile.governor_delay_seconds,
        "maxPastSeconds": profile.max_past_seconds,
        "maxFutureSeconds": profile.max_future_seconds,
        "maturitySeconds": profile.maturity_seconds,
        "maxPauseSeconds": profile.max_pause_seconds,
        "stakeWei": profile.stake_wei,
        "tariffGasPriceWei": profile.tariff_gas_price_wei,
    }


def hand_out(client: ContractClient, addresses: Mapping[str, bytes]) -> None:
    """Give every user account test tokens."""
    deployer = accounts()["deployer"].address
    for asset in ASSETS:
        if asset.contract:
            token = Contract(client, asset.artifact, addresses[asset.contract])
            for name in USERS:
                amount = FAUCET_UNITS * 10**asset.decimals
                token.send(deployer, "mint", accounts()[name].address, amount)


def describe_accounts() -> dict[str, Any]:
    """Return the content of accounts.json."""
    return {
        "warning": "public test keys: never send real money to these addresses",
        "mnemonic": MNEMONIC,
        "accounts": [
            {
                "name": account.name,
                "address": checksum(account.address),
                "private_key": f"0x{account.private_key.hex()}",
            }
            for account in accounts().values()
        ],
    }


def describe_rollup(
    manifest: Manifest,
    addresses: Mapping[str, str],
    genesis_block: Mapping[str, Any],
    config_hash: bytes,
) -> dict[str, Any]:
    """Return the content of rollup.json: what every node and client agrees on."""
    profile = manifest.profile
    return {
        "l1_chain_id": L1_CHAIN_ID,
        "l2_chain_id": L2_CHAIN_ID,
        "profile": profile.name,
        "contracts": addresses,
        "assets": [
            {
                "id": asset.id,
                "symbol": asset.symbol,
                "decimals": asset.decimals,
                "token": addresses[asset.contract] if asset.contract else checksum(bytes(20)),
            }
            for asset in ASSETS
        ],
        "genesis": {
            "l1_block": int(genesis_block["number"], 16),
            "l1_hash": genesis_block["hash"],
            "state_root": f"0x{ChainState().root().hex()}",
        },
        "vaults": vaults.describe_vaults(addresses),
        "config_hash": f"0x{config_hash.hex()}",
        "parameters": {
            "history_height": profile.history_height,
            "confirm_period_seconds": profile.confirm_period_seconds,
            "rival_delay_seconds": profile.rival_delay_seconds,
            "exit_after_seconds": profile.exit_after_seconds,
            "exit_claim_seconds": profile.exit_claim_seconds,
            "force_after_seconds": profile.force_after_seconds,
            "force_fast_after_seconds": profile.force_fast_after_seconds,
            "governor_delay_seconds": profile.governor_delay_seconds,
            "max_past_seconds": profile.max_past_seconds,
            "max_future_seconds": profile.max_future_seconds,
            "maturity_seconds": profile.maturity_seconds,
            "max_pause_seconds": profile.max_pause_seconds,
            "stake_wei": profile.stake_wei,
            "tariff_gas_price_wei": profile.tariff_gas_price_wei,
        },
    }


def _key(artifact: str) -> str:
    """Return the name of a step contract in addresses.json, such as `account_steps`."""
    return artifact.removesuffix("Steps").lower() + "_steps"


def constructor_names(artifact: str) -> list[str]:
    """Return the names of the constructor's arguments in order."""
    for entry in load_artifact(artifact).abi:
        if entry["type"] == "constructor":
            return [str(item["name"]) for item in entry["inputs"]]
    return []
