"""How long an hour's signatures take to verify: `python -m tests.media.signatures.hour [--minutes 60] [--processes 1]`.

A journal of 30 frames a second at 1.5 Mb/s, each frame signed, is made in a temporary file and counted as `verify`
counts it: this process takes packets apart, the others verify. Printed as JSON; exit status 1 where one is not signed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from media.frame_signatures_journal import Verifiers, count_journal
from media.journal.format import RTP, encode_header, encode_record
from tests.media.clips import header_of
from tests.media.page_signing import SigningPage

FRAME_RATE = 30
FRAME_BYTES = 1_500_000 // 8 // FRAME_RATE
PAYLOAD_BYTES = 1_150
CHUNK_BYTES = 1 << 20


def write(path: Path, frames: int) -> SigningPage:
    page, noise = SigningPage(), random.Random(1).randbytes(FRAME_BYTES + frames)
    sequence = 0
    with path.open("wb") as file:
        file.write(encode_header(header_of("v", "video")))
        for index in range(frames):
            signed = page.carry(b"\x31" + noise[index : index + FRAME_BYTES])
            parts = [signed[at : at + PAYLOAD_BYTES] for at in range(0, len(signed), PAYLOAD_BYTES)]
            for place, part in enumerate(parts):
                head = bytes([0x80, 96 | (0x80 if place == len(parts) - 1 else 0)]) + (sequence & 0xFFFF).to_bytes(
                    2, "big"
                )
                stamp = (index * 90_000 // FRAME_RATE & 0xFFFFFFFF).to_bytes(4, "big")
                packet = head + stamp + b"\x11\x11\x22\x22" + (b"\x00" if place else b"\x10") + part
                file.write(encode_record(RTP, 1_795_500_000_000_000 + index * 1_000_000 // FRAME_RATE, packet))
                sequence += 1
    return page


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    parser = argparse.ArgumentParser(description="Verifies the page signatures of a made-up journal.")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--processes", type=int, default=1, help="that verify beside the one that reads")
    arguments = parser.parse_args()
    frames = int(arguments.minutes * 60 * FRAME_RATE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "v.ytj")
        page = write(path, frames)
        verifiers = Verifiers(arguments.processes)
        began_s, began_cpu_s = time.monotonic(), cpu_s()
        count = count_journal(chunks(path), [page.public_key], verifiers.verify)
        took_s = time.monotonic() - began_s
        verifiers.close()
        size = path.stat().st_size
    signed = count.facts(0, frames - 1).signed
    figures = {"frames": frames, "signed": signed, "bytes": size, "s": round(took_s, 2)}
    print(json.dumps({**figures, "cpu_s": round(cpu_s() - began_cpu_s, 2), "processes": arguments.processes}))
    return 0 if signed == frames else 1


if __name__ == "__main__":
    sys.exit(main())
