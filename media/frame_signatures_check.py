"""Holds the signatures of a track's frames against the keys of its page (ES256, r and s of 32 bytes each)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from media.depacketise import EncodedFrame
from media.frame_signatures import KEY_ID_BYTES, signed_message
from media.frame_signatures_count import FrameCount, SeenFrame, see

_CURVE = ec.SECP256R1()
_DIGEST = ec.ECDSA(Prehashed(SHA256()))


@dataclass(frozen=True, slots=True)
class SignatureClaim:
    """That the holder of a key (by its raw public key) signed a message (by its SHA-256)."""

    public_key: bytes
    signature: bytes
    message_sha256: bytes


class PageKeys:
    """The keys that one participant's pages enrolled in a session, as raw public keys (65 bytes)."""

    def __init__(self, public_keys: Iterable[bytes] = ()) -> None:
        self._by_id: dict[bytes, list[tuple[bytes, bytes]]] = {}
        for public_key in dict.fromkeys(public_keys):
            fingerprint = hashlib.sha256(public_key).digest()
            self._by_id.setdefault(fingerprint[:KEY_ID_BYTES], []).append((fingerprint, public_key))

    def claims(self, frame: SeenFrame) -> list[tuple[bytes, SignatureClaim]]:
        """What has to be verified of a frame: fingerprints with the claim that their key signed it. Mostly one."""
        trailer = frame.trailer
        if trailer is None:
            return []
        return [
            (fingerprint, SignatureClaim(public_key, trailer.signature, _message_sha256(fingerprint, frame)))
            for fingerprint, public_key in self._by_id.get(trailer.key_id, ())
        ]


def _message_sha256(fingerprint: bytes, frame: SeenFrame) -> bytes:
    assert frame.trailer is not None
    return hashlib.sha256(signed_message(fingerprint, frame.trailer, frame.picture)).digest()


class SignatureCheck:
    """Verifies claims; keeps the keys that it has read."""

    def __init__(self) -> None:
        self._keys: dict[bytes, ec.EllipticCurvePublicKey | None] = {}

    def holds(self, claim: SignatureClaim) -> bool:
        """False for anything malformed."""
        key = self._key(claim.public_key)
        if key is None:
            return False
        r, s = int.from_bytes(claim.signature[:32], "big"), int.from_bytes(claim.signature[32:], "big")
        try:
            key.verify(encode_dss_signature(r, s), claim.message_sha256, _DIGEST)
        except InvalidSignature:
            return False
        return True

    def _key(self, public_key: bytes) -> ec.EllipticCurvePublicKey | None:
        if public_key not in self._keys:
            self._keys[public_key] = read_public_key(public_key)
        return self._keys[public_key]


def read_public_key(public_key: bytes) -> ec.EllipticCurvePublicKey | None:
    """None for what is no uncompressed point of P-256."""
    if len(public_key) != 65 or public_key[0] != 4:
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public_key)
    except ValueError:
        return None


class TrackCheck:
    """Counts one track here and now, frame by frame, as its journal grows."""

    def __init__(self) -> None:
        self.count = FrameCount()
        self._check = SignatureCheck()

    def take(self, frames: Iterable[EncodedFrame], keys: PageKeys) -> None:
        for frame in frames:
            seen = see(frame)
            self.count.take(seen, self._holder(keys.claims(seen)))

    def _holder(self, claims: Sequence[tuple[bytes, SignatureClaim]]) -> bytes | None:
        return next((fingerprint for fingerprint, claim in claims if self._check.holds(claim)), None)


def verify_claims(claims: Sequence[SignatureClaim]) -> bytes:
    """For a process of its own: a byte each, 1 where it holds."""
    check = SignatureCheck()
    return bytes(check.holds(claim) for claim in claims)


def batches(frames: Iterable[EncodedFrame], size: int) -> Iterator[list[SeenFrame]]:
    """Frames taken apart, so many at a time."""
    batch: list[SeenFrame] = []
    for frame in frames:
        batch.append(see(frame))
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
