"""What depositors do with a vault on L1: request and claim.

Reads and sends go to L1 alone, so all of it works when every node is dead.
"""

from typing import Final, NamedTuple

from rollup_node.devnet.keys import Account, checksum
from rollup_node.devnet.session import OptionVault
from rollup_node.devnet.vaults import request_deposit
from rollup_node.ports import InputError
from rollup_node.roles.vault_keeper import VaultPhase

REQUEST: Final = 0
"""All requests of ERC-7540 have this id here."""
_DEPOSIT: Final = "deposit(uint256,address,address)"
"""ERC-4626 has another function of that name."""


class Standing(NamedTuple):
    """What somebody has in a vault: shares, and what is queued and claimable; smallest units."""

    shares: int
    pending_deposit: int
    claimable_deposit: int
    claimable_shares: int
    pending_redeem: int
    claimable_redeem: int
    claimable_assets: int
    fees: int


class Claimed(NamedTuple):
    """What a claim paid: shares, units of the vault's asset, and of USDC if that is another one."""

    shares: int
    assets: int
    usdc: int
    gas: dict[str, int]


def read_standing(vault: OptionVault, owner: bytes) -> Standing:
    """Read what somebody has in a vault."""
    who, call = checksum(owner), vault.contract.call
    return Standing(
        shares=vault.share.call("balanceOf", who),
        pending_deposit=call("pendingDepositRequest", REQUEST, who),
        claimable_deposit=call("claimableDepositRequest", REQUEST, who),
        claimable_shares=call("maxMint", who),
        pending_redeem=call("pendingRedeemRequest", REQUEST, who),
        claimable_redeem=call("claimableRedeemRequest", REQUEST, who),
        claimable_assets=call("maxWithdraw", who),
        fees=call("feesOf", who),
    )


def read_phase(vault: OptionVault) -> VaultPhase:
    """Read where the epoch of a vault stands."""
    return VaultPhase(vault.contract.call("phase"))


def deposit(vault: OptionVault, owner: Account, amount: int) -> int:
    """Queue a deposit for the next close; ether is wrapped first. Returns the gas of the request.

    Raises
    ------
    TransactionReverted
        If the vault refuses, with the name of its error.
    """
    return request_deposit(vault.contract, vault.coin, owner.address, amount)


def redeem(vault: OptionVault, owner: Account, shares: int) -> int:
    """Queue shares for the next close; return the gas.

    Raises
    ------
    TransactionReverted
        If the vault refuses, with the name of its error.
    """
    who = checksum(owner.address)
    return vault.contract.send(owner.address, "requestRedeem", shares, who, who).gas_used


def claim(vault: OptionVault, owner: Account) -> Claimed:
    """Take all that was converted for somebody, and the fees that were set aside for it.

    Raises
    ------
    InputError
        If there is nothing to take.
    """
    found = take_converted(vault, owner)
    if not found.gas:
        raise InputError(f"{owner.name} has nothing to claim from {vault.name}")
    return found


def take_converted(vault: OptionVault, owner: Account) -> Claimed:
    """Take all that was converted for somebody, and fees, if there is anything."""
    found, who = read_standing(vault, owner.address), checksum(owner.address)
    send, gas = vault.contract.send, dict[str, int]()
    if found.claimable_deposit:
        receipt = send(owner.address, _DEPOSIT, found.claimable_deposit, who, who)
        gas["shares"] = receipt.gas_used
    if found.claimable_redeem:
        gas["assets"] = send(owner.address, "redeem", found.claimable_redeem, who, who).gas_used
    if found.fees:
        gas["fees"] = send(owner.address, "claimFees", who).gas_used
    return Claimed(found.claimable_shares, found.claimable_assets + found.fees, 0, gas)
