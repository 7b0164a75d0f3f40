"""The parameters of a deployment by name, as deploy/profiles.json has them."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup_node.ports import InputError

DEFAULT_PROFILE: Final = "devnet"

_PLACES: Final = (
    Path(__file__).with_name("profiles.json"),  # an installed wheel
    Path(__file__).resolve().parents[2] / "deploy" / "profiles.json",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the constructors of the contracts take; all times in seconds of L1."""

    name: str
    summary: str
    history_height: int
    """A history has 2^height leaves (G-2)."""
    confirm_period_seconds: int
    rival_delay_seconds: int
    """From the mark to the confirmation of a claim that had a rival (D-10)."""
    force_after_seconds: int
    force_fast_after_seconds: int
    governor_delay_seconds: int
    """From scheduling a change of parameters to its execution (I-10)."""
    max_past_seconds: int
    max_future_seconds: int
    """Small against the 30 minutes in which L1 may bring a settlement price (V-9)."""
    maturity_seconds: int
    """Age of a proven withdrawal before it can be finalized."""
    stake_wei: int
    max_pause_seconds: int
    """Most seconds per year that the guardian may pause the payment of withdrawals."""
    tariff_gas_price_wei: int
    """Reference gas price of what the winners of a contest earn (D-12)."""
    exit_after_seconds: int
    """Age of the oldest unconfirmed inbox item at which anyone may enter exit mode (E-1)."""
    exit_claim_seconds: int
    """How long claims count after that, before USDC is shared (E-7)."""
    has_vaults: bool = False
    """Whether the devnet has option vaults, with depositors and who buys what they sell."""


@functools.cache
def profiles() -> dict[str, Profile]:
    """Return every profile by name."""
    path = next(path for path in _PLACES if path.is_file())
    table = json.loads(path.read_text("utf-8"))
    return {name: Profile(name=name, **values) for name, values in table.items()}


def profile(name: str) -> Profile:
    """Return the profile called `name`.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in profiles():
        raise InputError(f"no profile {name!r}: one of {', '.join(profiles())}")
    return profiles()[name]
