"""What a media socket lets in. Pure rules and counters; the sockets that apply them are in `aiortc_private`.

RFC 7983 tells datagrams apart by their first byte. Strangers get nothing but authenticated STUN: media and DTLS are
taken only from addresses that passed an authenticated connectivity check of that very connection.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

STUN_HEADER_BYTES = 20
MAX_STUN_BYTES = 1280
STUN_COOKIE = b"\x21\x12\xa4\x42"
#: Addresses that one connection may prove: a phone has a few, an attacker with the password has many.
MAX_PROVEN_ADDRESSES = 32
#: DTLS datagrams that wait to be read; a flight of handshake messages has about six.
MAX_WAITING_DATAGRAMS = 64
#: SRTP of the library has buffers of 1500 bytes.
MAX_MEDIA_BYTES = 1480
#: Less than this is neither RTP (header of 12 bytes) nor SRTCP (header of 8, index and tag).
MIN_MEDIA_BYTES = 12
#: Checks a second from addresses that have not proved themselves, of whoever knows the user name.
MAX_STRANGE_CHECKS_PER_S = 100
#: Role conflicts are settled by the first; one that never ends would be our recursion without end.
MAX_CHECK_ERRORS = 16
#: SSRCs that are nobody's: a browser has a few (probes, a stream that ended), an attacker four thousand million.
MAX_REFUSED_SSRCS, MAX_CONTROL_SSRCS = 64, 16
#: RTCP of a peer: feedback every 50 ms and a NACK for each burst of losses are far below it.
MAX_CONTROL_PER_S = 400


@dataclass(slots=True)
class GuardCounters:
    """Why datagrams, or what they asked for, were dropped. The names are the codes in the log and in the statistics.

    The first five can be anybody's doing, the others only that of the peer itself.
    """

    empty: int = 0
    stranger: int = 0
    malformed: int = 0
    stun_unknown: int = 0
    checks_refused: int = 0
    addresses_refused: int = 0
    over_cap: int = 0
    queue_full: int = 0
    too_long: int = 0
    too_short: int = 0
    unprotect_failed: int = 0
    packet_malformed: int = 0
    extension_malformed: int = 0
    payload_type_unknown: int = 0
    ssrc_limit: int = 0
    control_flood: int = 0
    nack_storm: int = 0
    keyframe_storm: int = 0
    send_failed: int = 0
    handler_failed: int = 0

    def to_dict(self) -> dict[str, int]:
        return {name: count for name, count in asdict(self).items() if count}


#: Counters that strangers can raise.
STRANGERS = frozenset(one.name for one in fields(GuardCounters)[:5])
STRANGERS_TOLD_FROM = 1000
OWN_TOLD_EVERY_US, STRANGERS_TOLD_EVERY_US = 10_000_000, 60_000_000


class FaultReport:
    """What grew since it was last told, as one line: a peer's own faults every 10 s, a stranger's flood every 60 s."""

    def __init__(self, counters: GuardCounters) -> None:
        self._counters = counters
        self._told: dict[str, int] = {}
        self._own_us = self._strangers_us = 0

    def find_due(self, now_us: int, *, last: bool = False) -> str | None:
        """`code=count code=count`, or None where nothing is to be told now. `last`: whatever the time."""
        grown = {name: n - self._told.get(name, 0) for name, n in self._counters.to_dict().items()}
        told: dict[str, int] = {}
        if last or now_us >= self._own_us:
            told |= {name: n for name, n in grown.items() if n and name not in STRANGERS}
            self._own_us = now_us + OWN_TOLD_EVERY_US if told else self._own_us
        if last or now_us >= self._strangers_us:
            strange = {name: n for name, n in grown.items() if name in STRANGERS}
            if sum(strange.values()) >= STRANGERS_TOLD_FROM:
                told |= {name: n for name, n in strange.items() if n}
                self._strangers_us = now_us + STRANGERS_TOLD_EVERY_US
        for name, n in told.items():
            self._told[name] = self._told.get(name, 0) + n
        return " ".join(f"{name}={n}" for name, n in told.items()) or None


class ProvenAddresses:
    """Bounded set of addresses that passed an authenticated check.

    Sockets name an IPv6 sender by four values, checks by two: both forms are in it.
    """

    __slots__ = ("_counters", "_free", "addresses")

    def __init__(self, counters: GuardCounters) -> None:
        #: Read where a datagram must cost no call.
        self.addresses: set[tuple[str, int] | tuple[str, int, int, int]] = set()
        self._counters = counters
        self._free = MAX_PROVEN_ADDRESSES

    def __contains__(self, address: object) -> bool:
        return address in self.addresses

    def add(self, address: tuple[str, int]) -> bool:
        """False where the address is new and the bound is reached."""
        if address in self.addresses:
            return True
        if not self._free:
            self._counters.addresses_refused += 1
            return False
        self._free -= 1
        self.addresses.add(address)
        if ":" in address[0]:
            self.addresses.add((address[0], address[1], 0, 0))
        return True


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
