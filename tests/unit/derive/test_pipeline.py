"""Ordered inputs from L1 blocks: what is believed, what is refused, and going back."""

from dataclasses import replace

import pytest

from rollup_node.core.inputs import DelayedMessage, ItemHeader
from rollup_node.core.kinds import ItemKind
from rollup_node.derive.events import (
    ChainEvent,
    FastReceived,
    ItemAppended,
    L1Block,
    L1BlockEvents,
    MessageReceived,
)
from rollup_node.derive.pipeline import Derivation, DerivationError, ParentMismatchError
from rollup_node.proof import inbox

GENESIS = L1Block(10, b"\x0a" * 32, bytes(32), 1_000)


class Chain:
    """Builds L1 blocks whose events carry right accumulators."""

    def __init__(self) -> None:
        self.head = GENESIS
        self.accumulators = [bytes(32)]
        self.delayed = [bytes(32)]
        self.fast = [bytes(32)]

    def block(self, *events: ChainEvent, salt: int = 0) -> L1BlockEvents:
        number = self.head.number + 1
        digest = bytes([number, salt]) * 16
        self.head = L1Block(number, digest, self.head.hash, 1_000 + number)
        return L1BlockEvents(self.head, events)

    def message(self, body: bytes = b"m") -> MessageReceived:
        message = DelayedMessage(1, b"\x01" * 20, 1_000, body)
        self.delayed.append(inbox.next_delayed_accumulator(self.delayed[-1], message))
        return MessageReceived(len(self.delayed) - 2, self.delayed[-1], message)

    def fast_message(self, body: bytes = b"\x30") -> FastReceived:
        message = DelayedMessage(3, b"\x01" * 20, 1_000, body)
        self.fast.append(inbox.next_fast_accumulator(self.fast[-1], message))
        return FastReceived(len(self.fast) - 2, self.fast[-1], message)

    def item(self, data: bytes, consumed: int, fast: int = 0) -> ItemAppended:
        root = inbox.calldata_root(data)
        queues = consumed, self.delayed[consumed], fast, self.fast[fast]
        header = ItemHeader(ItemKind.CALLDATA, len(data), root, *queues, 0, 2_000)
        self.accumulators.append(inbox.next_accumulator(self.accumulators[-1], header))
        index = len(self.accumulators) - 2
        return ItemAppended(
            index, self.accumulators[-1], header, data, (), b"\x02" * 20, b"\x03" * 32
        )


def test_advance_item_after_message_in_one_block_consumes_it() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    (item,) = derivation.advance(chain.block(chain.message(b"a"), chain.item(b"data", 1)))
    assert [message.body for message in item.messages.delayed] == [b"a"]
    assert (item.index, item.data, item.first_message) == (0, b"data", 0)
    assert derivation.accumulator(1) == chain.accumulators[1]


def test_advance_item_with_both_queues_takes_each_in_order() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    first = chain.fast_message(b"\x30a"), chain.message(b"m"), chain.fast_message(b"\x40b")
    (one,) = derivation.advance(chain.block(*first, chain.item(b"one", 0, 1)))
    (two,) = derivation.advance(chain.block(chain.fast_message(b"\x42c"), chain.item(b"two", 1, 3)))
    assert [message.body for message in one.messages.fast] == [b"\x30a"]
    assert one.messages.delayed == ()
    assert [message.body for message in two.messages.fast] == [b"\x40b", b"\x42c"]
    assert [message.body for message in two.messages.delayed] == [b"m"]
    assert (two.first_message, two.first_fast) == (0, 1)
    assert (derivation.consumed, derivation.fast_consumed) == (1, 3)


def test_advance_item_consuming_fast_messages_not_received_raises() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    chain.fast_message()
    with pytest.raises(DerivationError, match=r"fast count of item 0: 1 not in 0\.\.0"):
        derivation.advance(chain.block(chain.item(b"data", 0, 1)))


def test_advance_reordered_fast_queue_raises() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    one, two = chain.fast_message(b"\x30"), chain.fast_message(b"\x40")
    turned = replace(one, message=two.message), replace(two, message=one.message)
    with pytest.raises(DerivationError, match="accumulator of fast message 0"):
        derivation.advance(chain.block(*turned))
    assert (derivation.fast, derivation.head) == ([], GENESIS)


def test_rewind_to_a_branch_that_turns_the_queues_follows_it() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    messages = chain.fast_message(b"\x30a"), chain.fast_message(b"\x30b")
    derivation.advance(chain.block(*messages, chain.item(b"one", 0, 2)))
    assert derivation.rewind(10) == (0, 0, 0)
    other = Chain()
    turned = other.fast_message(b"\x30b"), other.message(b"m"), other.fast_message(b"\x30a")
    (item,) = derivation.advance(other.block(*turned, other.item(b"one", 1, 2), salt=1))
    assert [message.body for message in item.messages.fast] == [b"\x30b", b"\x30a"]
    assert derivation.fast_accumulator(2) == other.fast[2]


@pytest.mark.parametrize(
    "change",
    [{"data": b"dat!"}, {"data": b"longer"}, {"index": 1}, {"accumulator": b"\xff" * 32}],
)
def test_advance_contradicting_item_raises_and_changes_nothing(change: dict[str, object]) -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    message, item = chain.message(), chain.item(b"data", 1)
    block = chain.block(message, replace(item, **change))  # type: ignore[arg-type]
    with pytest.raises(DerivationError):
        derivation.advance(block)
    assert (derivation.items, derivation.messages, derivation.head) == ([], [], GENESIS)
    derivation.advance(L1BlockEvents(block.block, (message, item)))
    assert len(derivation.items) == 1


def test_advance_item_consuming_messages_not_received_raises() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    chain.message()
    with pytest.raises(DerivationError, match=r"delayed count of item 0: 1 not in 0\.\.0"):
        derivation.advance(chain.block(chain.item(b"data", 1)))


def test_advance_block_with_another_parent_raises() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    chain.block()
    with pytest.raises(ParentMismatchError):
        derivation.advance(chain.block())


def test_rewind_then_other_branch_equals_derivation_from_scratch() -> None:
    chain, derivation = Chain(), Derivation(GENESIS, inbox)
    blocks = [chain.block(chain.message(b"a"), chain.item(b"one", 1))]
    derivation.advance(blocks[0])
    derivation.advance(chain.block(chain.message(b"lost"), chain.item(b"lost", 2)))
    assert derivation.rewind(11) == (1, 1, 0)
    other = Chain()
    blocks = [other.block(other.message(b"a"), other.item(b"one", 1))]
    blocks.append(other.block(other.message(b"b"), other.item(b"two", 2), salt=1))
    derivation.advance(blocks[1])
    scratch = Derivation(GENESIS, inbox)
    for block in blocks:
        scratch.advance(block)
    assert derivation.items == scratch.items
    assert derivation.messages == scratch.messages
    assert derivation.head == scratch.head
