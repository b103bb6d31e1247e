"""Journals that are counted while they grow, here and in a process of its own; and whole ones, with helpers."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import astuple
from pathlib import Path

import pytest

from media.errors import MediaError
from media.frame_signatures_check import SignatureClaim
from media.frame_signatures_count import FrameFacts
from media.frame_signatures_journal import WORTH_A_PROCESS, Verifiers, count_journal
from media.journal.format import RTP, JournalError, encode_header, encode_record
from media.signatures_client import SignaturesClient
from media.signatures_follow import SignedTrackFollower
from media.signatures_port import SignaturesCounted
from tests.media.clips import encode_vp8, header_of, video_packets
from tests.media.page_signing import SigningPage

PLAIN = encode_vp8(range(30), 64, 48)
HEADER = encode_header(header_of("v", "video"))


def records(contents: list[bytes]) -> list[bytes]:
    return [encode_record(RTP, at, packet) for packet, at in video_packets(contents)]


def sums(parts: list[SignaturesCounted]) -> FrameFacts:
    return FrameFacts(*(sum(values) for values in zip(*(astuple(part)[2:] for part in parts), strict=True)))


@pytest.mark.unit
def test_parts_of_a_growing_journal_follow_each_other_and_add_up(tmp_path: Path) -> None:
    page = SigningPage()
    written = records(page.sign_in_groups(PLAIN, 7))
    path = tmp_path / "v.ytj"
    path.write_bytes(HEADER)
    follower, parts = SignedTrackFollower(path), []
    for at in range(0, 30, 9):
        with path.open("ab") as file:
            file.write(b"".join(written[at : at + 9]))
        follower.advance([page.public_key], path.stat().st_size)
        part = follower.counted(parts[-1].to_index + 1 if parts else 0)
        parts += [part] if part else []
    follower.finish([page.public_key])
    last = follower.counted(parts[-1].to_index + 1)
    follower.close()
    assert last is not None
    assert [part.from_index for part in parts] == [0, 7, 14, 21]
    assert (last.from_index, last.to_index, last.signed) == (28, 29, 0)
    assert sums([*parts, last]) == FrameFacts(30, 28, 0, 0, 0)


@pytest.mark.unit
def test_no_more_is_read_than_is_attested(tmp_path: Path) -> None:
    page = SigningPage()
    written = records(page.sign_each(PLAIN))
    path = tmp_path / "v.ytj"
    path.write_bytes(HEADER + b"".join(written))
    follower = SignedTrackFollower(path)
    follower.advance([page.public_key], len(HEADER) + sum(map(len, written[:12])) + 5)
    first = follower.counted(0)
    follower.advance([page.public_key], None)
    rest = follower.counted(12)
    follower.close()
    assert first is not None and rest is not None
    assert (first.frames, rest.frames, rest.signed) == (12, 18, 18)


@pytest.mark.unit
@pytest.mark.parametrize("step", [17, 4096, 1 << 20])
def test_a_whole_journal_comes_in_pieces_of_any_size(step: int) -> None:
    page = SigningPage()
    content = HEADER + b"".join(records(page.sign_in_groups(PLAIN, 10)))
    pieces = [content[at : at + step] for at in range(0, len(content), step)]
    count = count_journal(pieces, [page.public_key], Verifiers(0).verify)
    assert count.facts(0, count.decided - 1) == FrameFacts(30, 30, 0, 0, 0)


@pytest.mark.unit
def test_of_a_journal_that_goes_on_elsewhere_only_what_is_decided_counts() -> None:
    page = SigningPage()
    content = HEADER + b"".join(records(page.sign_in_groups(PLAIN, 7)))
    count = count_journal([content], [page.public_key], Verifiers(0).verify, is_whole=False)
    assert count.facts(0, count.decided - 1) == FrameFacts(28, 28, 0, 0, 0)


@pytest.mark.unit
@pytest.mark.parametrize("content", [b"", b"YTKJ", HEADER[:-1], b"something else entirely" * 4000])
def test_what_is_no_journal_is_refused(content: bytes) -> None:
    with pytest.raises(JournalError):
        count_journal([content], [], Verifiers(0).verify)


@pytest.mark.integration
def test_processes_that_verify_find_what_one_finds() -> None:
    page = SigningPage()
    signed = page.sign_each(PLAIN * 200)
    signed[4321] = signed[4321][:9] + bytes([signed[4321][9] ^ 1]) + signed[4321][10:]
    pieces = [HEADER, *records(signed)]
    verifiers = Verifiers(1)
    try:
        count = count_journal(pieces, [page.public_key], verifiers.verify)
    finally:
        verifiers.close()
    assert count.facts(0, count.decided - 1) == FrameFacts(6000, 5999, 1, 0, 0)


@pytest.mark.integration
def test_processes_that_verify_give_way_to_live_calls() -> None:
    claim = SignatureClaim(SigningPage().public_key, bytes(64), bytes(32))
    before = {child.pid for child in multiprocessing.active_children()}
    verifiers = Verifiers(1, niceness=3)
    try:
        assert not any(verifiers.verify([claim] * (WORTH_A_PROCESS + 1)).result())
        (pid,) = {child.pid for child in multiprocessing.active_children()} - before
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, pid or 0) == min(19, own + 3)
    finally:
        verifiers.close()


@pytest.fixture
async def counting(tmp_path: Path) -> AsyncIterator[SignaturesClient]:
    client = SignaturesClient(tmp_path / "signatures.sock")
    await client.start()
    yield client
    await client.aclose()


@pytest.mark.integration
async def test_a_process_that_was_killed_goes_on_where_it_was_asked_to(
    counting: SignaturesClient, tmp_path: Path
) -> None:
    page = SigningPage()
    written = records(page.sign_each(PLAIN))
    path = tmp_path / "v.ytj"
    path.write_bytes(HEADER + b"".join(written[:20]))
    first = await counting.count("v", path, [page.public_key], 0, None, False)
    assert first == SignaturesCounted(0, 19, 20, 20, 0, 0, 0)
    pid = counting.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with path.open("ab") as file:
        file.write(b"".join(written[20:]))
    assert await _after_restart(counting, path, page) == SignaturesCounted(20, 29, 10, 10, 0, 0, 0)
    assert counting.pid != pid


async def _after_restart(counting: SignaturesClient, path: Path, page: SigningPage) -> SignaturesCounted | None:
    async with asyncio.timeout(20):
        while True:
            try:
                return await counting.count("v", path, [page.public_key], 20, None, True)
            except MediaError:
                await asyncio.sleep(0.02)


@pytest.mark.integration
async def test_a_journal_that_is_not_there_is_nothing_to_count(counting: SignaturesClient, tmp_path: Path) -> None:
    assert await counting.count("v", tmp_path / "none.ytj", [], 0, None, True) is None
