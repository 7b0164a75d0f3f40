"""The scenes that an arena may be set in: who opens them, and what their cases fight about."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Protocol

from rollup_node.devnet.arena_market import MarketScene
from rollup_node.devnet.arena_settlement import SettlementScene
from rollup_node.devnet.arena_vault import VaultScene
from rollup_node.devnet.arena_world import (
    ArenaWorld,
    append_forced,
    cut_everything,
    open_accounts,
)
from rollup_node.devnet.faults.catalogue import SceneName


class Scene(Protocol):
    """An L2 in three acts; `markets` says whether the governor opens the devnet's markets first."""

    markets: ClassVar[bool]

    async def open(self, world: ArenaWorld, /) -> None:
        """Cut the first item, whose claim is confirmed before any case."""

    async def cut(self, world: ArenaWorld, /) -> None:
        """Cut the items that the cases are about."""

    async def append(self, world: ArenaWorld, /) -> None:
        """Append what no poster posts."""


class MoneyScene:
    """Accounts that move money: every kind of record and message of the spine."""

    markets: ClassVar[bool] = False

    async def open(self, world: ArenaWorld) -> None:
        """Open three accounts."""
        await open_accounts(world)

    async def cut(self, world: ArenaWorld) -> None:
        """Cut a long batch, a void one and a short one."""
        await cut_everything(world)

    async def append(self, world: ArenaWorld) -> None:
        """Force a message in."""
        await append_forced(world)


SCENES: Final[Mapping[SceneName, Callable[[], Scene]]] = {
    "money": MoneyScene,
    "market": MarketScene,
    "settlement": SettlementScene,
    "vault": VaultScene,
}
