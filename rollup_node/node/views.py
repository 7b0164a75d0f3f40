"""How users read the L2 as the sequencer executes it."""

from collections.abc import Sequence

from rollup_node.core.layout import INDEX_BITS, LeafKey, balances_key, outbox_key, owner_key
from rollup_node.core.leaves import LeafReader, Withdrawal
from rollup_node.node.sequencer import Sequencer
from rollup_node.rpc.backend import (
    AccountView,
    BlockView,
    RecordView,
    WithdrawalProof,
    WithdrawalView,
)


class SequencerView:
    """The L2 as the sequencer executes it."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._builder = sequencer.builder

    def newest(self) -> int:
        """Return the number of the newest finished block."""
        return self._builder.ledger.newest.number

    def safe(self) -> int:
        """Return the number of the newest block that L1 holds."""
        return self.end_of_item(self._sequencer.derived_items)

    def end_of_item(self, items: int) -> int:
        """Return the number of the last block of the first `items` items."""
        start = self._sequencer.start_of_item(items)
        return self.newest() if start is None else min(start.ledger[0] - 1, self.newest())

    def block(self, number: int) -> BlockView | None:
        """Return a block by number."""
        blocks = self._builder.ledger.blocks
        return BlockView(*blocks[number]) if 0 <= number < len(blocks) else None

    def block_by_hash(self, block_hash: bytes) -> BlockView | None:
        """Return a block by hash."""
        return self.block(self._builder.ledger.by_hash.get(block_hash, -1))

    def record(self, record_hash: bytes) -> RecordView | None:
        """Return a record or message."""
        entry = self._builder.ledger.entries.get(record_hash)
        if entry is None:
            return None
        kind, reason, block, place, sequence, account, sender, body = entry
        number = sequence if sequence >= 0 else None
        return RecordView(
            record_hash, number, kind.name, int(reason), block, place, sender, account, body
        )

    def leaf(self, key: int) -> bytes:
        """Return the bytes of a leaf."""
        return self._builder.state.value(LeafKey(key))

    def account(self, account: int) -> AccountView | None:
        """Return an open account."""
        return _account(self._builder.state, account)

    def accounts_of(self, owner: bytes) -> Sequence[int]:
        """Return accounts by owner."""
        return self._builder.ledger.accounts_of(self._builder.state, owner)

    def withdrawals_of(self, account: int) -> Sequence[WithdrawalView]:
        """Return outbox entries by account."""
        entries = self._builder.ledger.outbox_of(self._builder.state, account)
        return [WithdrawalView(slot, *entry) for slot, entry in entries]

    async def withdrawal_proof(self, outbox_index: int, item: int | None) -> WithdrawalProof | None:
        """Prove an outbox entry in the state after `item` items (newest on L1 if `None`)."""
        builder = self._builder
        count = self._sequencer.derived_items if item is None else item
        if outbox_index >> INDEX_BITS:
            return None
        key = outbox_key(outbox_index)
        entry: Withdrawal | None = builder.state.get(key)
        if entry is None or count > self._sequencer.derived_items:
            return None
        start = self._sequencer.start_of_item(count)
        view = WithdrawalView(outbox_index, *entry)
        try:
            mark = None if start is None else start.mark
            root, value, branch = await builder.roots.prove(builder.state, key, mark)
        except KeyError:
            return None
        return WithdrawalProof(view, count, root, branch) if value else None


def _account(state: LeafReader, account: int) -> AccountView | None:
    if not 0 < account < 1 << 22:
        return None
    owner, balances = state.get(owner_key(account)), state.get(balances_key(account))
    if owner is None or balances is None:
        return None
    address, high, used = owner
    return AccountView(account, address, high, used, balances.amounts)
