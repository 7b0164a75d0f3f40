"""Which accounts an owner has: an index over the state, rebuilt when it is asked for and stale."""

from collections.abc import Sequence
from typing import Final

from rollup_node.core.kinds import StepKind
from rollup_node.core.layout import ACCOUNT_FIELD_BITS, ACCOUNTS, INDEX_BITS, OWNER_FIELD
from rollup_node.derive.items import DerivedItem
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.machine import Receipt

_CHANGES_OWNER: Final = frozenset(
    [
        StepKind.DEPOSIT,
        StepKind.ROTATE_KEY,
        StepKind.FORCED_ROTATE_KEY,
        StepKind.OPEN_ACCOUNT,
        StepKind.BID,
        StepKind.TAKEOVER,
    ]
)
_FIELD_MASK: Final = (1 << ACCOUNT_FIELD_BITS) - 1
_INDEX_MASK: Final = (1 << INDEX_BITS) - 1


class OwnerIndex:
    """Accounts by owner for one state. Costs a scan after steps that may change an owner."""

    def __init__(self, state: ChainState) -> None:
        self._state = state
        self._accounts: dict[bytes, list[int]] | None = None

    def see(self, item: DerivedItem, receipts: Sequence[Receipt]) -> None:
        """Take note of an executed item."""
        if item.messages.delayed or any(receipt.kind in _CHANGES_OWNER for receipt in receipts):
            self._accounts = None

    def forget(self) -> None:
        """Take note that the state went back."""
        self._accounts = None

    def accounts_of(self, owner: bytes) -> list[int]:
        """Return the open accounts of an owner, ascending."""
        if self._accounts is None:
            self._accounts = self._scan()
        return list(self._accounts.get(owner, ()))

    def _scan(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for key in sorted(self._state.keys()):
            index = key & _INDEX_MASK
            if key >> INDEX_BITS == ACCOUNTS and index & _FIELD_MASK == OWNER_FIELD:
                address = self._state.get(key).address
                found.setdefault(address, []).append(index >> ACCOUNT_FIELD_BITS)
        return found
