"""The tree against the recursive definition of RFC 6962, section 2.1, and published values."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.merkle import (
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    roots,
    verify_consistency,
    verify_inclusion,
)

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=40)

#: The eight leaves and the roots over the first 1 … 8 of them that the implementations of RFC 6962 share as vectors.
KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def left_of(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return digest(b"")
    if len(leaves) == 1:
        return digest(b"\x00" + leaves[0])
    k = left_of(len(leaves))
    return digest(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = left_of(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = left_of(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_every_root_is_the_one_of_the_definition(leaves):
    assert root_of(leaves) == mth(leaves)
    assert list(roots(leaves)) == [mth(leaves[:size]) for size in range(1, len(leaves) + 1)]


def test_the_published_roots_come_out():
    assert [root.hex() for root in roots(KNOWN_LEAVES)] == KNOWN_ROOTS
    assert root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_published_proofs_come_out():
    # inclusion of leaf 0 of 8 and consistency of 6 with 8, from the same vectors
    assert [node.hex() for node in inclusion_proof(KNOWN_LEAVES, 0, 8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [node.hex() for node in consistency_proof(KNOWN_LEAVES, 6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(LEAVES, st.data())
def test_a_tree_goes_on_from_its_kept_state(leaves, data):
    cut = data.draw(st.integers(0, len(leaves)))
    begun = Tree()
    for leaf in leaves[:cut]:
        begun.append(leaf)
    resumed = Tree.from_state(begun.size, begun.nodes)
    for leaf in leaves[cut:]:
        resumed.append(leaf)
    assert (resumed.size, resumed.root()) == (len(leaves), mth(leaves))


@pytest.mark.parametrize(("size", "nodes"), [(3, 1), (0, 1), (-1, 0), (4, 3)])
def test_a_state_of_the_wrong_shape_is_refused(size, nodes):
    with pytest.raises(ValueError, match="no tree"):
        Tree.from_state(size, [b"n" * 32] * nodes)
    with pytest.raises(ValueError, match="no tree"):
        Tree.from_state(1, [b"short"])


@given(LEAVES, st.data())
def test_an_inclusion_proof_is_the_one_of_the_definition_and_holds_for_its_leaf_alone(leaves, data):
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index, size), mth(leaves[:size])
    assert list(proof) == path(index, leaves[:size])
    assert verify_inclusion(leaves[index], index, size, proof, root)
    assert not verify_inclusion(leaves[index] + b"x", index, size, proof, root)
    assert not verify_inclusion(leaves[index], index, size, [*proof, b"n" * 32], root)
    assert not verify_inclusion(leaves[index], index, size, proof, digest(root))
    assert not verify_inclusion(leaves[index], size, size, proof, root)
    if proof:
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], root)


@given(LEAVES, st.data())
def test_a_consistency_proof_is_the_one_of_the_definition_and_holds_for_its_trees_alone(leaves, data):
    second = data.draw(st.integers(1, len(leaves)))
    first = data.draw(st.integers(1, second))
    proof = consistency_proof(leaves, first, second)
    old, new = mth(leaves[:first]), mth(leaves[:second])
    assert list(proof) == subproof(first, leaves[:second], True)
    assert verify_consistency(first, old, second, new, proof)
    assert not verify_consistency(first, digest(old), second, new, proof)
    assert not verify_consistency(first, old, second, digest(new), proof)
    assert not verify_consistency(first, old, second, new, [*proof, b"n" * 32])
    assert not verify_consistency(0, old, second, new, proof)
    assert not verify_consistency(second + 1, old, second, new, proof)
    if proof:
        assert not verify_consistency(first, old, second, new, proof[:-1])


@given(LEAVES, st.data())
def test_no_proof_joins_a_tree_with_one_that_changed_an_older_leaf(leaves, data):
    first = data.draw(st.integers(1, len(leaves)))
    changed = data.draw(st.integers(0, first - 1))
    rewritten = [*leaves[:changed], leaves[changed] + b"x", *leaves[changed + 1 :]]
    proof = consistency_proof(rewritten, first, len(leaves))
    assert not verify_consistency(first, mth(leaves[:first]), len(leaves), mth(rewritten), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 2), (2, 2), (0, 4), (0, 0)])
def test_there_is_no_proof_for_what_is_not_in_the_tree(index, size):
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof([b"a", b"b", b"c"], index, size)
    with pytest.raises(ValueError, match="no trees"):
        consistency_proof([b"a", b"b", b"c"], 0, 2)


def test_a_node_cannot_pass_for_a_leaf():
    two = [b"a", b"b"]
    forged = leaf_hash(b"a") + leaf_hash(b"b")
    assert root_of([forged]) != root_of(two)
    assert not verify_inclusion(forged, 0, 1, (), root_of(two))
