"""Merkle trees over the ledger as RFC 6962, section 2.1, defines them (RFC 9162, section 2.1, with its algorithms).

A leaf is the raw data, not its hash; for an entry of the ledger that is its 32 hash bytes. Leaf hashes and node
hashes begin with different bytes, so that no node can pass for a leaf. All digests are raw SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
DIGEST_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows at its end. It keeps the roots of its perfect subtrees only: at most one per bit of `size`."""

    def __init__(self) -> None:
        self._size = 0
        self._nodes: list[bytes] = []

    @classmethod
    def from_state(cls, size: int, nodes: Sequence[bytes]) -> Tree:
        """The tree that had this `size` and these `nodes`. Raises ValueError where they do not belong together."""
        if size < 0 or len(nodes) != size.bit_count() or any(len(node) != DIGEST_BYTES for node in nodes):
            raise ValueError(f"no tree of size {size} has {len(nodes)} such nodes")
        tree = cls()
        tree._size, tree._nodes = size, list(nodes)
        return tree

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """The roots of its perfect subtrees, the largest first: the state for `from_state`."""
        return tuple(self._nodes)

    def append(self, leaf: bytes) -> None:
        """Adds a leaf's data at the end."""
        node, size = leaf_hash(leaf), self._size
        while size & 1:
            node = node_hash(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self._size += 1

    def root(self) -> bytes:
        """The Merkle tree hash, 32 bytes; of no leaf at all: SHA-256 of nothing."""
        if not self._nodes:
            return EMPTY_ROOT
        *larger, root = self._nodes
        for node in reversed(larger):
            root = node_hash(node, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaves."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def roots(leaves: Iterable[bytes]) -> Iterator[bytes]:
    """The root after each leaf."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
        yield tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int, size: int) -> tuple[bytes, ...]:
    """PATH(index, the first `size` leaves): siblings from the leaf up. Raises ValueError for a leaf not among them."""
    if not 0 <= index < size <= len(leaves):
        raise ValueError(f"no leaf {index} among the first {size} of {len(leaves)}")
    siblings: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left_size(end - start)
        if index < middle:
            siblings.append(root_of(leaves[middle:end]))
            end = middle
        else:
            siblings.append(root_of(leaves[start:middle]))
            start = middle
    return tuple(reversed(siblings))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` (its data) stands at `index`, from 0, in the tree of `size` with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf_hash(leaf)
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            place, last = _without_zeros(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], first: int, second: int) -> tuple[bytes, ...]:
    """PROOF(first, the first `second` leaves); empty where both are the same. Raises ValueError out of range."""
    if not 0 < first <= second <= len(leaves):
        raise ValueError(f"no trees of {first} and {second} among {len(leaves)} leaves")
    nodes: list[bytes] = []
    start, end = 0, second
    while first < end:
        middle = start + _left_size(end - start)
        if first <= middle:
            nodes.append(root_of(leaves[middle:end]))
            end = middle
        else:
            nodes.append(root_of(leaves[start:middle]))
            start = middle
    if start:
        nodes.append(root_of(leaves[start:end]))
    return tuple(reversed(nodes))


def verify_consistency(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `second` leaves begins with the one of `first` (RFC 9162, section 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof) if first.bit_count() > 1 else [first_root, *proof]
    place, last = _without_ones(first - 1, second - 1)
    if not path:
        return False
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(node, old), node_hash(node, new)
            place, last = _without_zeros(place, last)
        else:
            new = node_hash(new, node)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _left_size(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _without_zeros(place: int, last: int) -> tuple[int, int]:
    """Both shifted until `place` is odd or 0: up to where the node stops being the last of its level."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _without_ones(place: int, last: int) -> tuple[int, int]:
    """Both shifted until `place` is even: up to the root of the perfect subtree that ends there."""
    while place & 1:
        place, last = place >> 1, last >> 1
    return place, last
