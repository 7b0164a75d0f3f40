"""The verifier: holds what others say about the L2 against its own derivation. It only speaks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

PATIENCE_SECONDS: Final = 30
"""L1 time for which the sequencer may still execute what this node has derived already."""


@dataclass(frozen=True, slots=True)
class CheckedAssertion:
    """An assertion whose target this node has executed: what it says, and what is right.

    `expected` is the right history root for its parent and target, `None` if the parent is wrong.
    """

    assertion_id: bytes
    history_root: bytes
    after_state_root: bytes
    expected_history_root: bytes | None
    expected_after_state_root: bytes | None

    @property
    def is_right(self) -> bool:
        """Tell whether it says what this node's execution says."""
        return (self.history_root, self.after_state_root) == (
            self.expected_history_root,
            self.expected_after_state_root,
        )


@dataclass(frozen=True, slots=True)
class VerifierView:
    """Own derivation and the claims of others, at one L1 block (`l1_time` in seconds).

    `reported` is the sequencer's hash of block `block_number`, `None` if it did not answer or has
    no such block.
    """

    l1_time: int
    block_number: int
    block_hash: bytes
    reported: bytes | None
    assertions: Sequence[CheckedAssertion]


@dataclass(frozen=True, slots=True)
class VerifierMemory:
    """Findings so far.

    Attributes
    ----------
    wrong_assertions
        Ids of assertions that say something else than this node.
    checked_assertions
        How many assertions could be compared.
    agreed_block
        Highest L2 block whose hash the sequencer reported like this node, -1 before the first.
    differs_since
        L1 time since which the sequencer reports another hash, `None` while it agrees.
    disagrees
        Whether that lasts longer than `PATIENCE_SECONDS`.
    """

    wrong_assertions: tuple[bytes, ...] = ()
    checked_assertions: int = 0
    agreed_block: int = -1
    differs_since: int | None = None
    disagrees: bool = False

    @property
    def agrees(self) -> bool:
        """Tell whether nothing speaks against the sequencer and the proposers."""
        return not self.wrong_assertions and not self.disagrees


@dataclass(frozen=True, slots=True)
class ReportWrongAssertion:
    """Tell the operator about an assertion that is wrong."""

    assertion_id: bytes


@dataclass(frozen=True, slots=True)
class ReportSequencer:
    """Tell the operator that the sequencer's block differs from the derived one."""

    block_number: int
    derived: bytes
    reported: bytes


Action = ReportWrongAssertion | ReportSequencer


def decide(view: VerifierView, memory: VerifierMemory) -> tuple[VerifierMemory, tuple[Action, ...]]:
    """Return the findings after this view, and what is newly wrong."""
    wrong = tuple(found.assertion_id for found in view.assertions if not found.is_right)
    actions: list[Action] = [
        ReportWrongAssertion(found) for found in wrong if found not in memory.wrong_assertions
    ]
    memory = replace(memory, wrong_assertions=wrong, checked_assertions=len(view.assertions))
    if view.reported is None:
        return memory, tuple(actions)
    if view.reported == view.block_hash:
        agreed = replace(
            memory, agreed_block=view.block_number, differs_since=None, disagrees=False
        )
        return agreed, tuple(actions)
    since = view.l1_time if memory.differs_since is None else memory.differs_since
    disagrees = view.l1_time - since >= PATIENCE_SECONDS
    if disagrees and not memory.disagrees:
        actions.append(ReportSequencer(view.block_number, view.block_hash, view.reported))
    return replace(memory, differs_since=since, disagrees=disagrees), tuple(actions)
