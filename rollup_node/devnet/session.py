"""A client of a running devnet: its L1, its nodes, its contracts, and the people with accounts."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from rollup_node.codec.eip712 import domain_separator
from rollup_node.core.layout import BRIDGE_ACCOUNT_LIMIT
from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.jsonrpc import JsonRpc, RpcError
from rollup_node.devnet.keys import USERS, Account, accounts, checksum
from rollup_node.devnet.rundir import RunDir, read_json
from rollup_node.devnet.vaults import coin_artifact
from rollup_node.l1.contracts import Contract, ContractClient
from rollup_node.ports import InputError

_ADDRESS_TEXT = 42


@dataclass(frozen=True, slots=True)
class Asset:
    """One collateral asset; `token` is `None` for ETH."""

    id: int
    symbol: str
    decimals: int
    token: bytes | None

    def parse(self, text: str) -> int:
        """Return an amount such as `1.5` in the smallest unit, exactly.

        Raises
        ------
        InputError
            If it is no positive number or has more digits than the asset.
        """
        try:
            units = Decimal(text).scaleb(self.decimals)
        except InvalidOperation:
            raise InputError(f"not an amount: {text!r}") from None
        if not units.is_finite() or units <= 0 or units >= 1 << 96:
            raise InputError(f"amount out of range: {text} {self.symbol}")
        if units != units.to_integral_value():
            raise InputError(f"{self.symbol} has {self.decimals} decimals: {text} is finer")
        return int(units)

    def show(self, amount: int) -> str:
        """Return an amount in whole units with its symbol."""
        whole = Decimal(amount).scaleb(-self.decimals).normalize()
        return f"{whole:,f} {self.symbol}"


@dataclass(frozen=True, slots=True)
class Party:
    """An L2 account; `owner` is known if it is one of the named ones."""

    id: int
    name: str
    address: bytes
    owner: Account | None


@dataclass(frozen=True, slots=True)
class OptionVault:
    """One option vault: its contract, the token of its shares, the token that it takes."""

    name: str
    contract: Contract
    share: Contract
    strategy: Contract
    coin: Contract
    asset: Asset
    is_call: bool

    @property
    def shares(self) -> Asset:
        """Return how amounts of shares are written: six decimals more than the asset."""
        return Asset(self.asset.id, "shares", self.asset.decimals + 6, self.share.address)


class Session:
    """What commands and stories use; made from the files of a run directory that is running."""

    def __init__(self, run_dir: RunDir) -> None:
        self.run_dir = run_dir
        self.state = run_dir.running()
        self.rollup = read_json(run_dir.rollup)
        self.l1 = JsonRpc(self.state["l1"]["url"])
        self.nodes = {node["name"]: JsonRpc(node["url"]) for node in self.state["nodes"]}
        addresses = {key: bytes.fromhex(text[2:]) for key, text in self.rollup["contracts"].items()}
        self._contracts = ContractClient(self.l1.url)
        self.inbox = Contract(self._contracts, "Inbox", addresses["inbox"])
        self.bridge = Contract(self._contracts, "Bridge", addresses["bridge"])
        self.chain = Contract(self._contracts, "AssertionChain", addresses["assertion_chain"])
        self.pool = Contract(self._contracts, "StakePool", addresses["stake_pool"])
        self.exit_mode = Contract(self._contracts, "ExitMode", addresses["exit_mode"])
        self.domain = domain_separator(self.rollup["l2_chain_id"], addresses["bridge"])
        self.assets = [
            Asset(
                asset["id"],
                asset["symbol"],
                asset["decimals"],
                bytes.fromhex(asset["token"][2:]) if int(asset["token"], 16) else None,
            )
            for asset in self.rollup["assets"]
        ]
        self.vaults = [self._vault(found) for found in self.rollup.get("vaults", ())]

    def close(self) -> None:
        """Close all connections; a call opens them again."""
        for client in (self.l1, *self.nodes.values()):
            client.close()
        self._contracts.close()

    @property
    def sequencer(self) -> JsonRpc:
        """Return the node that takes transactions."""
        return self.nodes["sequencer"]

    @property
    def verifier(self) -> JsonRpc:
        """Return the node that derives the L2 from L1 alone."""
        return self.nodes["verifier"]

    def asset(self, symbol: str) -> Asset:
        """Return an asset by its symbol, in any case.

        Raises
        ------
        InputError
            If there is none.
        """
        for asset in self.assets:
            if asset.symbol == symbol.upper():
                return asset
        known = ", ".join(asset.symbol for asset in self.assets)
        raise InputError(f"no asset {symbol!r}: one of {known}")

    def vault(self, name: str) -> OptionVault:
        """Return an option vault by its name.

        Raises
        ------
        InputError
            If there is none.
        """
        for vault in self.vaults:
            if vault.name == name:
                return vault
        known = ", ".join(vault.name for vault in self.vaults)
        here = f"one of {known}" if known else "this devnet has none, `up --profile vaults` has"
        raise InputError(f"no vault {name!r}: {here}")

    def token(self, asset: Asset) -> Contract:
        """Return the token contract of an asset that is not ETH."""
        if asset.token is None:
            raise InputError(f"{asset.symbol} is not a token")
        return Contract(self._contracts, "TestBTC", asset.token)

    def party(self, text: str, *, open_it: bool = False) -> Party:
        """Find the L2 account of a name, an address, or an account number.

        Parameters
        ----------
        open_it
            Register an account for a name or an address that has none.

        Raises
        ------
        InputError
            If there is no such account.
        """
        if text.isdecimal():
            return self._party(int(text), self._owner_of(int(text)))
        address = address_of(text)
        number = self.bridge.call("firstAccount", checksum(address))
        if number == 0 and open_it:
            payer = accounts().get(text, accounts()["alice"])
            receipt = self.bridge.send(payer.address, "openAccount", checksum(address))
            number = self.bridge.events(receipt, "AccountOpened")[0]["account"]
        if number == 0:
            raise InputError(
                f"{text} has no account yet: `strikenet deposit --to {text}` opens one"
            )
        return self._party(number, address)

    def l1_time(self) -> int:
        """Return the time of the newest L1 block, unix seconds."""
        return int(self.l1.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)  # noqa: FBT003

    def time_of(self, block: int) -> int:
        """Return the time of an L1 block, unix seconds."""
        return int(self.l1.call("eth_getBlockByNumber", hex(block), False)["timestamp"], 16)  # noqa: FBT003

    def l1_balance(self, asset: Asset, address: bytes) -> int:
        """Return what an address holds on L1."""
        if asset.token is None:
            return int(self.l1.call("eth_getBalance", checksum(address), "latest"), 16)
        return int(self.token(asset).call("balanceOf", checksum(address)))

    def l2_account(self, number: int, node: JsonRpc | None = None) -> dict[str, Any]:
        """Return an account as a node sees it now."""
        answer: dict[str, Any] = (node or self.sequencer).call("rollup_getAccount", number)
        return answer

    def _owner_of(self, number: int) -> bytes:
        """Return whose account it is: L2 decides, the bridge knows who will own what is not open.

        Numbers of the upper half are opened on L2, and accounts of both halves are sold there.
        """
        for node in (self.sequencer, self.verifier):
            try:
                return bytes.fromhex(self.l2_account(number, node)["owner"][2:])
            except NotReadyError:
                continue
            except RpcError as error:
                if error.reason != "NOT_FOUND":
                    raise
        if number < BRIDGE_ACCOUNT_LIMIT:
            address = bytes.fromhex(self.bridge.call("accountOwner", number)[2:])
            if any(address):
                return address
        raise InputError(f"no account {number} on L2 or on the bridge")

    def _vault(self, found: dict[str, Any]) -> OptionVault:
        def contract(artifact: str, part: str) -> Contract:
            address = self.rollup["contracts"][found[part]]
            return Contract(self._contracts, artifact, bytes.fromhex(address[2:]))

        token = bytes.fromhex(found["token"][2:])
        coin = coin_artifact(is_call=found["is_call"])
        return OptionVault(
            found["name"],
            contract("OptionVault", "contract"),
            contract("VaultShare", "share"),
            contract("VaultStrategy", "strategy"),
            Contract(self._contracts, coin, token),
            Asset(found["asset"], found["symbol"], found["decimals"], token),
            found["is_call"],
        )

    def _party(self, number: int, address: bytes) -> Party:
        for account in accounts().values():
            if account.address == address:
                return Party(number, account.name, address, account)
        return Party(number, checksum(address), address, None)


def address_of(text: str) -> bytes:
    """Return the address of a name or of hex text.

    Raises
    ------
    InputError
        If it is neither.
    """
    if text in accounts():
        return accounts()[text].address
    if text.startswith("0x") and len(text) == _ADDRESS_TEXT:
        try:
            return bytes.fromhex(text[2:])
        except ValueError:
            pass
    raise InputError(
        f"not a name, an address or an account number: {text!r} (names: {', '.join(USERS)})"
    )
