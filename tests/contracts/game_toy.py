"""The toy machine of contracts/test/mocks/ToyVerifier.sol, and its inbox, in Python."""

from typing import Final, NamedTuple

from eth_abi.abi import encode

from rollup_node.proof.hashing import keccak
from tests.contracts.game_history import History

SEGMENT_STEPS: Final = 2


class ToyState(NamedTuple):
    """Items consumed, steps done within the item, and a number mixed with all that was read."""

    item: int
    step: int
    value: bytes

    def encoded(self) -> bytes:
        """Return the state as it is shown to the machine."""
        return encode(("uint40", "uint40", "bytes32"), self)

    def root(self) -> bytes:
        """Return the name of the state."""
        types = ("string", "uint40", "uint40", "bytes32")
        return keccak(encode(types, ("toy state", *self)))


class ToyMachine:
    """The machine, the accumulators of its inbox, and all states that anyone has named so far."""

    def __init__(self, item_segments: int) -> None:
        self.item_steps = item_segments * SEGMENT_STEPS
        self.accumulators = [bytes(32)]
        self.states: dict[bytes, ToyState] = {}
        self.genesis = self.name(ToyState(0, 0, keccak(b"toy genesis")))

    def name(self, state: ToyState) -> bytes:
        """Return the root of a state and remember what it stands for."""
        root = state.root()
        self.states[root] = state
        return root

    def append(self, data: bytes) -> None:
        """Let the inbox grow by an item."""
        self.accumulators.append(keccak(self.accumulators[-1] + data))

    def accumulator(self, target: int) -> bytes:
        """Return `acc[target]`."""
        return self.accumulators[target]

    def position(self, state: bytes) -> tuple[int, bool]:
        """Return the items consumed, and whether the state stands between two."""
        item, step, _ = self.states[state]
        return item, step == 0

    def is_finished(self, target: int, state: bytes) -> bool:
        """Whether nothing can be run from here towards the target."""
        return self.states[state].item >= target

    def run(self, target: int, state: bytes, steps: int) -> tuple[bytes, bool]:
        """Return the state after some steps of a segment, and whether they end it."""
        now = self.states[state]
        for done in range(1, steps + 1):
            assert now.item < target
            read = (now.value, self.accumulators[now.item + 1], now.step)
            value = keccak(encode(("bytes32", "bytes32", "uint40"), read))
            is_last = now.step + 1 == self.item_steps
            now = ToyState(now.item + is_last, 0 if is_last else now.step + 1, value)
            if is_last or done == SEGMENT_STEPS:
                return self.name(now), True
        return self.name(now), False

    def successor(self, target: int, state: bytes) -> bytes:
        """Return the state after the next segment; one that has reached the target repeats."""
        if self.is_finished(target, state):
            return state
        return self.run(target, state, SEGMENT_STEPS)[0]

    def corrupt(self, state: bytes, salt: int) -> bytes:
        """Return another state at the same place in the inbox."""
        item, step, value = self.states[state]
        return self.name(ToyState(item, step, keccak(value + bytes([salt]))))

    def right(self, start: bytes, target: int, size: int) -> list[bytes]:
        """Return the states after each of `size` segments."""
        leaves = []
        for _ in range(size):
            start = self.successor(target, start)
            leaves.append(start)
        return leaves

    def poisoned(self, start: bytes, target: int, size: int, index: int, salt: int) -> History:
        """Return a history that is wrong at a leaf, and goes on from there by the rules."""
        leaves = self.right(start, target, size)[:index]
        wrong = self.corrupt(self.successor(target, leaves[-1] if leaves else start), salt)
        return History([*leaves, wrong, *self.right(wrong, target, size - index - 1)])

    def patched(self, start: bytes, target: int, size: int, index: int, salt: int) -> History:
        """Return a history that is wrong at one leaf only."""
        leaves = self.right(start, target, size)
        leaves[index] = self.corrupt(leaves[index], salt)
        return History(leaves)
