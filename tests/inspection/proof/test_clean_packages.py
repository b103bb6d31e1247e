"""No false alarms: whatever an honest server does, its package is whole; and real journals are journals to us."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.verification import State
from inspection.domain.verification_journal import JournalCheck, JournalFault
from inspection.domain.verification_words import render_text
from inspection.store.package_files import verify_file
from media.journal import RTP, SENDER_REPORT, JournalHeader, scan
from media.journal.format import encode_header, encode_record
from signaling.bridge import segment_payload
from tests.inspection.proof.builder import SESSION, TRACK, Case, journal_pieces, segment_payloads

pytestmark = pytest.mark.integration
AT = "2026-05-06T01:30:00.000Z"


def do(case: Case, step: str, number: int, chosen: random.Random) -> None:
    """One thing that happens in an honest office."""
    ids = {"session_id": SESSION}
    if step == "record":
        case.record(f"track{number}", chosen.randrange(1, 5), number, chosen.randrange(1, 2000))
    elif step == "crash":
        crashed_track(case, f"track{number}", chosen)
    elif step == "still":
        case.still(f"still{number}", chosen.randbytes(chosen.randrange(3000)))
    elif step == "gap":
        case.add("gap", {**ids, "cause": "reconnect", "started_at": AT, "ended_at": AT, "packets": 0})
    elif step == "chat":
        case.add("chat", {**ids, "text": chosen.choice(["", '𠮷\n\t"\\', "\u2028", "好" * 500, "\x7f\x00"])})
    elif step == "viewing":
        case.viewing(chosen.randbytes(100))
    else:
        case.add("no_fix", {**ids, "cause": "timeout"})


def crashed_track(case: Case, track_id: str, chosen: random.Random) -> None:
    """A journal of which some segments were recovered and a tail was torn off."""
    pieces = journal_pieces(SESSION, track_id, 4, chosen.randrange(100))
    case.keep(f"{SESSION}/journal/{track_id}.ytj", b"".join(pieces) + b"torn"[: chosen.randrange(5)])
    live = chosen.randrange(5)
    said = segment_payloads(SESSION, track_id, pieces)
    for payload in said[:live]:
        case.add("segment", payload)
    for payload in said[live:]:
        case.add("recovered", {**payload, "note": "not attested live"})
    if chosen.random() < 0.5:
        case.add("torn", {"session_id": SESSION, "track_id": track_id, "offset": sum(map(len, pieces)), "bytes": 4})


steps = st.lists(st.sampled_from(["record", "crash", "still", "gap", "chat", "viewing", "no_fix"]), max_size=8)


@settings(max_examples=80, deadline=None)
@given(steps, st.integers(0, 2**32))
def test_what_an_honest_office_exports_is_whole(done, seed):
    with tempfile.TemporaryDirectory() as folder:
        case = Case(Path(folder))
        case.open()
        for number, step in enumerate(done):
            do(case, step, number, random.Random(seed + number))
        verdict = verify_file(case.export())
    assert (verdict.state, verdict.first_problem) == (State.WHOLE, None)


def real_journal(path: Path, packets: int) -> None:
    header = JournalHeader(SESSION, TRACK, "p1", "applicant", "video", "VP8", 90_000, 96, 1234, 1_777_000_000_000_000)
    content = encode_header(header)
    for number in range(packets):
        packet = bytes([0x80, 96]) + number.to_bytes(2, "big") + (number * 3000).to_bytes(4, "big") + bytes(12)
        content += encode_record(RTP, 1_777_000_000_000_000 + number * 33_333, packet)
        if number % 10 == 0:
            content += encode_record(
                SENDER_REPORT, 1_777_000_000_000_000 + number * 33_333, b"\x80\xc8\x00\x06" + bytes(24)
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_a_journal_of_the_recorder_with_the_bridges_payloads_makes_a_whole_package(tmp_path):
    case = Case(tmp_path)
    case.open()
    path = case.evidence.path(case.inspection_id, f"{SESSION}/journal/{TRACK}.ytj")
    real_journal(path, 100)
    found = scan(path)
    assert len(found.segments) >= 3
    for segment in found.segments:
        case.add("segment", segment_payload(segment))
    verdict = verify_file(case.export())
    assert (verdict.state, verdict.first_problem) == (State.WHOLE, None)
    assert any(f"{len(found.segments)} 段" in sentence for sentence in verdict.to_json()["proven"])


@given(st.lists(st.integers(1, 400), min_size=1, max_size=20), st.integers(0, 10_000))
def test_a_journal_reads_the_same_in_any_pieces(lengths, spoil):
    content = b"".join(journal_pieces(SESSION, TRACK, 3))
    assert faults(content, lengths) is None
    damaged = bytearray(content)
    damaged[spoil % len(content)] ^= 0x40
    assert faults(bytes(damaged), lengths) is not None


def faults(content: bytes, lengths: list[int]) -> str | None:
    check = JournalCheck(SESSION, TRACK)
    position = turn = 0
    try:
        while position < len(content):
            length = lengths[turn % len(lengths)]
            check.feed(content[position : position + length])
            position, turn = position + length, turn + 1
        check.finish()
    except JournalFault as fault:
        return str(fault)
    return None


def test_a_verdict_says_how_long_the_gaps_of_each_cause_were_together(tmp_path):
    case = Case(tmp_path)
    case.open()
    for cause, ended_at in (("freeze", "02.500"), ("freeze", "01.000"), ("restart", "04.000")):
        span = {"started_at": "2026-05-06T01:30:00.000Z", "ended_at": f"2026-05-06T01:30:{ended_at}Z"}
        case.add("gap", {"session_id": SESSION, "cause": cause, "packets": 0, **span})
    said = render_text(verify_file(case.export()))
    assert "台账声明了 3 处缺口" in said
    assert "其中画面停住合计 3.5 秒" in said
    assert "其中服务器重启合计 4.0 秒" in said
