"""What a room tells of its peers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from media.down_peer import DownPeer
from media.events import CodecRefused, LostCause, PeerConnected, PeerLost, ViewServed
from media.peer import Peer


def connected_fact(peer: Peer) -> PeerConnected:
    identity = peer.identity
    remote = peer.remote.fingerprint if peer.remote is not None else ""
    return PeerConnected(
        identity.session_id,
        identity.peer_id,
        identity.participant_id,
        identity.direction,
        peer.local_fingerprint,
        remote,
    )


def lost_fact(peer: Peer, cause: LostCause) -> PeerLost:
    identity = peer.identity
    return PeerLost(identity.session_id, identity.peer_id, identity.participant_id, identity.direction, cause)


def refusal_facts(peer: DownPeer) -> list[CodecRefused]:
    identity = peer.identity
    return [
        CodecRefused(identity.session_id, identity.peer_id, identity.participant_id, kind, codec)
        for kind, codec in peer.take_refusals()
    ]


def peer_stats(peers: Mapping[str, Peer]) -> dict[str, Any]:
    return {
        peer_id: {
            "participant_id": peer.identity.participant_id,
            "direction": peer.identity.direction,
            "connected": peer.connected,
            **peer.stats(),
        }
        for peer_id, peer in peers.items()
    }


def view_facts(peer: DownPeer, wall_us: int) -> list[ViewServed]:
    """That this receiver is sent more or less of the picture than before."""
    service = peer.view.take_change() if peer.view is not None else None
    if service is None:
        return []
    identity = peer.identity
    return [ViewServed(identity.session_id, identity.peer_id, identity.participant_id, service, wall_us)]
