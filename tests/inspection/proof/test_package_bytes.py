from __future__ import annotations

import functools
import io
import random
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.verification import Broken, State, Unreadable, Verdict
from inspection.domain.verification_package import verify_members
from inspection.store.package_files import verify_file
from inspection.store.package_zip import open_plain_zip
from inspection.store.package_zip_writer import LengthChanged, PlainZipWriter
from inspection.store.signer import verify_ed25519
from tests.inspection.proof.builder import SESSION, TRACK, Case, segment_payloads, small_case
from tests.inspection.proof.tampering import JOURNAL, PICTURE, STILL, read_members, zip_members
from tests.inspection.proof.test_package import example_verdict

pytestmark = pytest.mark.integration


#: Of these each fifth byte is tried, of everything else each.
TEXTS = ("README.txt", "ledger.jsonl", "openings.jsonl", "checkpoints.jsonl", "keys.jsonl", "manifest.json")
remembered_verify = functools.lru_cache(maxsize=None)(verify_ed25519)
"""The same signatures over and over: what was computed once need not be computed ten thousand times."""


def verify_bytes(content: bytes) -> Verdict:
    try:
        return verify_members(open_plain_zip(io.BytesIO(content)), remembered_verify)
    except Broken as broken:
        return Verdict(State.BROKEN, broken.problem)
    except Unreadable:
        return Verdict(State.UNREADABLE, None)


def ranges_of(package: Path) -> dict[str, range]:
    """Where each member's content lies in the file."""
    with zipfile.ZipFile(package) as archive:
        return {
            info.filename: range(start := info.header_offset + 30 + len(info.filename), start + info.file_size)
            for info in archive.infolist()
        }


def test_any_changed_byte_of_a_package_is_found_and_named(tmp_path):
    package = small_case(tmp_path).export()
    content = bytearray(package.read_bytes())
    places = ranges_of(package)
    chosen = random.Random(20260506)
    for at in range(len(content)):
        member = next((name for name, place in places.items() if at in place), None)
        if member in TEXTS and chosen.randrange(5):
            continue
        kept = content[at]
        content[at] ^= chosen.randrange(1, 256)
        verdict = verify_bytes(bytes(content))
        content[at] = kept
        assert verdict.state is State.BROKEN, at
        assert verdict.first_problem is not None
        code, where = verdict.first_problem.code, verdict.first_problem.where
        if member is None:
            assert code == "zip_not_plain", (at, code, where)
        elif member == JOURNAL:
            assert code == "segment_digest", (at, code, where)
            assert where in (f"{JOURNAL} entry 5", f"{JOURNAL} entry 6")
        elif member in (STILL, PICTURE):
            assert code in ("still_digest", "file_digest"), (at, code, where)
            assert where.startswith(f"{member} entry ")
        elif member == "ledger.jsonl":
            line = bytes(content[places[member].start : at]).count(b"\n") + 1
            assert where.startswith(f"ledger.jsonl entry {line}"), (at, code, where)
        else:
            assert where.startswith(("manifest", member)), (at, code, where)


def test_random_changed_bytes_of_a_larger_package_are_found(tmp_path):
    case = Case(tmp_path)
    case.open()
    case.record(segments=60, packet_bytes=1000)
    for number in range(20):
        case.still(f"still{number}", random.Random(number).randbytes(5000))
    package = case.export()
    content = bytearray(package.read_bytes())
    place = ranges_of(package)[JOURNAL]
    chosen = random.Random(7)
    for _ in range(150):
        at = chosen.randrange(len(content))
        kept = content[at]
        content[at] ^= chosen.randrange(1, 256)
        verdict = verify_bytes(bytes(content))
        content[at] = kept
        assert verdict.exit_status == 1, at
        if at in place:
            assert verdict.first_problem is not None
            assert (verdict.first_problem.code, JOURNAL in verdict.first_problem.where) == ("segment_digest", True)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_same_content_zipped_again_by_python_is_whole(tmp_path, method):
    members = read_members(small_case(tmp_path).export())
    assert verify_bytes(zip_members(members, method)).state is State.WHOLE
    backwards = dict(sorted(members.items(), reverse=True))
    assert verify_bytes(zip_members(backwards, method)).state is State.WHOLE


