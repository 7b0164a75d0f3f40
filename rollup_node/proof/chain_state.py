"""The whole state in memory: leaves by key, their tree, and a journal to go back by."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from rollup_node.codec.leaves import decode_leaf, encode_leaf
from rollup_node.core.layout import LeafKey
from rollup_node.core.leaves import GENESIS, Leaf, Writes
from rollup_node.proof.multiproof import Multiproof
from rollup_node.proof.state_tree import StateTree

_KEY_BYTES: Final = 5
_LENGTH_BYTES: Final = 2
_ROOT_BYTES: Final = 32


class ChainState:
    """A mapping of leaves with `.get`, made at genesis; `commit` is the only way to change it.

    `commit` remembers each old leaf once per mark, so going back costs only what was touched.
    Leaves reach the tree at the next `root`, `prove` or `branch`.
    """

    def __init__(self) -> None:
        self._leaves: dict[LeafKey, Leaf] = {}
        self._dirty: set[LeafKey] = set()
        self._tree = StateTree()
        self._journals: list[dict[LeafKey, Leaf | None]] = []
        self._first_mark = 0
        self.get: Callable[[LeafKey], Any] = self._leaves.get
        self.commit(GENESIS)

    def commit(self, writes: Writes) -> None:
        """Write leaves."""
        if self._journals:
            journal = self._journals[-1]
            for key in writes:
                if key not in journal:
                    journal[key] = self._leaves.get(key)
        self._leaves.update(writes)
        self._dirty.update(writes)

    def root(self) -> bytes:
        """Return the state root."""
        if self._dirty:
            get, put = self._leaves.get, self._tree.put
            for key in self._dirty:
                leaf = get(key)
                put(key, b"" if leaf is None else encode_leaf(leaf))
            self._dirty.clear()
        return self._tree.root()

    def mark(self) -> int:
        """Remember this moment and return its number; numbers only grow until a rewind."""
        self._journals.append({})
        return self._first_mark + len(self._journals) - 1

    def rewind(self, mark: int) -> None:
        """Go back to the moment of `mark`, which stays; later marks are gone.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        at = mark - self._first_mark
        if not 0 <= at < len(self._journals):
            raise KeyError(f"mark {mark}: not kept")
        for journal in reversed(self._journals[at:]):
            for key, leaf in journal.items():
                if leaf is None:
                    self._leaves.pop(key, None)
                else:
                    self._leaves[key] = leaf
            self._dirty.update(journal)
        self._journals[at:] = [{}]

    def prune(self, mark: int) -> None:
        """Forget how to go back before `mark`. Forgetting what is forgotten does nothing."""
        drop = min(max(mark - self._first_mark, 0), len(self._journals))
        del self._journals[:drop]
        self._first_mark += drop

    def prove(self, keys: Sequence[LeafKey]) -> Multiproof:
        """Return the proof that opens `keys` at the root. Source: docs/spec.md T-4."""
        self.root()
        return self._tree.prove(keys)

    def branch(self, key: LeafKey) -> list[bytes]:
        """Return the siblings of one leaf, from the leaf upwards."""
        self.root()
        return self._tree.branch(key)

    def branch_at(self, mark: int, key: LeafKey) -> tuple[bytes, bytes, list[bytes]]:
        """Return root, encoded leaf and its siblings as they were at the moment of `mark`.

        Nothing changes; costs twice what was touched since.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        at = mark - self._first_mark
        if not 0 <= at < len(self._journals):
            raise KeyError(f"mark {mark}: not kept")
        self.root()
        before: dict[LeafKey, Leaf | None] = {}
        for journal in reversed(self._journals[at:]):
            before.update(journal)
        for touched, leaf in before.items():
            self._tree.put(touched, b"" if leaf is None else encode_leaf(leaf))
        old = before[key] if key in before else self.get(key)
        value = b"" if old is None else encode_leaf(old)
        proof = self._tree.root(), value, self._tree.branch(key)
        for touched in before:
            self._tree.put(touched, self.value(touched))
        return proof

    def copy_at(self, mark: int) -> "ChainState":
        """Return another state, without marks, as this one was at the moment of `mark`.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        at = mark - self._first_mark
        if not 0 <= at < len(self._journals):
            raise KeyError(f"mark {mark}: not kept")
        leaves = dict(self._leaves)
        for journal in reversed(self._journals[at:]):
            for key, leaf in journal.items():
                if leaf is None:
                    leaves.pop(key, None)
                else:
                    leaves[key] = leaf
        copy = ChainState()
        copy.commit(leaves)
        return copy

    def value(self, key: LeafKey) -> bytes:
        """Return the encoded leaf at `key`, empty bytes if it is empty."""
        leaf = self.get(key)
        return b"" if leaf is None else encode_leaf(leaf)

    def keys(self) -> Iterable[LeafKey]:
        """Return the keys of all leaves that are not empty, in no order."""
        return self._leaves.keys()

    @property
    def leaf_count(self) -> int:
        """How many leaves are not empty."""
        return len(self._leaves)

    def to_bytes(self) -> bytes:
        """Return a snapshot: the root, then every leaf in the order of keys, without marks."""
        parts = [self.root()]
        for key in sorted(self._leaves):
            value = encode_leaf(self._leaves[key])
            parts += [key.to_bytes(_KEY_BYTES, "big"), len(value).to_bytes(2, "big"), value]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, snapshot: bytes) -> "ChainState":
        """Return the state of a snapshot.

        Raises
        ------
        ValueError
            The snapshot is cut, or its leaves do not hash to its root.
        """
        state = cls()
        at, writes = _ROOT_BYTES, Writes()
        while at < len(snapshot):
            key = LeafKey(int.from_bytes(snapshot[at : at + _KEY_BYTES], "big"))
            at += _KEY_BYTES + _LENGTH_BYTES
            length = int.from_bytes(snapshot[at - _LENGTH_BYTES : at], "big")
            writes[key] = decode_leaf(key, snapshot[at : at + length])
            at += length
        state.commit(writes)
        if state.root() != snapshot[:_ROOT_BYTES]:
            raise ValueError(f"snapshot: root {state.root().hex()} != {snapshot[:32].hex()}")
        return state
