"""A tree that remembers every complete subtree, so that a consistency proof costs a few hashes and not the ledger."""

from __future__ import annotations

from inspection.domain.merkle import leaf_hash, node_hash


class LeafIndex:
    """Grows at its end. Holds about two digests a leaf."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Adds a leaf's data at the end."""
        node, height = leaf_hash(leaf), 0
        while True:
            level = self._levels[height]
            level.append(node)
            if len(level) % 2:
                return
            node, height = node_hash(level[-2], level[-1]), height + 1
            if height == len(self._levels):
                self._levels.append([])

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves. Raises ValueError out of range."""
        if not 0 < size <= self.size:
            raise ValueError(f"no tree of {size} among {self.size} leaves")
        return self._hash_of(0, size)

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """As `inspection.domain.merkle.consistency_proof` says. Raises ValueError out of range."""
        if not 0 < first <= second <= self.size:
            raise ValueError(f"no trees of {first} and {second} among {self.size} leaves")
        start, end, is_whole = 0, second, True
        proof: list[bytes] = []
        while end != first:
            middle = start + _left_size(end - start)
            if first <= middle:
                proof.append(self._hash_of(middle, end))
                end = middle
            else:
                proof.append(self._hash_of(start, middle))
                start, is_whole = middle, False
        return tuple(reversed(proof if is_whole else [*proof, self._hash_of(start, end)]))

    def _hash_of(self, start: int, end: int) -> bytes:
        """The root over leaves `start` to `end`; `start` is a multiple of the least power of two that holds them."""
        size = end - start
        if size & (size - 1) == 0:
            height = size.bit_length() - 1
            return self._levels[height][start >> height]
        middle = start + _left_size(size)
        return node_hash(self._hash_of(start, middle), self._hash_of(middle, end))


def _left_size(size: int) -> int:
    """The largest power of two below `size`, from 2."""
    return 1 << ((size - 1).bit_length() - 1)
