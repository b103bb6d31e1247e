"""Counts a whole journal's frame signatures: this process takes frames apart, others verify the signatures."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor

from media.depacketise import EncodedFrame, FrameAssembler
from media.frame_signatures_check import PageKeys, SignatureClaim, batches, verify_claims
from media.frame_signatures_count import FrameCount, SeenFrame
from media.journal.format import MAX_HEADER_BYTES, RTP, JournalError, Record, decode_header, decode_records

BATCH_FRAMES = 512
#: Batches that are being verified while more are read; each holds its pictures (a few megabytes).
MOST_BATCHES = 8
#: Fewer signatures than this are verified sooner than another process starts.
WORTH_A_PROCESS = 4096

Verify = Callable[[Sequence[SignatureClaim]], "Future[bytes]"]
_Batch = tuple[list[SeenFrame], list[list[bytes]], "Future[bytes]"]


class Verifiers:
    """So many processes that verify signatures, started when there is enough to do. `close()` is idempotent.

    niceness: added to the priority of each.
    """

    def __init__(self, processes: int, niceness: int = 0) -> None:
        self._processes = processes
        self._niceness = niceness
        self._pool: ProcessPoolExecutor | None = None
        self._asked = 0

    def verify(self, claims: Sequence[SignatureClaim]) -> Future[bytes]:
        """A byte for each claim: 1 where it holds."""
        self._asked += len(claims)
        if self._processes and self._pool is None and self._asked > WORTH_A_PROCESS:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, context, os.nice, (self._niceness,))
        if self._pool is not None:
            return self._pool.submit(verify_claims, claims)
        here: Future[bytes] = Future()
        here.set_result(verify_claims(claims))
        return here

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def count_journal(
    chunks: Iterable[bytes], public_keys: Iterable[bytes], verify: Verify, *, is_whole: bool = True
) -> FrameCount:
    """Counts the frames of a video journal that comes in pieces.

    is_whole: nothing follows; else frames that later packets could still change are not counted. Raises JournalError,
    and KeyError for a codec that has no pictures.
    """
    count, keys = FrameCount(), PageKeys(public_keys)
    running: deque[_Batch] = deque()
    for batch in batches(_frames(chunks, is_whole), BATCH_FRAMES):
        claims = [keys.claims(frame) for frame in batch]
        answer = verify([claim for each in claims for _, claim in each])
        running.append((batch, [[fingerprint for fingerprint, _ in each] for each in claims], answer))
        if len(running) > MOST_BATCHES:
            _settle(count, running.popleft())
    while running:
        _settle(count, running.popleft())
    if is_whole:
        count.finish()
    return count


def _settle(count: FrameCount, batch: _Batch) -> None:
    frames, fingerprints, answer = batch
    held = iter(answer.result())
    for frame, candidates in zip(frames, fingerprints, strict=True):
        fits = [fingerprint for fingerprint in candidates if next(held)]
        count.take(frame, fits[0] if fits else None)


def _frames(chunks: Iterable[bytes], is_whole: bool) -> Iterator[EncodedFrame]:
    pieces = iter(chunks)
    header, data = _begin(pieces)
    assembler = FrameAssembler(header)
    for record in _records(data, pieces):
        if record.kind == RTP:
            yield from assembler.feed(record.payload, record.arrival_us)
    if is_whole:
        yield from assembler.flush()


def _begin(pieces: Iterator[bytes]) -> tuple[str, bytes]:
    """The codec, and what was read behind the header."""
    data = b""
    for piece in pieces:
        data += piece
        try:
            header, end = decode_header(data)
        except JournalError:
            if len(data) > MAX_HEADER_BYTES + 16:
                raise
        else:
            return header.codec, data[end:]
    raise JournalError("ends within its header")


def _records(data: bytes, pieces: Iterator[bytes]) -> Iterator[Record]:
    while True:
        used = 0
        for record in decode_records(data):
            used = record.end
            yield record
        piece = next(pieces, None)
        if piece is None:
            return
        data = data[used:] + piece
