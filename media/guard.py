"""What a media socket lets in. Pure rules and counters; the sockets that apply them are in `aiortc_private`.

RFC 7983 tells datagrams apart by their first byte. Strangers get nothing but authenticated STUN: media and DTLS are
taken only from addresses that passed an authenticated connectivity check of that very connection.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

STUN_HEADER_BYTES = 20
MAX_STUN_BYTES = 1280
STUN_COOKIE = b"\x21\x12\xa4\x42"
#: Addresses that one connection may prove: a phone has a few, an attacker with the password has many.
MAX_PROVEN_ADDRESSES = 32
#: DTLS datagrams that wait to be read; a flight of handshake messages has about six.
MAX_WAITING_DATAGRAMS = 64
#: SRTP of the library has buffers of 1500 bytes.
MAX_MEDIA_BYTES = 1480


@dataclass(slots=True)
class GuardCounters:
    """Why datagrams of a connection were dropped."""

    empty: int = 0
    stranger: int = 0
    malformed: int = 0
    stun_unknown: int = 0
    queue_full: int = 0
    too_long: int = 0
    unprotect_failed: int = 0
    handler_failed: int = 0
    addresses_refused: int = 0

    def to_dict(self) -> dict[str, int]:
        return {name: count for name, count in asdict(self).items() if count}


class ProvenAddresses:
    """Bounded set of addresses that passed an authenticated check."""

    __slots__ = ("_addresses", "_counters")

    def __init__(self, counters: GuardCounters) -> None:
        self._addresses: set[tuple[str, int]] = set()
        self._counters = counters

    def __contains__(self, address: object) -> bool:
        return address in self._addresses

    def add(self, address: tuple[str, int]) -> bool:
        """False where the address is new and the bound is reached."""
        if address in self._addresses:
            return True
        if len(self._addresses) >= MAX_PROVEN_ADDRESSES:
            self._counters.addresses_refused += 1
            return False
        self._addresses.add(address)
        return True


def is_media(first: int) -> bool:
    return 127 < first < 192


def is_dtls(first: int) -> bool:
    return 19 < first < 64


def may_be_stun(data: bytes) -> bool:
    """Form of RFC 8489 section 5, cheap enough for a flood."""
    return (
        STUN_HEADER_BYTES <= len(data) <= MAX_STUN_BYTES
        and data[0] < 4
        and data[4:8] == STUN_COOKIE
        and STUN_HEADER_BYTES + int.from_bytes(data[2:4], "big") == len(data)
    )


def is_stun_request(data: bytes) -> bool:
    """A Binding request (class 0, method 1)."""
    return data[0] == 0 and data[1] == 1
