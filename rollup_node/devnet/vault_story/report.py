"""What the story came to, as plain data: one object for each epoch, one for the end."""

from dataclasses import asdict
from typing import Any

from rollup_node.devnet.audit import audit, wait_agreement
from rollup_node.devnet.vault_story.audit import Count, count, people, table_of
from rollup_node.devnet.vault_story.desk import Desk
from rollup_node.devnet.vault_story.record import (
    Close,
    Depositor,
    Move,
    Sale,
    Story,
    VaultEpoch,
    VaultLine,
)
from rollup_node.devnet.vault_story.story import Weeks

_PLAIN = ("at", "seconds", "cranks")
"""What is no amount, in a close."""
_WHAT = {
    True: "Holds ETH and sells calls on it: premium, against what ETH gains above the strike.",
    False: "Holds USDC and sells puts on ETH: premium, against what ETH loses below the strike.",
}


def epoch_table(move: Move, found: dict[str, VaultEpoch]) -> dict[str, Any]:
    """Return one epoch of all vaults; amounts as text, since JSON numbers lose digits."""
    return {
        "epoch": move.epoch,
        "shock": move.shock,
        "index_usdc": {"sold": str(move.sold_usdc), "settled": str(move.settled_usdc)},
        "vaults": {name: _vault_epoch(epoch) for name, epoch in found.items()},
    }


def _vault_epoch(epoch: VaultEpoch) -> dict[str, Any]:
    return {
        "epoch": epoch.epoch,
        "generation": epoch.generation,
        "expiry_at": epoch.expiry_at,
        "total_loss": epoch.is_lost,
        "sale": None if epoch.sale is None else _sale(epoch.sale),
        **_close(epoch.close),
        "share_price": f"{epoch.close.price:.12f}",
    }


def _sale(sale: Sale) -> dict[str, Any]:
    return {
        "instrument": sale.instrument,
        "strike_usdc": str(sale.strike_usdc),
        "lots": sale.lots,
        "sold_lots": sale.sold_lots,
        "premium_usdc": str(sale.premium_usdc),
        "payoff_usdc": str(sale.payoff_usdc),
    }


def _close(close: Close) -> dict[str, Any]:
    return {name: value if name in _PLAIN else str(value) for name, value in asdict(close).items()}


def make_story(weeks: Weeks, counts: dict[str, Count], seed: int, *, exact: bool) -> Story:
    """Return all that the page shows."""
    return Story(
        seed,
        tuple(weeks.moves),
        tuple(
            VaultLine(name, _WHAT[desk.vault.is_call], desk.unit, tuple(weeks.epochs[name]))
            for name, desk in weeks.desks.items()
            if weeks.epochs[name]
        ),
        tuple(person for desk in weeks.desks.values() for person in people(desk)),
        custody_equals_claims=exact and all(found.is_exact for found in counts.values()),
    )


def finish(weeks: Weeks, seed: int) -> tuple[Story, dict[str, Any]]:
    """Count everything once; return the story, and the summary."""
    counts = {name: count(desk) for name, desk in weeks.desks.items()}
    block, root = wait_agreement(weeks.session)
    money = audit(weeks.session)
    story = make_story(weeks, counts, seed, exact=money.exact)
    claims_exact = all(person.is_exact for person in story.depositors)
    summary = {
        "epochs": len(weeks.moves),
        "seed": seed,
        "custody_equals_claims": story.custody_equals_claims,
        "claims_are_exact": claims_exact,
        "total_losses": sum(epoch.is_lost for line in story.vaults for epoch in line.epochs),
        "vaults": {name: found.table() for name, found in counts.items()},
        "depositors": [_depositor(person) for person in story.depositors],
        "logs": {name: _log(desk) for name, desk in weeks.desks.items()},
        "custody": money.table(),
        "block": block,
        "state_root": root,
    }
    return story, summary


def _depositor(person: Depositor) -> dict[str, Any]:
    amounts = ("paid_in", "claimed", "expected", "shares", "worth")
    found = asdict(person) | {name: str(getattr(person, name)) for name in amounts}
    return found | {"exact": person.is_exact}


def _log(desk: Desk) -> dict[str, Any]:
    """Return the rates of a vault and all requests: what a model needs besides the epochs."""
    terms = desk.vault.strategy.call("terms")
    names = ("managementPpm", "performancePpm", "crankFee", "crankPpm")
    return {
        "asset": desk.unit.symbol,
        "decimals": desk.unit.decimals,
        **{name: str(terms[name]) for name in names},
        "requests": table_of(desk.requests),
    }
