"""Whether the other end of a connection is still there, and what tells it that we are.

Media stops within a second or two of a dead path; ICE's own consent check takes half a minute. A silent connection is
held for a while, since most outages are short and end where they began: then media goes on without a new handshake.
"""

from __future__ import annotations

from enum import Enum

from media.config import RelayConfig
from media.peer import Peer
from media.rtp.rtcp import build_receiver_report
from media.up_peer import UpPeer

#: Something goes out at least this often to whoever is heard: pages take 1.2 s without anything for a dead path.
BEAT_US = 500_000
#: Whoever was not heard for this long gets nothing back, so that a page notices too when only its own way is dead.
ECHO_US = 900_000
#: A down peer hears nothing but checks and reports; browsers send one of them every few seconds.
DOWN_SILENT_US = 20_000_000
#: An offer that nobody answers holds its sockets no longer than this.
UNANSWERED_US = 30_000_000

EMPTY_REPORT = build_receiver_report(1, [])


class Life(Enum):
    THERE = "there"
    SILENT = "silent"
    GONE = "gone"
    UNANSWERED = "unanswered"


def life_of(peer: Peer, config: RelayConfig, now_us: int) -> Life:
    """SILENT: nothing arrives of what a sender always sends. GONE: it is not worth waiting for any longer."""
    if not peer.connected:
        waits = peer.remote is None and now_us - peer.created_us > UNANSWERED_US
        return Life.UNANSWERED if waits else Life.THERE
    if not isinstance(peer, UpPeer):
        return Life.GONE if now_us - peer.heard_us() > DOWN_SILENT_US else Life.THERE
    quiet_s = (now_us - peer.last_heard_us) / 1_000_000
    if quiet_s > config.gone_after_s:
        return Life.GONE
    return Life.SILENT if quiet_s > config.silent_after_s else Life.THERE


def is_echoed(peer: UpPeer, now_us: int) -> bool:
    """Whether a sender gets reports: it is heard, or has not begun."""
    return not peer.media_us or now_us - peer.last_heard_us < ECHO_US


def beat(peer: Peer, now_us: int) -> None:
    """Every BEAT_US: an empty report, so that silence means something."""
    if peer.connected and (not isinstance(peer, UpPeer) or is_echoed(peer, now_us)):
        peer.send_control(EMPTY_REPORT)
