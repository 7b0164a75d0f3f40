"""Senders that change how a call reaches L1: through a contract that refuses money, or too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollup_node.devnet.arena_world import ArenaWorld
from rollup_node.devnet.dispute_ledger import L1Call, LedgerSender
from rollup_node.l1.contracts import create_address
from rollup_node.l1.reader import to_int
from rollup_node.ports import L1Receipt, TransactionReverted

_NOT_COPIED: Final = ("claim", "withdrawStake", "advanceStake")
_CLAIM: Final = "createAssertion"
_GAS: Final = 15_000_000
_THROUGH_GAS: Final = 2_000_000

GRIEF_CODE: Final = bytes.fromhex(
    "603380600b6000396000f3"  # returns the 51 bytes that follow
    "603f3611600b57600080fd"  # less than 64 bytes of input, such as a payment: revert
    "5b6040360380604060003760006000"  # the input after 64 bytes goes to memory
    "826000602035600035"  # to the address and with the value that stand before it
    "5af1603157"
    "3d6000803e3d6000fd"  # a failure is passed on
    "5b00"
)
"""A contract that makes any call for its caller and refuses every payment."""


@dataclass
class Contract:
    """An account that is a contract; `owner` signs and pays the gas."""

    owner: LedgerSender
    address: bytes

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),  # noqa: ARG002 - a contract posts no blobs
    ) -> L1Receipt:
        """Have the contract make a call; see `L1Sender.send`."""
        call = L1Call(contract, function, arguments, value_wei)
        move, receipt = await self.owner.send_raw(call, _THROUGH_GAS, self.address)
        if move.error:
            raise TransactionReverted(f"{contract}.{function}", move.error)
        return receipt


async def deploy_grief(world: ArenaWorld, owner: LedgerSender) -> bytes:
    """Create the contract that refuses payments and return its address."""
    who = "0x" + owner.address.hex()
    nonce = to_int(await world.client.call("eth_getTransactionCount", who, "latest"))
    request = {"from": who, "data": "0x" + GRIEF_CODE.hex()}
    await world.client.call("anvil_impersonateAccount", who)
    await world.client.call("eth_sendTransaction", request)
    return create_address(owner.address, nonce)


@dataclass
class FrontRun:
    """An honest sender whose every move is copied and mined right before it.

    The move was tried when it was still good, so it is mined after its copy and costs its gas if
    L1 refuses it by then. What concerns a stake is not copied, but for claims if `copies_claims`:
    then the runner pays the stake that the call brings.
    """

    inner: LedgerSender
    runner: LedgerSender
    copies_claims: bool = False

    @property
    def address(self) -> bytes:
        """Return the account that signs."""
        return self.inner.address

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> L1Receipt:
        """Send a call after its copy; see `L1Sender.send`."""
        if function in _NOT_COPIED or (function == _CLAIM and not self.copies_claims):
            return await self.inner.send(
                contract, function, *arguments, value_wei=value_wei, blobs=blobs
            )
        call = L1Call(contract, function, arguments, value_wei)
        await self.inner.check(call)
        await self.runner.send_raw(call, _GAS)
        move, receipt = await self.inner.send_raw(call, _GAS)
        if move.error:
            raise TransactionReverted(f"{contract}.{function}", move.error)
        return receipt
