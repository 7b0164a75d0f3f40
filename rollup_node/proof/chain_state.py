"""The whole state in memory: leaves by key, their tree, and a journal to go back by."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception
from typing import Any, Final

from rollup_node.codec.leaves import decode_leaf, encode_leaf, encode_leaves
from rollup_node.core.layout import INDEX_BITS, LeafKey, Opaque
from rollup_node.core.leaves import GENESIS, Leaf, Writes
from rollup_node.proof.multiproof import Multiproof
from rollup_node.proof.state_tree import StateTree

_HEAD: Final = Struct(">BIH")  # region, index, length of the value
_INDEX_MASK: Final = (1 << INDEX_BITS) - 1
_ROOT_BYTES: Final = 32
_Layer = Mapping[LeafKey, Leaf] | Mapping[LeafKey, Leaf | None]


class ChainState:
    """A mapping of leaves with `.get`, made at genesis; `commit` is the only way to change it.

    `commit` remembers each old leaf once per mark, so going back costs only what was touched.
    Leaves reach the tree at the next `root`, `prove` or `branch`. `rewinds` counts how often it
    went back. Who keeps the tree elsewhere calls `hand_over` once and `take_changes` from then on;
    what is asked here after that is answered from a tree that is built for it.
    """

    def __init__(self, genesis: Writes = GENESIS) -> None:
        self._leaves: dict[LeafKey, Leaf] = {}
        self._dirty: dict[LeafKey, Leaf | None] = {}
        self._tree = StateTree()
        self._has_tree = True
        self._journals: list[dict[LeafKey, Leaf | None]] = []
        self._first_mark = 0
        self._saving: dict[LeafKey, Leaf | None] | None = None
        self.rewinds = 0
        self.get: Callable[[LeafKey], Any] = self._leaves.get
        self.commit(genesis)

    def commit(self, writes: Writes) -> None:
        """Write leaves."""
        if self._journals:
            journal: dict[Opaque, Leaf | None] = self._journals[-1]
            keys: Iterable[Opaque] = writes
            saving: dict[Opaque, Leaf | None] | None = self._saving
            get = self.get
            for key in keys:
                if key not in journal:
                    old = journal[key] = get(key)
                    if saving is not None and key not in saving:
                        saving[key] = old
        elif self._saving is not None:
            _keep_older(self._saving, {key: self._leaves.get(key) for key in writes})
        self._leaves.update(writes)
        self._dirty.update(writes)

    def root(self) -> bytes:
        """Return the state root."""
        return self._grown().root()

    def hand_over(self) -> Iterator[tuple[LeafKey, bytes]]:
        """Keep no tree any more; return every leaf, encoded, for the tree that is kept elsewhere.

        Nothing may be written before all of it was taken.
        """
        self._tree, self._has_tree = StateTree(), False
        self._dirty.clear()
        return ((key, encode_leaf(leaf)) for key, leaf in self._leaves.items())

    def take_changes(self) -> list[tuple[LeafKey, bytes]]:
        """Return each leaf that was written since the last call or root, encoded as it is now."""
        changes, self._dirty = encode_leaves(self._dirty.items()), {}
        return changes

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
        at = self._place(mark)
        for journal in reversed(self._journals[at:]):
            for key, leaf in journal.items():
                if leaf is None:
                    self._leaves.pop(key, None)
                else:
                    self._leaves[key] = leaf
            self._dirty.update(journal)
        self._journals[at:] = [{}]
        self.rewinds += 1

    @property
    def first_mark(self) -> int:
        """The oldest mark that can be gone back to, if any can."""
        return self._first_mark

    def changed_since(self, mark: int) -> set[LeafKey]:
        """Return the keys of all leaves written since the moment of `mark`.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        return set(self.changes_at(mark))

    def prune(self, mark: int) -> None:
        """Forget how to go back before `mark`. Forgetting what is forgotten does nothing."""
        drop = min(max(mark - self._first_mark, 0), len(self._journals))
        del self._journals[:drop]
        self._first_mark += drop

    def prove(self, keys: Sequence[LeafKey]) -> Multiproof:
        """Return the proof that opens `keys` at the root. Source: docs/spec.md T-4."""
        return self._grown().prove(keys)

    def branch(self, key: LeafKey) -> list[bytes]:
        """Return the siblings of one leaf, from the leaf upwards."""
        return self._grown().branch(key)

    def branch_at(self, mark: int, key: LeafKey) -> tuple[bytes, bytes, list[bytes]]:
        """Return root, encoded leaf and its siblings as they were at the moment of `mark`.

        Nothing changes; costs twice what was touched since.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        tree = self._grown()
        before = self.changes_at(mark)
        tree.put_all((key, _encode(leaf)) for key, leaf in before.items())
        old = before[key] if key in before else self.get(key)
        proof = tree.root(), _encode(old), tree.branch(key)
        tree.put_all((key, self.value(key)) for key in before)
        return proof

    def prove_at(
        self, mark: int, keys: Sequence[LeafKey]
    ) -> tuple[bytes, tuple[bytes, ...], Multiproof]:
        """Return root, encoded leaves in the order of the proof, and the proof at `mark`.

        Nothing changes; costs twice what was touched since.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        tree = self._grown()
        before = self.changes_at(mark)
        tree.put_all((key, _encode(leaf)) for key, leaf in before.items())
        proof = tree.prove(keys)
        old = (before[key] if key in before else self.get(key) for key in proof.keys)
        found = tree.root(), tuple(_encode(leaf) for leaf in old), proof
        tree.put_all((key, self.value(key)) for key in before)
        return found

    def changes_at(self, mark: int) -> dict[LeafKey, Leaf | None]:
        """Return the leaves that were written since the moment of `mark`, as they were then.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        before: dict[LeafKey, Leaf | None] = {}
        for journal in reversed(self._journals[self._place(mark) :]):
            before.update(journal)
        return before

    def copy_at(self, mark: int) -> "ChainState":
        """Return another state, without marks, as this one was at the moment of `mark`.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made.
        """
        at = self._place(mark)
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
        return _encode(self.get(key))

    def keys(self) -> Iterable[LeafKey]:
        """Return the keys of all leaves that are not empty, in no order."""
        return self._leaves.keys()

    @property
    def leaf_count(self) -> int:
        """How many leaves are not empty."""
        return len(self._leaves)

    def parts_at(self, mark: int, size: int) -> Generator[bytes, None, None]:
        """Encode the leaves at the moment of `mark`, `size` of them at a time, in no order.

        Leaves may be written between two parts: it is still that moment that is encoded. A part may
        be empty: then the time went into what was touched since. One at a time: a second one ends
        the first.

        Raises
        ------
        KeyError
            The mark was pruned, rewound over or never made, maybe since the part before.
        """
        self._place(mark)
        rewinds, before = self.rewinds, dict[LeafKey, Leaf | None]()
        merged, done = mark, 0
        while merged < self._first_mark + len(self._journals):
            journal = self._journals[merged - self._first_mark]
            _keep_older(before, journal)
            merged, done = merged + 1, done + len(journal) + 1
            if done > size and merged < self._first_mark + len(self._journals) - 1:
                yield b""
                done = 0
                self._place(mark)
                self._check(rewinds, None)
        self._saving = before  # from here on `commit` keeps in it what it overwrites
        try:
            keys = list(self._leaves)
            for start in range(0, len(keys), size):
                yield _encode_part(keys[start : start + size], self._leaves, before)
                self._check(rewinds, before)
        finally:
            if self._saving is before:
                self._saving = None

    def to_bytes(self) -> bytes:
        """Return the root, then every leaf in the order of keys, without marks."""
        return self.root() + _encode_part(sorted(self._leaves), self._leaves, {})

    @classmethod
    def from_bytes(cls, snapshot: bytes) -> "ChainState":
        """Return the state of `to_bytes`; raises as `from_parts` does."""
        return cls.from_parts(snapshot[:_ROOT_BYTES], [snapshot[_ROOT_BYTES:]])

    @classmethod
    def from_parts(cls, root: bytes, parts: Iterable[bytes]) -> "ChainState":
        """Return the state with that root from parts of `parts_at`.

        Raises
        ------
        ValueError
            A part is cut, or the leaves do not hash to the root.
        """
        state = cls({})
        leaves, values = state._leaves, dict[LeafKey, bytes]()
        for part in parts:
            for key, value in _split_part(part):
                leaves[key] = decode_leaf(key, value)
                values[key] = value
        state._grown().put_all(values.items())
        if state.root() != root:
            raise ValueError(f"snapshot: root {state.root().hex()} != {root.hex()}")
        return state

    def _grown(self) -> StateTree:
        """Return the tree with every leaf in it."""
        if not self._has_tree:
            tree = StateTree()
            tree.put_all((key, encode_leaf(leaf)) for key, leaf in self._leaves.items())
            return tree
        if self._dirty:
            self._tree.put_all(self.take_changes())
        return self._tree

    def _place(self, mark: int) -> int:
        at = mark - self._first_mark
        if not 0 <= at < len(self._journals):
            raise KeyError(f"mark {mark}: not kept")
        return at

    def _check(self, rewinds: int, saving: object) -> None:
        if self.rewinds != rewinds or (saving is not None and self._saving is not saving):
            raise KeyError("the state went back meanwhile, or is saved anew")


def _encode(leaf: Leaf | None) -> bytes:
    return b"" if leaf is None else encode_leaf(leaf)


def _keep_older(before: dict[Opaque, Leaf | None], journal: Mapping[Opaque, Leaf | None]) -> None:
    for key, leaf in journal.items():
        if key not in before:
            before[key] = leaf


def _encode_part(keys: Iterable[LeafKey], leaves: _Layer, before: _Layer) -> bytes:
    """Encode the leaf at each key as it was `before`, else as it is; an empty one is left out."""
    found = [(key, before[key] if key in before else leaves[key]) for key in keys]
    pack = _HEAD.pack
    return b"".join(
        [
            pack(key >> INDEX_BITS, key & _INDEX_MASK, len(value)) + value
            for key, value in encode_leaves(found)
            if value
        ]
    )


def _split_part(part: bytes) -> Iterator[tuple[LeafKey, bytes]]:
    at, end, size, read = 0, len(part), _HEAD.size, _HEAD.unpack_from
    while at < end:
        try:
            region, index, length = read(part, at)
        except StructError as error:
            raise ValueError(f"snapshot: cut at byte {at}") from error
        at += size + length
        yield LeafKey(region << INDEX_BITS | index), part[at - length : at]
