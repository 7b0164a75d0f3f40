"""Senders that get in the way of a process: one dies, others copy what they see."""

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
class Copier:
    """Sends the calls of others as its own; pays its own stake, if it copies a claim."""

    sender: RpcSender
    stake_wei: int = 0
    moves: int = 0
    errors: set[str] = field(default_factory=set)

    async def copy(self, contract: str, function: str, arguments: Sequence[object]) -> None:
        if function in ("claim", "withdrawStake", "createAssertion") and not self.stake_wei:
            return
        value = self.stake_wei if function == "createAssertion" else 0
        try:
            await self.sender.send(contract, function, *arguments, value_wei=value)
            self.moves += 1
        except TransactionReverted as error:
            self.errors.add(error.name)


@dataclass
class Preceded:
    """A sender each of whose calls somebody else makes first."""

    sender: RpcSender
    runner: Copier

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
        await self.runner.copy(contract, function, arguments)
        return await self.sender.send(
            contract, function, *arguments, value_wei=value_wei, blobs=blobs
        )


class Followed(Preceded):
    """A sender each of whose calls somebody else repeats."""

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
        await self.runner.copy(contract, function, arguments)
        return receipt
