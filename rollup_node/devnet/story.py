"""The bridge story: money goes to L2, moves, and comes back to L1; every claim is checked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from rollup_node.devnet import actions, exits
from rollup_node.devnet.actions import Sent
from rollup_node.devnet.audit import Audit, audit, wait_agreement
from rollup_node.devnet.exits import Exit
from rollup_node.devnet.failure import DevnetError, DisagreementError
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.keys import accounts, checksum
from rollup_node.devnet.session import Asset, Party, Session

ITEM_KINDS: Final = {0: "calldata", 1: "blob", 2: "forced"}
MOST_BATCHES: Final = 6
"""Batches the story makes at most until both ways of posting have been used."""

Tell = Callable[[str], None]


@dataclass
class Bridge:
    """The story and what it has measured so far; each method is one stage."""

    session: Session
    tell: Tell
    gas: dict[str, int] = field(default_factory=dict)
    posted_bytes: dict[str, int] = field(default_factory=dict)
    exits: list[Exit] = field(default_factory=list)
    assertions: dict[int, bytes] = field(default_factory=dict)
    finalized: int = 0
    paid_exactly: bool = True

    def __post_init__(self) -> None:
        session = self.session
        self.eth, self.usdc = session.asset("ETH"), session.asset("USDC")
        self.alice, self.bob = accounts()["alice"], accounts()["bob"]
        self.parties: dict[str, Party] = {}
        self.first_item = int(session.inbox.call("count"))

    def stages(self) -> dict[str, Callable[[], None]]:
        """Return the stages in order, by name."""
        return {
            "open accounts": self.open_accounts,
            "deposit": self.deposit,
            "transfer": self.transfer,
            "withdraw": self.withdraw,
            "post both ways": self.post_both_ways,
            "agree": self.agree,
            "prove": self.prove,
            "confirm": self.confirm,
            "finalize": self.finalize,
        }

    def open_accounts(self) -> None:
        """Register accounts for alice and bob with the bridge."""
        for owner in (self.alice, self.bob):
            self.parties[owner.name] = self.session.party(owner.name, open_it=True)
        ids = ", ".join(f"{name} has account {party.id}" for name, party in self.parties.items())
        self.tell(f"accounts    {ids}")

    def deposit(self) -> None:
        """Deposit ETH for alice and USDC for bob, and wait until both are credited."""
        for owner, asset, text in ((self.alice, self.eth, "10"), (self.bob, self.usdc, "5000")):
            amount = asset.parse(text)
            party = self.parties[owner.name]
            done = actions.deposit(self.session, owner, party, asset, amount)
            self.gas[f"deposit {asset.symbol}"] = done.gas
            reason = actions.wait_executed(self.session, done.hash)
            _expect_ok(reason, f"deposit of {owner.name}")
            self.tell(f"deposit     {owner.name} {asset.show(amount)}  {done.gas:,} gas")

    def transfer(self) -> None:
        """Move money between the accounts, both ways."""
        self._transfer(self.alice.name, self.bob.name, self.eth, "1.5")
        self._transfer(self.bob.name, self.alice.name, self.usdc, "1200")

    def withdraw(self) -> None:
        """Have alice withdraw ETH and bob USDC, and wait until L1 has their batches."""
        for owner, asset, text in ((self.alice, self.eth, "2"), (self.bob, self.usdc, "500")):
            amount = asset.parse(text)
            party = self.parties[owner.name]
            known = {entry.outbox_index for entry in exits.exits_of(self.session, party.id)}
            sent = actions.withdraw(self.session, owner, party, asset, amount, owner.address)
            self._executed(sent, "withdraw", f"{owner.name} {asset.show(amount)}")
            self.exits.append(exits.wait_exit(self.session, party.id, known))

    def post_both_ways(self) -> None:
        """Have one batch posted as calldata and one as blobs, whatever the poster was told."""
        poster = self.session.nodes["batch_poster"]
        try:
            for _ in range(MOST_BATCHES):
                missing = {0, 1} - {batch["kind"] for batch in self._batches()}
                if not missing:
                    break
                poster.call("admin_setBatchData", ITEM_KINDS[min(missing)])
                self._make_batch()
            else:
                raise DevnetError(f"{MOST_BATCHES} batches, and not both as calldata and as blobs")
        finally:
            poster.call("admin_setBatchData", self.session.state["batch_data"])
        for batch in self._batches():
            kind = ITEM_KINDS[batch["kind"]]
            receipt = self.session.l1.call("eth_getTransactionReceipt", batch["hash"])
            self.gas[f"batch as {kind}"] = int(receipt["gasUsed"], 16)
            self.tell(
                f"batch {batch['index']:<6}{batch['byteLength']} bytes as {kind}  "
                f"{int(receipt['gasUsed'], 16):,} gas"
            )

    def agree(self) -> None:
        """Wait until sequencer and verifier have the same safe block, and compare their roots."""
        number, root = wait_agreement(self.session)
        self.tell(f"verifier    agrees on block {number}: state root {root[:18]}..")

    def prove(self) -> None:
        """Prove both withdrawals against the assertion that holds them."""
        for entry in self.exits:
            owner = self._owner(entry)
            assertion, gas = exits.prove(self.session, owner, entry)
            self.assertions[entry.outbox_index] = assertion
            self.gas["prove"] = max(gas, self.gas.get("prove", 0))
            self.tell(
                f"prove       outbox {entry.outbox_index} in assertion "
                f"0x{assertion.hex()[:8]}..  {gas:,} gas"
            )

    def confirm(self) -> None:
        """Let both clocks run out in one jump of L1 time after another."""
        for entry in self.exits:
            exits.wait_stage(
                self.session,
                self._owner(entry),
                self.assertions[entry.outbox_index],
                entry,
                warp=True,
                tell=lambda line: self.tell(f"clock       {line}"),
            )
        self._note_gas("AssertionCreated", "assert")
        self._note_gas("AssertionConfirmed", "confirm")

    def finalize(self) -> None:
        """Have the bridge pay both withdrawals; a third party sends the transactions."""
        caller = accounts()["dave"]
        for entry in self.exits:
            owner, asset = self._owner(entry), self.session.assets[entry.asset]
            assertion = self.assertions[entry.outbox_index]
            if exits.status(self.session, owner, assertion, entry)[0] == exits.Stage.FINALIZED:
                self.finalized += 1
                continue
            before = self.session.l1_balance(asset, entry.recipient)
            gas = exits.finalize(self.session, caller, owner, assertion, entry)
            gained = self.session.l1_balance(asset, entry.recipient) - before
            self.paid_exactly &= gained == entry.amount
            self.finalized += 1
            self.gas["finalize"] = max(gas, self.gas.get("finalize", 0))
            self.tell(f"finalize    {owner.name} got {asset.show(gained)} on L1  {gas:,} gas")

    def result(self) -> dict[str, Any]:
        """Check what must hold at the end and return everything that was measured."""
        number, root = wait_agreement(self.session)
        checked: Audit = audit(self.session)
        done = bool(self.exits) and self.finalized == len(self.exits) and self.paid_exactly
        return {
            "finalized": done,
            "verifier_agrees": True,
            "custody_equals_claims": checked.exact,
            "block": number,
            "state_root": root,
            "custody": checked.table(),
            "stakes": checked.stakes.table(),
            "l1_gas": self.gas,
            "bytes_per_transaction": self.posted_bytes,
            "batches": [
                {
                    "index": batch["index"],
                    "data": ITEM_KINDS[batch["kind"]],
                    "bytes": batch["byteLength"],
                }
                for batch in self._batches()
            ],
            "withdrawals": [
                {
                    "outbox_index": entry.outbox_index,
                    "asset": self.session.assets[entry.asset].symbol,
                    "amount": str(entry.amount),
                    "recipient": checksum(entry.recipient),
                }
                for entry in self.exits
            ],
        }

    def _make_batch(self) -> None:
        count = self.session.inbox.call("count")
        self._transfer(self.alice.name, self.bob.name, self.eth, "0.001")
        for _ in Deadline(actions.WAIT_SECONDS, "the batch poster posts a batch"):
            if self.session.inbox.call("count") > count:
                break

    def _transfer(self, sender: str, to: str, asset: Asset, text: str) -> None:
        amount = asset.parse(text)
        sent = actions.transfer(
            self.session, accounts()[sender], self.parties[sender], self.parties[to], asset, amount
        )
        self._executed(sent, "transfer", f"{sender} -> {to} {asset.show(amount)}")

    def _executed(self, sent: Sent, what: str, line: str) -> None:
        _expect_ok(actions.wait_executed(self.session, sent.hash), what)
        self.posted_bytes[what] = max(sent.posted_bytes, self.posted_bytes.get(what, 0))
        self.tell(f"{what:<12}{line}  {sent.posted_bytes} bytes")

    def _batches(self) -> list[dict[str, Any]]:
        events = self.session.inbox.all_events("BatchPosted")
        return [event for event in events if event["index"] >= self.first_item]

    def _owner(self, entry: Exit) -> Any:  # noqa: ANN401 - one of the accounts
        return next(owner for owner in (self.alice, self.bob) if owner.address == entry.recipient)

    def _note_gas(self, event: str, label: str) -> None:
        found = self.session.chain.all_events(event)
        if found:
            receipt = self.session.l1.call("eth_getTransactionReceipt", found[-1]["hash"])
            self.gas[label] = int(receipt["gasUsed"], 16)


def _expect_ok(reason: str, what: str) -> None:
    if reason != "OK":
        raise DisagreementError(f"{what} ended with {reason} on L2")
