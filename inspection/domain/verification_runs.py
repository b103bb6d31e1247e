"""The step over journals: each range has its digest, so has the file up to there, and its records parse.

A stored journal is read by several hands: one digests it from the start to its end, others take segments. A packed
one is read once, in order. Both come to the same list of what was found, and that is judged.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from inspection.domain.package_members import JournalRun
from inspection.domain.verification import Broken, Code, PackageMembers, Piece, Workers
from inspection.domain.verification_artefacts import JournalClaim
from inspection.domain.verification_journal import JournalCheck, JournalFault
from inspection.domain.verification_lines import hashed

PART_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SegmentFound:
    """What a segment is: its digest, and whether it is whole records."""

    sha256: str
    is_sound: bool


@dataclass(frozen=True, slots=True)
class RunFound:
    """What a run is; `running` after each segment."""

    segments: tuple[SegmentFound, ...]
    running: tuple[str, ...]
    crc32: int | None


@dataclass(frozen=True, slots=True)
class _Job:
    """Some neighbouring segments of a run, or all of it for its running digest."""

    piece: Piece
    lengths: tuple[int, ...]
    ids: tuple[str, str]
    has_header: bool
    is_running: bool


@dataclass(frozen=True, slots=True)
class _Done:
    segments: tuple[SegmentFound, ...] = ()
    running: tuple[str, ...] = ()
    crc32: int | None = None


def check_runs(members: PackageMembers, runs: Sequence[JournalRun], workers: Workers) -> Iterator[tuple[str, str]]:
    """`(member, its SHA-256)` of each run that holds, in order. Raises Broken at the first that does not."""
    pieces = [members.find_piece(run.member) for run in runs]
    done = workers.ordered(do_job, _jobs(runs, pieces))
    for run, piece in zip(runs, pieces, strict=True):
        require_cover(run, members.size_bytes(run.member))
        found = read_run(run, members.chunks(run.member)) if piece is None else _gather(run, done, members.note_read)
        judge_run(run, found)
        members.require_sound(run.member, found.crc32)
        yield run.member, found.running[-1]


def check_journal(claim: JournalClaim, size_bytes: int, chunks: Iterable[bytes]) -> str:
    """The SHA-256 of a whole journal. Raises Broken unless entries speak of each of its bytes, and say the truth."""
    run = JournalRun(claim.member, claim, tuple(claim.in_order()))
    require_cover(run, size_bytes)
    found = read_run(run, chunks)
    judge_run(run, found)
    return found.running[-1]


def require_cover(run: JournalRun, size_bytes: int) -> None:
    """Segments follow one another by number and place from byte 0 on, and the run is as long as its part of them."""
    covered = 0
    for place, segment in enumerate(run.claim.in_order()):
        if segment.offset != covered or segment.index != place:
            raise Broken(Code.SEGMENT_GAP, f"{run.claim.member} entry {segment.seq}")
        covered += segment.length
    if size_bytes != run.size_bytes:
        raise Broken(Code.SEGMENT_GAP, f"{run.member} byte {min(run.size_bytes, size_bytes)}")


def judge_run(run: JournalRun, found: RunFound) -> None:
    """Raises Broken at the first segment that is not what its entry says."""
    for segment, seen, running in zip(run.segments, found.segments, found.running, strict=True):
        where = f"{run.member} entry {segment.seq}"
        if seen.sha256 != segment.sha256:
            raise Broken(Code.SEGMENT_DIGEST, where)
        if run.offset == 0 and running != segment.running_sha256:
            raise Broken(Code.RUNNING_DIGEST, where)
        if not seen.is_sound:
            raise Broken(Code.JOURNAL_UNPARSABLE, where)


def read_run(run: JournalRun, chunks: Iterable[bytes]) -> RunFound:
    """All of it in one pass."""
    running = hashlib.sha256()
    segments: list[SegmentFound] = []
    after: list[str] = []
    pieces = _Pieces(chunks)
    for place, segment in enumerate(run.segments):
        taken = hashed(pieces.take(segment.length), running)
        segments.append(_read_segment(taken, _ids(run), has_header=run.offset == 0 and place == 0))
        after.append(running.hexdigest())
    pieces.finish()
    return RunFound(tuple(segments), tuple(after), None)


def do_job(job: _Job) -> _Done:
    """One job, by whoever has a hand free."""
    pieces = _Pieces(job.piece.chunks())
    if job.is_running:
        return _digest(job, pieces)
    found = [
        _read_segment(pieces.take(length), job.ids, has_header=job.has_header and place == 0)
        for place, length in enumerate(job.lengths)
    ]
    return _Done(tuple(found))


def _digest(job: _Job, pieces: _Pieces) -> _Done:
    running, crc32 = hashlib.sha256(), 0
    after: list[str] = []
    for length in job.lengths:
        for piece in pieces.take(length):
            running.update(piece)
            crc32 = zlib.crc32(piece, crc32)
        after.append(running.hexdigest())
    return _Done(running=tuple(after), crc32=crc32)


def _read_segment(pieces: Iterable[bytes], ids: tuple[str, str], *, has_header: bool) -> SegmentFound:
    own = hashlib.sha256()
    journal: JournalCheck | None = JournalCheck(*ids, has_header=has_header)
    for piece in hashed(pieces, own):
        try:
            if journal is not None:
                journal.feed(piece)
        except JournalFault:
            journal = None
    return SegmentFound(own.hexdigest(), journal is not None and journal.is_whole)


def _jobs(runs: Sequence[JournalRun], pieces: Sequence[Piece | None]) -> Iterator[_Job]:
    for run, piece in zip(runs, pieces, strict=True):
        if piece is not None:
            lengths = tuple(segment.length for segment in run.segments)
            yield _Job(piece, lengths, _ids(run), has_header=False, is_running=True)
            yield from _parts(run, piece)


def _parts(run: JournalRun, piece: Piece) -> Iterator[_Job]:
    start = end = 0
    lengths: list[int] = []
    for segment in run.segments:
        lengths.append(segment.length)
        end += segment.length
        if end - start >= PART_BYTES or segment is run.segments[-1]:
            part = piece.part(start, end - start)
            yield _Job(part, tuple(lengths), _ids(run), run.offset == 0 and start == 0, is_running=False)
            start, lengths = end, []


def _gather(run: JournalRun, done: Iterator[_Done], note_read: Callable[[int], None]) -> RunFound:
    running: _Done | None = None
    segments: list[SegmentFound] = []
    while running is None or len(segments) < len(run.segments):
        one = next(done)
        if one.running:
            running = one
        if one.segments:
            read = run.segments[len(segments) : len(segments) + len(one.segments)]
            note_read(sum(each.length for each in read))
        segments += one.segments
    return RunFound(tuple(segments), running.running, running.crc32)


def _ids(run: JournalRun) -> tuple[str, str]:
    return run.claim.session_id, run.claim.track_id


class _Pieces:
    """Hands out exactly so many bytes of a stream of chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def take(self, length: int) -> Iterator[bytes]:
        """Pieces of `length` bytes together, or fewer where the stream ends."""
        while length > 0:
            if not self._rest:
                self._rest = next(self._chunks, b"")
                if not self._rest:
                    return
            piece, self._rest = self._rest[:length], self._rest[length:]
            length -= len(piece)
            yield piece

    def finish(self) -> None:
        """Lets the stream see its own end."""
        for _ in self._chunks:
            break
