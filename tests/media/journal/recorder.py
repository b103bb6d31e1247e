"""A process that records until it is killed: `python recorder.py FOLDER`. Prints the arrival of each packet it took."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from media.events import SegmentClosed
from media.journal import JournalDisk
from tests.media.clips import encode_vp8, header_of, tone_packets, video_packets
from tests.media.journal.disks import Told


def say_segment(segment: SegmentClosed) -> None:
    print("segment", segment.track_id, segment.offset + segment.length, flush=True)


async def record(folder: Path) -> None:
    video = video_packets(encode_vp8(range(150), width=160, height=120))
    voice = tone_packets(5)
    disk = JournalDisk()
    disk.start()
    told = Told()
    told.segment_closed = say_segment  # type: ignore[method-assign]
    writers = [disk.open(folder / f"{kind}.ytj", header_of(kind, kind), told) for kind in ("video", "audio")]
    print("ready", flush=True)
    while True:
        for writer, packets in zip(writers, (video, voice), strict=True):
            for packet, _ in packets[:5]:
                writer.append(packet, time.time_ns() // 1000)
        print("packet", time.time_ns() // 1000, flush=True)
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
