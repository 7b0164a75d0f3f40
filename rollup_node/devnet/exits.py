"""A withdrawal on its way out: the outbox entry, its proof, its clocks, and its payment."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from rollup_node.devnet.actions import WAIT_SECONDS, move_time, wait_idle
from rollup_node.devnet.failure import DisagreementError
from rollup_node.devnet.jsonrpc import Deadline, RpcError
from rollup_node.devnet.keys import Account
from rollup_node.devnet.session import Session


class Stage(IntEnum):
    """Which obstacle a withdrawal meets first, as the bridge counts them."""

    UNPROVEN = 0
    WAITING_CONFIRMATION = 1
    WAITING_MATURITY = 2
    PAUSED = 3
    READY = 4
    FINALIZED = 5


@dataclass(frozen=True, slots=True)
class Exit:
    """A withdrawal in the outbox, and the proof against one assertion once there is one."""

    outbox_index: int
    account: int
    asset: int
    amount: int
    recipient: bytes

    def struct(self) -> tuple[int, int, int, bytes]:
        """Return it as the bridge takes it."""
        return (self.account, self.asset, self.amount, self.recipient)


def exits_of(session: Session, account: int) -> list[Exit]:
    """Return the outbox entries of an account."""
    return [
        Exit(
            entry["outboxIndex"],
            entry["account"],
            entry["asset"],
            int(entry["amount"]),
            bytes.fromhex(entry["recipient"][2:]),
        )
        for entry in session.verifier.call("rollup_getWithdrawals", account)
    ]


def wait_exit(session: Session, account: int, known: set[int]) -> Exit:
    """Wait until the verifier sees an outbox entry of an account that is not among the known."""
    for _ in Deadline(WAIT_SECONDS, f"the withdrawal of account {account} is on L1"):
        fresh = [entry for entry in exits_of(session, account) if entry.outbox_index not in known]
        if fresh:
            return fresh[0]
    raise AssertionError


def find_proof(session: Session, outbox_index: int) -> tuple[bytes, list[bytes]] | None:
    """Return the oldest finished assertion that holds an outbox entry, and the entry's branch.

    An unfinished one ends inside an item, in a state that no node serves proofs of.
    """
    for claim in session.chain.all_events("AssertionCreated"):
        if not claim["finished"]:
            continue
        try:
            proof = session.verifier.call("rollup_getWithdrawalProof", outbox_index, claim["item"])
        except RpcError as error:
            if error.reason != "NOT_FOUND":
                raise
            continue
        root = bytes.fromhex(proof["stateRoot"][2:])
        if root != claim["afterStateRoot"]:
            raise DisagreementError(
                f"state root after item {claim['item']}: the verifier has {proof['stateRoot']}, "
                f"assertion 0x{claim['id'].hex()} says 0x{claim['afterStateRoot'].hex()}"
            )
        return claim["id"], [bytes.fromhex(node[2:]) for node in proof["branch"]]
    return None


def wait_proof(session: Session, outbox_index: int) -> tuple[bytes, list[bytes]]:
    """Wait until an assertion holds the outbox entry."""
    for _ in Deadline(WAIT_SECONDS, f"an assertion holds outbox entry {outbox_index}"):
        found = find_proof(session, outbox_index)
        if found:
            return found
    raise AssertionError


def prove(session: Session, prover: Account, entry: Exit) -> tuple[bytes, int]:
    """Prove a withdrawal against the oldest assertion that holds it; return its id and the gas."""
    assertion, branch = wait_proof(session, entry.outbox_index)
    stage, _ = status(session, prover, assertion, entry)
    if stage != Stage.UNPROVEN:
        return assertion, 0
    receipt = session.bridge.send(
        prover.address, "proveWithdrawal", assertion, entry.struct(), entry.outbox_index, branch
    )
    return assertion, receipt.gas_used


def status(session: Session, prover: Account, assertion: bytes, entry: Exit) -> tuple[Stage, int]:
    """Return which clock of a withdrawal is pending and until when (unix seconds, 0: unknown)."""
    stage, until = session.bridge.call(
        "withdrawalStatus", prover.address, assertion, entry.struct(), entry.outbox_index
    )
    return Stage(stage), until


def wait_stage(
    session: Session,
    prover: Account,
    assertion: bytes,
    entry: Exit,
    *,
    warp: bool,
    seconds: float = WAIT_SECONDS,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Wait until a proven withdrawal can be finalized (or is); with `warp` move L1 time there."""
    said: tuple[Stage, int] | None = None
    for _ in Deadline(seconds, f"withdrawal {entry.outbox_index} can be finalized"):
        stage, until = status(session, prover, assertion, entry)
        if stage >= Stage.READY:
            return
        left = until - session.l1_time()
        if (stage, until) != said:
            tell(f"{stage.name.lower().replace('_', ' ')}: {max(left, 0):,} s to go")
            said = (stage, until)
        if warp and left > 0:
            wait_idle(session)
            move_time(session, left + 1)


def finalize(
    session: Session, caller: Account, prover: Account, assertion: bytes, entry: Exit
) -> int:
    """Have the bridge pay a withdrawal; return the gas."""
    receipt = session.bridge.send(
        caller.address,
        "finalizeWithdrawal",
        prover.address,
        assertion,
        entry.struct(),
        entry.outbox_index,
    )
    return receipt.gas_used
