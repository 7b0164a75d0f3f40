"""How the sale of a vault comes to be bought, be it the one that the keeper sends again."""

import time
from typing import Final

from rollup_node.devnet.actions import WAIT_SECONDS, wait_idle
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.market import move_on
from rollup_node.devnet.session import Session
from rollup_node.devnet.vault_moves import read_phase
from rollup_node.devnet.vault_story.desk import Desk
from rollup_node.devnet.vault_story.market import Market, seconds_until_fair
from rollup_node.devnet.vault_story.state import has_sale, seconds_until_priced
from rollup_node.roles.vault_keeper import VaultPhase

SOLD_SECONDS: Final = 240
"""How long to try: a sale fails if prices are old when L2 has it, and comes again an hour later."""
_MS: Final = 1_000
_POLL_SECONDS: Final = 0.2


def sell(session: Session, market: Market, desk: Desk, part_ppm: int) -> str | None:
    """Wait until a vault is rolled and its sale fair, and buy a part of it.

    Returns
    -------
    str | None
        What was bought; `None` if there was nothing to buy.

    Raises
    ------
    NotReadyError
        If nobody rolls it.
    """
    for _ in Deadline(WAIT_SECONDS, f"the {desk.name} is rolled"):
        if desk.expiry_at():
            break
        _jump(session, seconds_until_priced(session))
    end = time.monotonic() + SOLD_SECONDS
    while time.monotonic() < end:
        sale = market.sale_of(desk.account())
        if sale is None:
            seconds = seconds_until_again(session, desk)
        else:
            seconds = seconds_until_fair(sale.place, session.l1_time() * _MS)
            if not seconds and (met := market.take(sale, part_ppm)):
                return f"{met:,} of {sale.place.lots:,} lots of {sale.name}"
        _jump(session, seconds or seconds_until_priced(session))
        time.sleep(_POLL_SECONDS)
    return None


def _jump(session: Session, seconds: int) -> None:
    """Let time jump if it has to, once L1 has everything.

    Else a message would come too late, and L2 lose what it has confirmed since.
    """
    if seconds:
        wait_idle(session)
        move_on(session, seconds)


def seconds_until_again(session: Session, desk: Desk) -> int:
    """Return the seconds until a sale may come again; 0: it may now, or the last one may run."""
    epoch = desk.call("epoch")
    if has_sale(session, epoch["account"], epoch["lastMessage"]):
        return 0
    if read_phase(desk.vault) not in {VaultPhase.LOCKED, VaultPhase.SALE}:
        return 0
    forced_after = session.rollup["parameters"]["force_after_seconds"]
    return int(forced_after + desk.vault.strategy.call("terms")["saleSeconds"] + 1)
