"""The tricks of each fault: what is sent beside or in place of a dishonest claim, and when."""

from collections.abc import Callable
from typing import Final

from rollup_node.devnet.arena import Fight
from rollup_node.devnet.dispute_ledger import LedgerSender
from rollup_node.node.players import Player

_Make = Callable[[Fight, LedgerSender], list[Player]]
_TRICKS: Final[dict[str, _Make]] = {}


def make_tricks(fight: Fight, sender: LedgerSender) -> list[Player]:
    """Return the tricks of the fault of a fight, none for most."""
    make = _TRICKS.get(fight.case.fault.name)
    return [] if make is None else make(fight, sender)
