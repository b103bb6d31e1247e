from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from inspection.domain.errors import InspectionError
from inspection.domain.verification import State
from inspection.domain.verification_words import render_text
from inspection.store.package_export import export_file
from inspection.store.package_files import parse_key, verify_file
from tests.inspection.proof.builder import (
    LI,
    SESSION,
    START,
    TRACK,
    Case,
    segment_payloads,
    signer_of,
    small_case,
    still_payload,
)
from tests.inspection.proof.tampering import (
    JOURNAL,
    PICTURE,
    STILL,
    UNSIGNED,
    cut_journal,
    lines,
    put,
    read_members,
    swap_stills,
    with_manifest,
    zip_members,
)

pytestmark = pytest.mark.integration
EXAMPLE = Path(__file__).parents[3] / "examples" / "verify_package" / "verify_package.py"


def write(root: Path, content: bytes) -> Path:
    path = root / "changed.zip"
    path.write_bytes(content)
    return path


def example_verdict(package: Path, *more: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-I", str(EXAMPLE), str(package), *more], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def expect(package: Path, code: str, where: str) -> None:
    """Both verifiers find the same."""
    verdict = verify_file(package)
    assert verdict.exit_status == 1, verdict
    assert verdict.first_problem is not None
    assert (verdict.first_problem.code, where in verdict.first_problem.where) == (code, True), verdict.first_problem
    status, other = example_verdict(package)
    assert (status, other["first_problem"]["code"]) == (1, code), other  # type: ignore[index]


def test_a_package_is_whole_and_says_what_is_proven_and_what_is_claimed(tmp_path):
    verdict = verify_file(small_case(tmp_path).export())
    assert (verdict.state, verdict.exit_status, verdict.first_problem) == (State.WHOLE, 0, None)
    said = verdict.to_json()
    assert said["verdict"] == "whole"
    assert "自洽;密钥未经核对;无外部回执" in said["claimed"]
    assert any("台账第 1 至 10 条" in sentence for sentence in said["proven"])
    assert any("entries 1 to 10" in sentence for sentence in verdict.to_json("en")["proven"])
    assert render_text(verdict).startswith("完整")
    assert render_text(verdict, "en").startswith("WHOLE")


def test_both_verifiers_call_a_good_package_whole(tmp_path):
    package = small_case(tmp_path).export()
    key = base64.b64encode(signer_of().public_key()).decode()
    status, said = example_verdict(package)
    assert (status, said["verdict"], said["first_problem"], said["entries"]) == (0, "whole", None, 10)
    assert example_verdict(package, "--trust", key)[0] == 0


def test_the_same_case_gives_the_same_bytes(tmp_path):
    first = small_case(tmp_path / "a").export()
    second = small_case(tmp_path / "b").export()
    assert first.read_bytes() == second.read_bytes()


def test_members_stand_under_their_documented_names(tmp_path):
    names = zipfile.ZipFile(small_case(tmp_path).export()).namelist()
    assert names == [
        "README.txt",
        "ledger.jsonl",
        "openings.jsonl",
        "checkpoints.jsonl",
        "keys.jsonl",
        JOURNAL,
        STILL,
        PICTURE,
        f"viewing/{SESSION}.webm",
        "manifest.json",
        "manifest.sig",
    ]


@pytest.mark.parametrize(("change", "code", "where"), [row[1:] for row in UNSIGNED], ids=[row[0] for row in UNSIGNED])
def test_a_change_without_the_key_is_named(tmp_path, change, code, where):
    members = read_members(small_case(tmp_path).export())
    change(members)
    expect(write(tmp_path, zip_members(members)), code, where)


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (lambda m: put("ledger.jsonl", m["ledger.jsonl"][:-1])(m), "ledger_unparsable", "entry 10"),
        (lines(lambda found: found[:-1]), "ledger_head", "entry 9"),
        (lines(lambda found: found[1:]), "entry_seq", "entry 1"),
        (lines(lambda found: [*found[:4], *found[5:]]), "entry_seq", "entry 5"),
        (lines(lambda found: [*found[:4], found[5], found[4], *found[6:]]), "entry_seq", "entry 5"),
        (lines(lambda found: [*found, b""]), "ledger_unparsable", "entry 11"),
        (cut_journal, "segment_gap", JOURNAL),
        (swap_stills, "still_digest", STILL),
        (lambda m: m.pop(STILL), "member_missing", STILL),
        (lambda m: m.update({"journal/s9/t9.ytj": b"x"}), "member_unexpected", "journal/s9/t9.ytj"),
        (lambda m: m.update({"viewing/s9.webm": b"x"}), "member_unexpected", "viewing/s9.webm"),
    ],
)
def test_a_change_with_a_manifest_signed_anew_is_named(tmp_path, change, code, where):
    members = read_members(small_case(tmp_path).export())
    change(members)

    def list_again(fields):
        fields["members"] = [
            {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in members.items()
            if not name.startswith("manifest.")
        ]

    with_manifest(members, list_again)
    expect(write(tmp_path, zip_members(members)), code, where)


def test_an_unknown_format_version_is_named(tmp_path):
    members = read_members(small_case(tmp_path).export())
    with_manifest(members, lambda fields: fields.update(format_version=2))
    expect(write(tmp_path, zip_members(members)), "format_unknown", "manifest.json")


def test_a_format_version_that_is_no_number_is_not_taken_for_one(tmp_path):
    members = read_members(small_case(tmp_path).export())
    with_manifest(members, lambda fields: fields.update(format_version=True))
    expect(write(tmp_path, zip_members(members)), "manifest_unparsable", "manifest.json")


def test_a_still_of_another_length_than_its_entry_says_is_named(tmp_path):
    case = small_case(tmp_path)
    content = b"\xff\xd8 another \xff\xd9"
    file = f"{SESSION}/stills/still2.jpg"
    case.keep(file, content)
    case.add("still", {**still_payload("still2", file, content), "jpeg_bytes": len(content) + 1}, LI)
    expect(case.export(), "still_digest", "stills/still2.jpg")


def test_entries_of_an_unknown_kind_are_named(tmp_path, monkeypatch):
    case = small_case(tmp_path)
    with monkeypatch.context() as patched:
        patched.setitem(
            __import__("inspection.domain.entry_kinds").domain.entry_kinds.KINDS, "later", lambda v, s: None
        )
        case.add("later", {})
    expect(case.export(), "entry_kind_unknown", "entry 11")


def test_a_package_rebuilt_with_another_key_is_only_self_consistent(tmp_path):
    package = small_case(tmp_path, signer_of(2)).export()
    assert verify_file(package).state is State.WHOLE
    verdict = verify_file(package, trust=signer_of(1).public_key())
    assert verdict.to_json()["first_problem"]["code"] == "key_not_trusted"
    key = base64.b64encode(signer_of(1).public_key()).decode()
    assert example_verdict(package, "--trust", key)[1]["first_problem"]["code"] == "key_not_trusted"  # type: ignore[index]


def test_a_trusted_key_is_said_to_be_checked(tmp_path):
    verdict = verify_file(small_case(tmp_path).export(), trust=signer_of().public_key())
    assert "所给的可信公钥在其中" in verdict.to_json()["proven"]
    assert "密钥已与所给公钥核对;无外部回执" in verdict.to_json()["claimed"]


def test_a_trusted_key_is_read_in_every_usual_form(tmp_path):
    raw = signer_of().public_key()
    pem = Ed25519PublicKey.from_public_bytes(raw).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    (tmp_path / "key.pem").write_text(pem)
    for given in (base64.b64encode(raw).decode(), raw.hex(), pem, str(tmp_path / "key.pem")):
        assert parse_key(given) == raw
    for wrong in ("", "abc", "00" * 31, "-----BEGIN NONSENSE-----"):
        with pytest.raises(ValueError):
            parse_key(wrong)


def test_a_gap_between_segments_and_an_uncovered_tail_are_named(tmp_path):
    case = Case(tmp_path)
    case.open()
    pieces = case.record(segments=3)
    case.take_back()
    members = read_members(case.export())
    assert verify_file(case.export()).state is State.WHOLE, "an export ends at the last attested byte"
    assert len(members[JOURNAL]) == len(pieces[0]) + len(pieces[1])
    case.take_back()
    case.add("segment", segment_payloads(SESSION, TRACK, pieces)[2])
    expect(case.export(), "segment_gap", f"{JOURNAL} entry 6")


def test_recovered_segments_and_a_torn_tail_are_whole_but_only_claimed(tmp_path):
    case = Case(tmp_path)
    case.open()
    pieces = case.record(segments=3)
    case.take_back()
    last = segment_payloads(SESSION, TRACK, pieces)[2]
    case.add("recovered", {**last, "note": "not attested live"})
    case.add("torn", {"track_id": TRACK, "offset": last["offset"] + last["length"], "bytes": 17})
    verdict = verify_file(case.export())
    assert verdict.state is State.WHOLE
    assert any("1 段录制在中断后补记" in sentence for sentence in verdict.to_json()["claimed"])
    assert any("1 处缺口" in sentence for sentence in verdict.to_json()["claimed"])


def test_a_wrong_running_digest_is_named(tmp_path):
    case = Case(tmp_path)
    case.open()
    pieces = case.record(segments=2)
    case.take_back()
    case.add("segment", {**segment_payloads(SESSION, TRACK, pieces)[1], "running_sha256": "0" * 64})
    expect(case.export(), "running_digest", f"{JOURNAL} entry 6")


def test_attested_bytes_that_are_no_journal_are_named(tmp_path):
    case = Case(tmp_path)
    case.open()
    case.record(segments=1)
    case.take_back()
    case.keep(f"{SESSION}/journal/{TRACK}.ytj", b"no journal at all")
    case.add("segment", segment_payloads(SESSION, TRACK, [b"no journal at all"])[0])
    expect(case.export(), "journal_unparsable", f"{JOURNAL} entry 5")


def test_a_missing_file_stops_the_export_and_leaves_the_old_package(tmp_path):
    case = small_case(tmp_path)
    before = case.export().read_bytes()
    case.evidence.path(case.inspection_id, f"{SESSION}/stills/still1.jpg").unlink()
    with pytest.raises(InspectionError) as refused:
        case.export()
    assert refused.value.code == "evidence_missing"
    assert STILL in refused.value.message
    assert (tmp_path / "package.zip").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_verification_tells_how_far_it_is(tmp_path):
    package = small_case(tmp_path).export()
    told: list[tuple[int, int]] = []
    verify_file(package, progress=lambda done, whole: told.append((done, whole)))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert 0.9 * package.stat().st_size < told[-1][0] <= told[-1][1] == package.stat().st_size


def test_progress_ends_at_the_whole(tmp_path):
    case = small_case(tmp_path)
    told: list[tuple[int, int]] = []
    out = tmp_path / "package.zip"
    exported = export_file(
        case.plan(), case.evidence, case.signer, out, START, "x", lambda done, whole: told.append((done, whole))
    )
    assert told[-1][0] == told[-1][1] > 0
    assert exported.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert exported.size_bytes == out.stat().st_size
