"""Who is passed on to whom. Functions over the peers that a room owns; nothing here waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from media.down_peer import DownPeer
from media.down_slot import DownSlot
from media.up_peer import UpPeer
from media.up_track import UpTrack


def wire(source: UpPeer, down: DownPeer, now_us: int) -> None:
    """Let a receiver's slots carry a sender's tracks; nobody gets themself."""
    if source.identity.participant_id == down.identity.participant_id or not down.connected:
        return
    for track in source.tracks:
        slot = down.slot_for(source.identity.role, source.identity.participant_id, track.kind)
        if slot is not None:
            slot.connect(track, now_us)


def unwire_receiver(down: DownPeer, now_us: int) -> None:
    for slot in down.slots:
        slot.disconnect(now_us)


def unwire_sender(source: UpPeer, downs: Iterable[DownPeer], now_us: int) -> None:
    for track in source.tracks:
        for slot in list(_slots_with(track, downs)):
            slot.disconnect(now_us)


def pause(track: UpTrack, downs: Iterable[DownPeer], now_us: int) -> None:
    """What the track sends next is joined on to what it sent before, without a jump of the counters."""
    for slot in _slots_with(track, downs):
        slot.pause(track, now_us)


def _slots_with(track: UpTrack, downs: Iterable[DownPeer]) -> Iterator[DownSlot]:
    return (slot for down in downs for slot in down.slots if slot.source is track)
