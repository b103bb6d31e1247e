"""A phone's page that signs frames, in Python: the writing side of what `media.frame_signatures` reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from media.rtp.h264 import IDR

SEI_NAME = bytes.fromhex("b1578f1fd5ec304026572012d93badca")
START = b"\x00\x00\x00\x01"


@dataclass
class SigningPage:
    """`at_ms`: its clock, which goes on by `step_ms` each frame. `group`: frames that one signature covers."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    stream: int = 1
    counter: int = 0
    at_ms: int = 1_795_500_000_000
    step_ms: int = 33
    digests: list[bytes] = field(default_factory=list)
    deterministic: bool = False
    last_signature: bytes = b""

    @property
    def public_key(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def fingerprint(self) -> bytes:
        return hashlib.sha256(self.public_key).digest()

    def sign_each(self, frames: list[bytes]) -> list[bytes]:
        return [self.carry(frame) for frame in frames]

    def sign_in_groups(self, frames: list[bytes], group: int) -> list[bytes]:
        """The last of each group carries; what is left over stays without a carrier."""
        return [
            self.carry(frame) if place % group == group - 1 else self.let_pass(frame)
            for place, frame in enumerate(frames)
        ]

    def let_pass(self, frame: bytes) -> bytes:
        """A frame that a later one signs."""
        self.digests.append(hashlib.sha256(picture_of(frame)).digest()[:16])
        self._next()
        return frame

    def leave_out(self, frame: bytes) -> bytes:
        """A frame that nobody signs, and its number is used up."""
        assert not self.digests
        self._next()
        return frame

    def carry(self, frame: bytes) -> bytes:
        covered = b"".join(self.digests) + self._fields()
        message = b"yuntakan-frame-v1\n" + self.fingerprint + covered + picture_of(frame)
        self.last_signature = raw_signature(self.private, message, self.deterministic)
        trailer = covered + self.last_signature
        self.digests = []
        self._next()
        if not frame.startswith(START):
            return frame + trailer + b"YTKF"
        units = units_of(frame)
        at = next(place for place, unit in enumerate(units) if unit[0] & 31 in (1, IDR))
        return b"".join(START + unit for unit in [*units[:at], sei_unit(trailer), *units[at:]])

    def _fields(self) -> bytes:
        return (
            self.counter.to_bytes(4, "big")
            + self.at_ms.to_bytes(6, "big")
            + self.stream.to_bytes(2, "big")
            + bytes([len(self.digests), 1])
            + self.fingerprint[:4]
        )

    def _next(self) -> None:
        self.counter += 1
        self.at_ms += self.step_ms


def raw_signature(private: ec.EllipticCurvePrivateKey, message: bytes, deterministic: bool = False) -> bytes:
    """r and s; `deterministic`: as RFC 6979 says."""
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(SHA256(), deterministic_signing=deterministic)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def units_of(frame: bytes) -> list[bytes]:
    return frame.split(START)[1:]


def picture_of(frame: bytes) -> bytes:
    """What is signed of an encoded frame: a VP8 frame, or an access unit with start codes."""
    if not frame.startswith(START):
        return frame
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units_of(frame))


def sei_unit(trailer: bytes) -> bytes:
    body = SEI_NAME + trailer
    size = b"\xff" * (len(body) // 255) + bytes([len(body) % 255])
    return b"\x06" + escaped(b"\x05" + size + body + b"\x80")


def escaped(content: bytes) -> bytes:
    """With emulation prevention."""
    kept, zeros = bytearray(), 0
    for byte in content:
        if zeros >= 2 and byte <= 3:
            kept.append(3)
            zeros = 0
        zeros = zeros + 1 if byte == 0 else 0
        kept.append(byte)
    return bytes(kept)
