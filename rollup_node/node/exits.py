"""The way out, driven from L1 alone: derives the exit state, proves claims, has them paid.

Nobody else need be alive: items, confirmed claims and deposits are read from L1 and executed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rollup_node.codec.delayed import decode_deposit
from rollup_node.core.exit_claims import Books, Claim, compute_claim, list_positions
from rollup_node.core.inputs import ItemHeader
from rollup_node.core.kinds import MessageKind
from rollup_node.core.layout import (
    ACCOUNT_FIELD_BITS,
    ACCOUNTS,
    ASSET_COUNT,
    CURSOR_KEY,
    INDEX_BITS,
    OWNER_FIELD,
)
from rollup_node.core.weights import is_segment_end
from rollup_node.derive.assertions import AssertionTree
from rollup_node.derive.pipeline import Derivation
from rollup_node.l1.reader import RpcReader
from rollup_node.node.claims import genesis_assertion
from rollup_node.node.config import RollupConfig
from rollup_node.node.follow import L1Follower
from rollup_node.node.recovery import recover_in_thread
from rollup_node.node.replica import Replica
from rollup_node.ports import CriticalError, InputError, L1Receipt, L1Sender
from rollup_node.proof import inbox
from rollup_node.proof.chain_state import ChainState
from rollup_node.proof.exit_proofs import prove_claim, prove_marks, prove_totals
from rollup_node.proof.machine import Machine
from rollup_node.roles.disputes import Disputes
from rollup_node.roles.exiting import (
    Action,
    ExitView,
    Pay,
    ProveClaim,
    ProveMarks,
    ProveTotals,
    decide_claims,
    decide_payments,
)

_CONTRACT: Final = "exit_mode"
_FIELDS: Final = (1 << ACCOUNT_FIELD_BITS) - 1


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """Where exit mode stands; times in unix seconds of L1.

    Attributes
    ----------
    entered_at
        0: not entered.
    enter_from
        When anyone may enter, 0 if nothing waits for a confirmation.
    claim_until
        When claims end to count, 0 before.
    left
        What is left of each pool, by asset.
    """

    l1_time: int
    entered_at: int
    enter_from: int
    claim_until: int
    has_totals: bool
    has_markets: bool
    books: Books
    left: tuple[int, ...]


class LateDeposit(NamedTuple):
    """A deposit that the exit state has not consumed; `message` is its number in the inbox."""

    message: int
    sender: bytes
    account: int
    asset: int
    amount: int


class ExitDesk:
    """What someone who leaves knows and does; `follow` first."""

    def __init__(self, rollup: RollupConfig, reader: RpcReader, sender: L1Sender) -> None:
        self._rollup = rollup
        self._reader = reader
        self._sender = sender
        self._machine = Machine(rollup.l2_chain_id, rollup.address("bridge"))
        self._follower: L1Follower | None = None

    async def follow(self) -> None:
        """Read L1 from the first block of the rollup to its head.

        Raises
        ------
        CriticalError
            If L1 has no such block.
        """
        genesis = await self._reader.block_by_number(self._rollup.genesis.l1_block)
        if genesis is None:
            raise CriticalError("L1 has no block in which the rollup began")
        root = bytes.fromhex(self._rollup.genesis.state_root[2:])
        tree = AssertionTree(genesis_assertion(root))
        disputes = Disputes(self._rollup.parameters.history_height)
        self._follower = L1Follower(self._reader, Derivation(genesis, inbox), tree, disputes)
        await self._follower.follow()

    def oldest_item(self) -> ItemHeader | None:
        """Return the header of the oldest item that is not confirmed, `None` if all are."""
        consumed = self._l1.tree.latest_confirmed().created.item
        items = self._l1.derivation.items
        return items[consumed].header if consumed < len(items) else None

    async def status(self) -> ExitStatus:
        """Read where exit mode stands."""
        (entered_at,) = await self._reader.call(_CONTRACT, "enteredAt")
        (claim_until,) = await self._reader.call(_CONTRACT, "claimUntil")
        (books,) = await self._reader.call(_CONTRACT, "books")
        has_totals, has_markets, claimed, covered, pool, left, seized = books
        oldest, parameters = self.oldest_item(), self._rollup.parameters
        waits = parameters.max_past_seconds + parameters.exit_after_seconds
        return ExitStatus(
            l1_time=(await self._reader.head()).timestamp,
            entered_at=entered_at,
            enter_from=oldest.min_time + waits if oldest else 0,
            claim_until=claim_until,
            has_totals=has_totals,
            has_markets=has_markets,
            books=Books(tuple(pool), claimed, covered, tuple(seized)),
            left=tuple(left),
        )

    async def enter(self) -> L1Receipt:
        """Enter exit mode.

        Raises
        ------
        InputError
            If every item is confirmed.
        TransactionReverted
            If it is too early, or was entered already.
        """
        oldest = self.oldest_item()
        if oldest is None:
            raise InputError("every inbox item is confirmed: an idle chain never exits")
        return await self._sender.send(_CONTRACT, "enter", oldest)

    async def exit_state(self) -> ChainState:
        """Execute the inbox up to the state that exits are proven against.

        Raises
        ------
        CriticalError
            If no state on the way has its root: somebody confirmed what the inbox does not give.
        """
        (root,) = await self._reader.call(_CONTRACT, "stateRoot")
        replica = Replica(self._machine, recover_in_thread(self._machine.domain), segments=False)
        item = self._l1.tree.latest_confirmed().created.item
        for executed in self._l1.derivation.items[:item]:
            await replica.apply(executed)
        state = replica.state
        if state.root() != root and not self._go_inside(state, item, root):
            raise CriticalError(f"no state after item {item} of the inbox has root 0x{root.hex()}")
        return state

    async def view(self, state: ChainState, accounts: Sequence[int]) -> ExitView:
        """Read what was proven and paid for these accounts."""
        series = {
            account: sorted({position.series for position in list_positions(state, account)})
            for account in accounts
        }
        (books,) = await self._reader.call(_CONTRACT, "books")
        marked, claimed, unpaid = set(), set(), {}
        for number in {number for numbers in series.values() for number in numbers}:
            (mark,) = await self._reader.call(_CONTRACT, "markOf", number)
            if mark[0]:
                marked.add(number)
        for account in accounts:
            (claim,) = await self._reader.call(_CONTRACT, "claimOf", account)
            if any(claim[0]):
                claimed.add(account)
                for asset in range(ASSET_COUNT):
                    unpaid[account, asset] = await self._unpaid(account, asset)
        return ExitView(books[0], frozenset(marked), frozenset(claimed), series, unpaid)

    async def claim(self, state: ChainState, accounts: Sequence[int]) -> list[Action]:
        """Prove every claim of these accounts that is not proven yet; return what was done."""
        return await self._act(state, decide_claims(await self.view(state, accounts)))

    async def pay(self, state: ChainState, accounts: Sequence[int]) -> list[Action]:
        """Have everything paid that is due to these accounts now; return what was done."""
        return await self._act(state, decide_payments(await self.view(state, accounts)))

    async def deposits(self, state: ChainState) -> list[LateDeposit]:
        """Return the deposits that wait to be paid back, by number."""
        waiting = []
        first = state.get(CURSOR_KEY).delayed
        for index, message in enumerate(self._l1.derivation.messages[first:], first):
            is_deposit = message.kind == MessageKind.DEPOSIT
            deposit = decode_deposit(message.body) if is_deposit else None
            if deposit is None or (await self._reader.call(_CONTRACT, "isReturned", index))[0]:
                continue
            account, _, asset, amount = deposit
            waiting.append(LateDeposit(index, message.sender, account, asset, amount))
        return waiting

    async def give_back(self, state: ChainState, deposits: Sequence[LateDeposit]) -> None:
        """Have deposits paid back to who sent them."""
        cursor, branch = state.value(CURSOR_KEY), state.branch(CURSOR_KEY)
        for deposit in deposits:
            message = self._l1.derivation.messages[deposit.message]
            arguments = (deposit.message, message, cursor, branch)
            await self._sender.send(_CONTRACT, "returnDeposit", *arguments)

    @property
    def _l1(self) -> L1Follower:
        if self._follower is None:
            raise CriticalError("exit mode: L1 was not read yet")
        return self._follower

    async def _unpaid(self, account: int, asset: int) -> int:
        (due,) = await self._reader.call(_CONTRACT, "due", account, asset)
        (paid,) = await self._reader.call(_CONTRACT, "paid", account, asset)
        return int(due - paid)

    async def _act(self, state: ChainState, actions: list[Action]) -> list[Action]:
        for action in actions:
            await self._do(state, action)
        return actions

    async def _do(self, state: ChainState, action: Action) -> None:
        send = self._sender.send
        match action:
            case ProveTotals():
                values, siblings = prove_totals(state)
                await send(_CONTRACT, "proveTotals", *values, siblings)
            case ProveMarks(series):
                values, siblings = prove_marks(state, series)
                await send(_CONTRACT, "proveMarks", series, values, siblings)
            case ProveClaim(account):
                values, siblings = prove_claim(state, account)
                await send(_CONTRACT, "proveClaim", account, values, siblings)
            case Pay(account, asset):
                await send(_CONTRACT, "pay", account, asset)

    def _go_inside(self, state: ChainState, index: int, root: bytes) -> bool:
        """Execute segments of an item that was claimed only in part, up to the state wanted."""
        items = self._l1.derivation.items
        if index >= len(items):
            return False
        item, steps, weight = items[index], 0, 0
        while state.get(CURSOR_KEY).item == index:
            result = self._machine.step(state, item.header, item.data, item.messages)
            state.commit(result.writes)
            steps, weight = steps + 1, weight + result.weight
            if is_segment_end(result.kind, steps, weight):
                steps = weight = 0
                if state.root() == root:
                    return True
        return False


def list_accounts(state: ChainState) -> list[int]:
    """Return the numbers of all open accounts, ascending."""
    first = ACCOUNTS << INDEX_BITS
    return sorted(
        (key - first) >> ACCOUNT_FIELD_BITS
        for key in state.keys()  # noqa: SIM118 - no mapping
        if key >> INDEX_BITS == ACCOUNTS and key & _FIELDS == OWNER_FIELD
    )


def list_claims(state: ChainState) -> dict[int, Claim]:
    """Return what every open account has a claim to in the window."""
    claims = {account: compute_claim(state, account) for account in list_accounts(state)}
    return {account: claim for account, claim in claims.items() if claim is not None}
