"""The parties of a contest: an honest node, and dishonest ones made of the same parts."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rollup_node.core.invariant import InvariantViolation
from rollup_node.devnet.arena_desk import Desk
from rollup_node.devnet.failure import DevnetError
from rollup_node.node.players import Player
from rollup_node.ports import (
    L1Sender,
    L1Update,
    RollupError,
    TransactionReverted,
)
from rollup_node.proof.history import HistoryTree

_MOST_ACTS: Final = 40
_MOST_REFUSALS: Final = 2
_MOST_RETRIES: Final = 8

Allowed = Callable[[], Awaitable[bool]]

_logger = logging.getLogger(__name__)


@dataclass
class Gate:
    """A player that may act only when `allowed` says so; the decisions stay those of the player."""

    player: Player
    allowed: Allowed

    def on_l1(self, update: L1Update) -> None:
        """Pass it on."""
        self.player.on_l1(update)

    async def act(self) -> bool:
        """Act if it may."""
        return await self.allowed() and await self.player.act()

    def status(self) -> dict[str, Any]:
        """Return what the player says."""
        return self.player.status()


@dataclass
class Party:
    """Players at one desk, and the senders that pay for what they do."""

    name: str
    desk: Desk
    senders: Sequence[L1Sender]
    players: Sequence[Player]

    async def step(self) -> bool:
        """Follow L1 and act until there is nothing to do; tell whether anything was done."""
        done = False
        for _ in range(_MOST_ACTS):
            await self.desk.catch_up()
            if not await self._act():
                return done
            done = True
        raise DevnetError(f"{self.name} has not become idle after {_MOST_ACTS} turns")

    async def _act(self) -> bool:
        raise NotImplementedError

    @property
    def addresses(self) -> set[bytes]:
        """Return the accounts that it uses."""
        return {sender.address for sender in self.senders}


@dataclass
class HonestParty(Party):
    """An honest node. A refused move is looked at again from what L1 says now, as its loop does."""

    retries: int = 0

    async def _act(self) -> bool:
        busy = False
        for player in self.players:
            try:
                busy = await player.act() or busy
            except TransactionReverted as error:
                self.retries += 1
                _logger.info("%s tries again: %s", self.name, error)
                if self.retries > _MOST_RETRIES:
                    raise
                busy = True
        return busy


@dataclass
class Adversary(Party):
    """A dishonest node. It gives up a player that L1 or its own lies refute again and again.

    An honest node would stop at an `InvariantViolation`; here it is a lie that its maker runs into.
    """

    history: HistoryTree | None = None
    refusals: dict[int, int] = field(default_factory=dict)

    async def _act(self) -> bool:
        busy = False
        for number, player in enumerate(self.players):
            if self.refusals.get(number, 0) >= _MOST_REFUSALS:
                continue
            try:
                busy = await player.act() or busy
            except (RollupError, InvariantViolation, ValueError, LookupError) as error:
                self.refusals[number] = self.refusals.get(number, 0) + 1
                _logger.info("%s is refuted: %s", self.name, error)
        return busy
