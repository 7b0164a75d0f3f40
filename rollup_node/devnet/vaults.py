"""The option vaults of the devnet: what they are, how they are made, and who deposits first."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.markets import ETH, MARKETS, USDC_UNIT
from rollup_node.devnet.profiles import Profile
from rollup_node.l1.contracts import Contract, ContractClient
from rollup_node.node.vaults import VaultTerms

WEI: Final = 10**18
WETH: Final = "weth"
WRAPPED: Final = "WrappedEther"
DAY_SECONDS: Final = 86_400


class VaultPlan(NamedTuple):
    """One vault: its name for users, its keys in addresses.json, its share token, its asset.

    `strategy` is the key of the contract that has the terms and works out what comes next, `share`
    that of the token of its shares, which the vault makes itself.
    `asset` is the number at the bridge, `coin` the key of its L1 token; amounts in its unit.
    """

    name: str
    key: str
    strategy: str
    share: str
    title: str
    symbol: str
    is_call: bool
    asset: int
    coin: str
    asset_symbol: str
    decimals: int
    cap: int
    minimum: int
    crank_fee: int


COVERED_CALL: Final = VaultPlan(
    name="covered-call",
    key="covered_call_vault",
    strategy="covered_call_strategy",
    share="covered_call_share",
    title="Strikenet ETH Covered Call",
    symbol="snETHcc",
    is_call=True,
    asset=1,
    coin=WETH,
    asset_symbol="WETH",
    decimals=18,
    cap=10_000 * WEI,
    minimum=WEI // 10,
    crank_fee=WEI // 1_000,
)
CASH_SECURED_PUT: Final = VaultPlan(
    name="cash-secured-put",
    key="cash_secured_put_vault",
    strategy="cash_secured_put_strategy",
    share="cash_secured_put_share",
    title="Strikenet ETH Cash-Secured Put",
    symbol="snETHcsp",
    is_call=False,
    asset=0,
    coin="usdc",
    asset_symbol="USDC",
    decimals=6,
    cap=30_000_000 * USDC_UNIT,
    minimum=100 * USDC_UNIT,
    crank_fee=3 * USDC_UNIT,
)
VAULTS: Final = (COVERED_CALL, CASH_SECURED_PUT)

DEPOSITS: Final = (
    ("alice", COVERED_CALL, 10 * WEI),
    ("bob", COVERED_CALL, 4 * WEI),
    ("carol", CASH_SECURED_PUT, 40_000 * USDC_UNIT),
    ("dave", CASH_SECURED_PUT, 15_000 * USDC_UNIT),
)
"""Who deposits what from the start, where the vaults have people."""

_SPOT: Final = next(market.series for market in MARKETS if market.name == "ETH_USDC")


def vault_terms(plan: VaultPlan, profile: Profile, addresses: Mapping[str, bytes]) -> VaultTerms:
    """Return what a vault is told to be."""
    wait = 2 * profile.confirm_period_seconds + profile.rival_delay_seconds
    return VaultTerms(
        bridge=addresses["bridge"],
        asset=addresses[plan.coin],
        guardian=accounts()["guardian"].address,
        fee_recipient=accounts()["deployer"].address,
        is_call=plan.is_call,
        underlying=ETH,
        spot_series=_SPOT if plan.is_call else 0,
        delta_ppm=250_000,
        max_lots=1_000_000,
        start_ppm=1_030_000,
        reserve_ppm=900_000,
        sale_seconds=3_600,
        max_fee_ppm=1_000,
        slippage_ppm=20_000,
        max_rounds=4,
        min_tenor_seconds=DAY_SECONDS,
        loss_grace_seconds=max(wait, profile.maturity_seconds),
        cap=plan.cap,
        minimum=plan.minimum,
        management_ppm=20_000,
        performance_ppm=100_000,
        crank_fee=plan.crank_fee,
        crank_ppm=2_000,
    )


def constructor_arguments(
    profile: Profile, addresses: Mapping[str, bytes]
) -> dict[str, dict[str, Any]]:
    """Return the arguments of the constructors of all vaults and strategies, by their keys."""
    found: dict[str, dict[str, Any]] = {}
    for plan in VAULTS:
        if plan.key in addresses:
            found[plan.strategy] = {"t": tuple(vault_terms(plan, profile, addresses))}
            names = {"name": plan.title, "symbol": plan.symbol}
            found[plan.key] = {**names, "strategy_": addresses[plan.strategy]}
    return found


def read_shares(client: ContractClient, addresses: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the tokens that the vaults made for their shares, by key."""
    found = {}
    for plan in VAULTS:
        if plan.key in addresses:
            vault = Contract(client, "OptionVault", addresses[plan.key])
            found[plan.share] = bytes.fromhex(vault.call("share")[2:])
    return found


def describe_vaults(addresses: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what rollup.json says of the vaults."""
    return [
        {
            "name": plan.name,
            "contract": plan.key,
            "strategy": plan.strategy,
            "share": plan.share,
            "token": addresses[plan.coin],
            "asset": plan.asset,
            "symbol": plan.asset_symbol,
            "decimals": plan.decimals,
            "is_call": plan.is_call,
        }
        for plan in VAULTS
        if plan.key in addresses
    ]


def enter_depositors(client: ContractClient, addresses: Mapping[str, bytes]) -> None:
    """Queue the first deposits; everybody has ether and test tokens."""
    for name, plan, amount in DEPOSITS:
        vault = Contract(client, "OptionVault", addresses[plan.key])
        coin = Contract(client, coin_artifact(is_call=plan.is_call), addresses[plan.coin])
        request_deposit(vault, coin, accounts()[name].address, amount)


def request_deposit(vault: Contract, coin: Contract, owner: bytes, amount: int) -> int:
    """Queue a deposit of somebody who has tokens, or ether to wrap; return the gas of the request.

    Raises
    ------
    TransactionReverted
        If the vault refuses, with the name of its error.
    """
    who = checksum(owner)
    missing = amount - int(coin.call("balanceOf", who))
    if coin.name == WRAPPED and missing > 0:
        coin.send(owner, "deposit", value=missing)
    coin.send(owner, "approve", checksum(vault.address), amount)
    return vault.send(owner, "requestDeposit", amount, who, who).gas_used


def coin_artifact(*, is_call: bool) -> str:
    """Return the artifact of the token that a vault takes."""
    return WRAPPED if is_call else "TestUSDC"