def test_extracted_and_zipped_again_from_files_it_is_whole(tmp_path):
    package = small_case(tmp_path).export()
    shutil.unpack_archive(package, tmp_path / "out", "zip")
    again = shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path / "out")
    assert verify_file(Path(again)).state is State.WHOLE


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP's zip is not installed here")
@pytest.mark.parametrize("options", ["-Xr", "-XrD", "-Xr9", "-Xr0"])
def test_zipped_again_by_info_zip_it_is_whole(tmp_path, options):
    package = small_case(tmp_path).export()
    shutil.unpack_archive(package, tmp_path / "out", "zip")
    subprocess.run(["zip", "-q", options, "../again.zip", "."], cwd=tmp_path / "out", check=True)
    assert verify_file(tmp_path / "again.zip").state is State.WHOLE


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c + b"x",
        lambda c: b"x" + c,
        lambda c: c[:-1],
        lambda c: c[: len(c) // 2],
        lambda c: c[:30],
        lambda c: c[:-22] + c[-22:-2] + b"\x01\x00x",
        lambda c: c + c,
    ],
    ids=["byte behind", "byte before", "byte short", "half", "head only", "comment", "twice"],
)
def test_bytes_around_the_archive_are_not_plain(tmp_path, change):
    content = change(small_case(tmp_path).export().read_bytes())
    verdict = verify_bytes(content)
    assert verdict.first_problem is not None
    assert (verdict.exit_status, verdict.first_problem.code) == (1, "zip_not_plain")


def test_what_is_no_zip_at_all_is_unreadable(tmp_path):
    for content in (b"", b"PK", b"hello" * 100, b"%PDF-1.7"):
        path = tmp_path / "x.zip"
        path.write_bytes(content)
        assert verify_file(path).exit_status == 2
        assert verify_file(path).to_json()["first_problem"] is None
    assert verify_file(tmp_path / "absent.zip").exit_status == 2
    assert verify_file(tmp_path).exit_status == 2


def test_an_archive_without_members_lacks_its_manifest():
    verdict = verify_bytes(b"PK\x05\x06" + bytes(18))
    assert verdict.to_json()["first_problem"] == {"code": "member_missing", "where": "manifest.json"}


@pytest.mark.parametrize("name", ["../x", "/x", "a\\b", "a//b", "C:x", "a/../b", ".x", "é", "x" * 300])
def test_unsafe_names_are_not_plain(tmp_path, name):
    members = read_members(small_case(tmp_path).export())
    verdict = verify_bytes(zip_members({**members, name: b"x"}))
    assert verdict.to_json()["first_problem"]["code"] == "zip_not_plain"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_doubled_name_is_not_plain(tmp_path):
    members = read_members(small_case(tmp_path).export())
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, content in [*members.items(), ("README.txt", b"other")]:
            archive.writestr(zipfile.ZipInfo(name), content)
    assert verify_bytes(kept.getvalue()).to_json()["first_problem"]["code"] == "zip_not_plain"


