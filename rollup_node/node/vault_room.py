"""The vaults of one node: their readers, what their accounts held, who tells and who turns them."""

from rollup_node.l1.client import JsonRpcClient
from rollup_node.l1.journal import JournalReader
from rollup_node.l1.reader import RpcReader
from rollup_node.node.account_tape import AccountTape
from rollup_node.node.claims import Claims
from rollup_node.node.config import RollupConfig
from rollup_node.node.follow import L1Follower
from rollup_node.node.payouts import Payouts
from rollup_node.node.replica import Replica
from rollup_node.node.vault_desk import VaultDesk
from rollup_node.node.vault_keeper import VaultKeeperPlayer
from rollup_node.node.vaults import VaultReader
from rollup_node.ports import L1Sender


class VaultRoom:
    """What a node has for the vaults of its rollup; nothing happens where there are none."""

    def __init__(
        self, rollup: RollupConfig, client: JsonRpcClient, reader: RpcReader, replica: Replica
    ) -> None:
        self._rollup, self._client, self._reader = rollup, client, reader
        self._replica = replica
        self._readers = VaultReader.all_of(rollup, reader)
        self._owners = {vault.address for vault in self._readers}
        self._tape = AccountTape(self._owners, rollup.underlyings)

    def __bool__(self) -> bool:
        return bool(self._readers)

    def see(self) -> None:
        """Take note of what the last item left."""
        if self._readers:
            self._tape.see(self._replica)

    def rewind(self, kept_items: int) -> None:
        """Forget what was after the first items."""
        self._tape.rewind(kept_items)

    def desk(self, follower: L1Follower) -> VaultDesk:
        """Return what answers users."""
        addresses = {name: self._rollup.address(name) for name in self._rollup.contracts}
        readers = {found.vault.name: found for found in self._readers}
        journals = {
            name: JournalReader(self._client, addresses, [found.vault.contract])
            for name, found in readers.items()
        }
        return VaultDesk(self._rollup, follower, self._replica, self._tape, readers, journals)

    def keeper(self, follower: L1Follower, claims: Claims, sender: L1Sender) -> VaultKeeperPlayer:
        """Return what turns the cranks, with one L1 account."""
        payouts = Payouts(self._replica, claims, self._reader, sender, self._tape, self._owners)
        return VaultKeeperPlayer(
            follower, self._replica, self._reader, sender, self._readers, payouts, self._tape
        )
