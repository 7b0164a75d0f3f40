"""Senders that get in the way of a process: one dies, one is copied."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rollup_node.l1.sender import RpcSender
from rollup_node.ports import L1Receipt, TransactionReverted


class Killed(Exception):  # noqa: N818 - what happened to a process
    """The process is gone."""


@dataclass
class Mortal:
    """A sender whose process dies right after its first transaction was mined."""

    sender: RpcSender

    @property
    def address(self) -> bytes:
        return self.sender.address

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> L1Receipt:
        await self.sender.send(contract, function, *arguments, value_wei=value_wei, blobs=blobs)
        raise Killed(function)


@dataclass
class Followed:
    """A sender each of whose calls somebody else repeats; who is late learns why from L1."""

    sender: RpcSender
    copier: RpcSender
    errors: set[str] = field(default_factory=set)

    @property
    def address(self) -> bytes:
        return self.sender.address

    async def send(
        self,
        contract: str,
        function: str,
        *arguments: object,
        value_wei: int = 0,
        blobs: Sequence[bytes] = (),
    ) -> L1Receipt:
        receipt = await self.sender.send(
            contract, function, *arguments, value_wei=value_wei, blobs=blobs
        )
        if function not in ("claim", "withdrawStake", "createAssertion"):
            try:
                await self.copier.send(contract, function, *arguments)
            except TransactionReverted as error:
                self.errors.add(error.name)
        return receipt