def test_a_bomb_is_not_unpacked(tmp_path):
    members = read_members(small_case(tmp_path).export())
    bomb = zip_members({**members, "README.txt": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)
    assert verify_bytes(bomb).to_json()["first_problem"] == {"code": "member_digest", "where": "README.txt"}
    lying = bytearray(zip_members({"manifest.json": bytes(50_000_000)}, zipfile.ZIP_DEFLATED))
    small = (100).to_bytes(4, "little")
    lying[22:26] = small
    at = lying.rindex(b"PK\x01\x02") + 24
    lying[at : at + 4] = small
    assert verify_bytes(bytes(lying)).to_json()["first_problem"] == {"code": "member_digest", "where": "manifest.json"}


def test_what_unpacks_to_far_more_than_the_archive_is_not_unpacked(tmp_path):
    members = read_members(small_case(tmp_path).export())
    package = tmp_path / "bomb.zip"
    package.write_bytes(zip_members({**members, "README.txt": bytes(200_000_000)}, zipfile.ZIP_DEFLATED))
    assert verify_file(package).to_json()["first_problem"] == {"code": "zip_not_plain", "where": "central directory"}
    assert example_verdict(package)[1]["first_problem"] == {"code": "zip_not_plain", "where": "central directory"}


def test_ten_gigabytes_of_zeros_are_no_zip_and_are_not_read(tmp_path):
    zeros = tmp_path / "zeros.zip"
    with zeros.open("wb") as stream:
        stream.truncate(10_000_000_000)
    started_s = time.process_time()
    assert verify_file(zeros).exit_status == 2
    assert time.process_time() - started_s < 1
    assert example_verdict(zeros)[0] == 2


def test_a_segment_that_ends_within_a_record_is_no_journal(tmp_path):
    case = Case(tmp_path)
    case.open()
    pieces = case.record(segments=2)
    for _ in pieces:
        case.take_back()
    whole = b"".join(pieces)
    for payload in segment_payloads(SESSION, TRACK, [whole[:-100], whole[-100:]]):
        case.add("segment", payload)
    package = case.export()
    assert verify_file(package).to_json()["first_problem"]["code"] == "journal_unparsable"
    assert example_verdict(package)[1]["first_problem"]["code"] == "journal_unparsable"  # type: ignore[index]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_garbage_gets_a_verdict(content):
    for start in (b"", b"PK\x03\x04"):
        for end in (b"", b"PK\x05\x06" + content[:18].ljust(18, b"\0")):
            assert verify_bytes(start + content + end).exit_status in (1, 2)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_garbage_members_get_a_verdict(data):
    names = ["manifest.json", "manifest.sig", "ledger.jsonl", JOURNAL, STILL, "README.txt"]
    members = data.draw(st.dictionaries(st.sampled_from(names), st.binary(max_size=40), max_size=4))
    if members:
        assert verify_bytes(zip_members(members)).exit_status == 1


def test_zip64_values_are_written_and_read_and_no_byte_of_them_is_free(tmp_path, monkeypatch):
    """With the limit at 4 kB instead of 4 GB, so that the very same code runs on a small package."""
    for module in ("package_zip_layout", "package_zip_writer"):
        monkeypatch.setattr(f"inspection.store.{module}.FULL32", 0xFFF)
    case = small_case(tmp_path)
    case.record("track2", segments=8, packet_bytes=200)
    package = case.export()
    content = bytearray(package.read_bytes())
    assert verify_bytes(bytes(content)).state is State.WHOLE
    assert content.count(b"PK\x06\x06") == 1
    central = content.rindex(b"PK\x01\x02")
    for at in [*range(central, len(content)), *range(0, 60)]:
        content[at] ^= 0x10
        assert verify_bytes(bytes(content)).exit_status == 1, at
        content[at] ^= 0x10


def test_a_source_that_changes_its_length_is_refused():
    for chunks in ([b"ab"], [b"abcd"]):
        with pytest.raises(LengthChanged):
            PlainZipWriter(io.BytesIO()).add("x", 3, chunks)


def test_verifying_a_package_streams(tmp_path):
    """Chunks are bounded however long a member is."""
    case = Case(tmp_path)
    case.open()
    case.record(segments=2, packet_bytes=60_000)
    with case.export().open("rb") as stream:
        opened = open_plain_zip(stream)
        assert max(len(chunk) for chunk in opened.chunks(f"journal/{SESSION}/{TRACK}.ytj")) <= 256 * 1024
