"""Steps over members that are digested whole: stills, pictures, and whatever else the manifest lists."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from inspection.domain.package_members import RedactedStill
from inspection.domain.still_tiles import MAX_MEMBER_BYTES, check_redacted
from inspection.domain.verification import Broken, Code, PackageMembers, Piece, Workers
from inspection.domain.verification_artefacts import FileClaim
from inspection.domain.verification_lines import hashed


@dataclass(frozen=True, slots=True)
class _Digested:
    sha256: str
    crc32: int | None


def digest_piece(piece: Piece) -> _Digested:
    """Its digest and its CRC-32."""
    found, crc32 = hashlib.sha256(), 0
    for chunk in hashed(piece.chunks(), found):
        crc32 = zlib.crc32(chunk, crc32)
    return _Digested(found.hexdigest(), crc32)


def digest_members(members: PackageMembers, names: Sequence[str], workers: Workers) -> Iterator[tuple[str, _Digested]]:
    """Each with its digest, in order; stored ones are read by whoever has a hand free."""
    pieces = [members.find_piece(name) for name in names]
    done = workers.ordered(digest_piece, (piece for piece in pieces if piece is not None))
    for name, piece in zip(names, pieces, strict=True):
        if piece is None:
            yield name, _digest_stream(members.chunks(name))
        else:
            yield name, next(done)
            members.note_read(piece.size_bytes)


def check_files(members: PackageMembers, claims: Sequence[FileClaim], workers: Workers) -> Iterator[tuple[str, str]]:
    """`(member, its SHA-256)` of each file that is what its entry says. Raises Broken at the first that is not."""
    digested = digest_members(members, [claim.member for claim in claims], workers)
    for claim, (name, found) in zip(claims, digested, strict=True):
        wrong_size = claim.size_bytes is not None and claim.size_bytes != members.size_bytes(name)
        if wrong_size or found.sha256 != claim.sha256:
            raise Broken(claim.code, f"{name} entry {claim.seq}")
        members.require_sound(name, found.crc32)
        yield name, found.sha256


def check_digests(members: PackageMembers, names: Sequence[str], listed: dict[str, str], workers: Workers) -> None:
    """Raises Broken (`member_digest`) at the first that is not what the manifest says."""
    for name, found in digest_members(members, names, workers):
        if found.sha256 != listed[name]:
            raise Broken(Code.MEMBER_DIGEST, name)
        members.require_sound(name, found.crc32)


def check_covered(members: PackageMembers, redacted: Sequence[RedactedStill]) -> None:
    """Raises Broken (`still_tiles`) at the first still of which other tiles are shown than those of its entry."""
    for one in redacted:
        where = f"{one.picture} entry {one.claim.seq}"
        picture, tiles = (_whole(members, name) for name in (one.picture, one.tiles))
        width, height = one.claim.size_px
        try:
            covered = check_redacted(picture, tiles, width, height, one.claim.tiles_root or "")
        except ValueError as error:
            raise Broken(Code.STILL_TILES, where) from error
        if covered != tuple(sorted(set(one.covered))) or len(covered) != len(one.covered):
            raise Broken(Code.STILL_TILES, where)


def _whole(members: PackageMembers, name: str) -> bytes:
    if members.size_bytes(name) > MAX_MEMBER_BYTES:
        raise Broken(Code.STILL_TILES, name)
    return b"".join(members.chunks(name))


def _digest_stream(chunks: Iterable[bytes]) -> _Digested:
    found = hashlib.sha256()
    for _ in hashed(chunks, found):
        pass
    return _Digested(found.hexdigest(), None)
