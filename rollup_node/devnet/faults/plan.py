"""A fault plan: which lies, whose claims, shown or not, and when. Plain data made from a name."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from rollup_node.devnet.faults.catalogue import ONE_SHOT, STEP, SYBILS, Door, Fault
from rollup_node.devnet.faults.histories import Patches, no_state
from rollup_node.devnet.faults.machine import LieAt
from rollup_node.devnet.faults.places import find_lie, lie_at_step
from rollup_node.devnet.faults.trace import Ground
from rollup_node.ports import InputError

Entry = Literal["at once", "last second"]
Answers = Literal["prompt", "last second", "bisects", "never"]

MALLORY: Final = "mallory"
DEFAULT_SYBILS: Final = 4


@dataclass(frozen=True, slots=True)
class Claimant:
    """One dishonest claim and how its maker behaves.

    Attributes
    ----------
    lie_at
        Lies of its machine; `None` if it computes honestly.
    patches
        False leaves of its history by index.
    publishes
        Whether anybody gets its segment roots.
    entry
        When it claims: as soon as it may, or in the last second of the right claim's clock.
    answers
        When it makes the moves that defend its claim; `bisects`: it reveals its own history and
        lets all others be.
    is_contract
        Whether its stake is paid by a contract that refuses payments.
    """

    name: str
    lie_at: LieAt | None = None
    patches: Patches = field(default_factory=dict)
    publishes: bool = True
    entry: Entry = "at once"
    answers: Answers = "prompt"
    is_contract: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user asked for."""

    door: Door
    mirror: bool = False
    step: int | None = None
    sybils: int | None = None


_Build = Callable[[Fault, Ground, Choice], tuple[Claimant, ...]]


def plan_claims(fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    """Return the dishonest claims of a fault, in the order in which they are made.

    Raises
    ------
    InputError
        If the fault does not know an option or does not end by that door.
    """
    if fault.doors and choice.door not in fault.doors:
        raise InputError(f"{fault.name}: ends by {', '.join(fault.doors)}, not by {choice.door}")
    for value, name in ((choice.step, STEP), (choice.sybils, SYBILS)):
        if value is not None and name not in fault.parameters:
            raise InputError(f"{fault.name}: takes no --{name}")
    return _BUILDERS.get(fault.name, _liar)(fault, ground, choice)


def _liar(
    fault: Fault, ground: Ground, choice: Choice, answers: Answers = "prompt"
) -> tuple[Claimant, ...]:
    """Return one claimant whose machine lies once."""
    if choice.step is not None:
        lie_at = lie_at_step(ground.steps, choice.step)
    else:
        lie_at = find_lie(fault.name, ground)
    return (Claimant(MALLORY, lie_at, publishes=choice.door == ONE_SHOT, answers=answers),)


def _nobody(_fault: Fault, _ground: Ground, _choice: Choice) -> tuple[Claimant, ...]:
    return ()


def _silent(fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    return _liar(fault, ground, choice, "never")


def _staller(fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    return _liar(fault, ground, choice, "last second")


def _wrong_middle(_fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    middle = ground.segments >> 1
    return (_patcher(MALLORY, {middle: no_state(0)}, choice),)


def _wrong_padding(_fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    place = (1 << ground.height) - 1 - (1 << (ground.height - 2))
    return (_patcher(MALLORY, {place: no_state(0)}, choice),)


def _paddings(fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    (first,) = _wrong_padding(fault, ground, choice)
    return (replace(first, answers="never"),)


def _swarm(_fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    """Spread the lies of the sybils over the whole history."""
    count = choice.sybils or DEFAULT_SYBILS
    last = (1 << ground.height) - 1
    sybils = (
        _patcher(f"sybil-{number}", {_spread(number, last): no_state(number)}, choice)
        for number in range(count)
    )
    return tuple(replace(sybil, answers="bisects") for sybil in sybils)


def _staggered(fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    late: tuple[Entry, Entry] = ("last second", "last second" if choice.mirror else "at once")
    answers: Answers = "bisects" if fault.name == "staggered-sybils" else "never"
    return tuple(
        replace(sybil, entry=late[number == 0], answers=answers)
        for number, sybil in enumerate(_swarm(fault, ground, choice))
    )


def _late(fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    rival = Claimant(
        "sybil-1",
        patches={ground.segments >> 1: no_state(1)},
        publishes=choice.door == ONE_SHOT,
        entry="last second",
    )
    return (rival,) if choice.mirror else (*_liar(fault, ground, choice, "never"), rival)


def _grief(fault: Fault, ground: Ground, choice: Choice) -> tuple[Claimant, ...]:
    (first,) = _liar(fault, ground, choice, "never")
    return (replace(first, is_contract=True),)


def _patcher(name: str, patches: Patches, choice: Choice) -> Claimant:
    return Claimant(name, patches=patches, publishes=choice.door == ONE_SHOT)


def _spread(number: int, last: int) -> int:
    """Return different places for different numbers: bits reversed, so that paths part early."""
    bits = last.bit_length()
    return int(f"{number + 1:0{bits}b}"[::-1], 2) % last


_BUILDERS: Final[dict[str, _Build]] = {
    "silent-claimant": _silent,
    "staller": _staller,
    "wrong-middle-right-end": _wrong_middle,
    "wrong-padding": _wrong_padding,
    "sybil-swarm": _swarm,
    "staggered-sybils": _staggered,
    "staggered-silent-sybils": _staggered,
    "staggered-refutable-sybils": _staggered,
    "late-rival": _late,
    "bond-grief": _grief,
    "overlong-range": _nobody,
    "false-cursor": _nobody,
    "self-refuting-sybil": _staggered,
    "self-challenge": _paddings,
}
