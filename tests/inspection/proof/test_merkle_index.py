from __future__ import annotations

import hashlib

import pytest

from inspection.domain.merkle import consistency_proof, root_of
from inspection.domain.merkle_index import LeafIndex

pytestmark = pytest.mark.unit

LEAVES = [hashlib.sha256(bytes([seq])).digest() for seq in range(70)]


def index_of(size: int) -> LeafIndex:
    index = LeafIndex()
    for leaf in LEAVES[:size]:
        index.append(leaf)
    return index


def test_roots_and_proofs_are_those_of_the_definition():
    index = index_of(len(LEAVES))
    for second in range(1, len(LEAVES) + 1):
        assert index.root(second) == root_of(LEAVES[:second])
        for first in range(1, second + 1):
            assert index.consistency_proof(first, second) == consistency_proof(LEAVES, first, second)


def test_it_may_be_asked_while_it_grows():
    index = LeafIndex()
    for size, leaf in enumerate(LEAVES, 1):
        index.append(leaf)
        assert (index.size, index.root(size)) == (size, root_of(LEAVES[:size]))


@pytest.mark.parametrize(("first", "second"), [(0, 3), (-1, 3), (4, 3), (3, 71)])
def test_trees_that_are_not_there_are_refused(first, second):
    with pytest.raises(ValueError, match="no trees"):
        index_of(70).consistency_proof(first, second)
    with pytest.raises(ValueError, match="no tree"):
        index_of(2).root(3)
