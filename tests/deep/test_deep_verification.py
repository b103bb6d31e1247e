"""`--deep` over whole packages: what fits is proven, what does not is named by its code and its entry."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inspection.domain.instants import parse_rfc3339, to_unix_us
from inspection.domain.package_withheld import Withheld
from inspection.domain.verification import State, Verdict
from inspection.domain.verification_package import Asked
from inspection.services.packages import PackageText
from inspection.store.content_credentials import StillCopier
from inspection.store.office_certificate import load_or_create_certificate
from inspection.store.package_export import export_file
from inspection.store.package_files import verify_file
from media.fonts import StampFont, open_font
from media.journal.reader import read_header
from media.journal.slice import JournalSlice
from media.stills_deep import WantedFrame, recover_picture
from media.stills_redact import redact
from tests.deep.filmed import FilmedCase
from tests.inspection.proof.builder import SESSION, START
from tests.media.clips import START_US, encode_h264, encode_vp8, video_packets
from web.deep_check import deep_check

pytestmark = pytest.mark.integration

SECONDS, FPS = 6, 10
KEYFRAMES = [20, 41]
ENCODED = {
    "VP8": encode_vp8(range(SECONDS * FPS), keyframes=KEYFRAMES),
    "H264": encode_h264(range(SECONDS * FPS), keyframes=KEYFRAMES),
}


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> StampFont:
    return open_font(tmp_path_factory.mktemp("fonts"))


def filmed(root: Path, font: StampFont, change: Callable[[dict[str, Any]], object] | None = None) -> FilmedCase:
    """Two tracks and three stills; `change` is for the last."""
    made = FilmedCase(root, font)
    first = made.track("vp8", video_packets(ENCODED["VP8"], fps=FPS))
    second = made.track("h264", video_packets(ENCODED["H264"], codec="H264", fps=FPS), codec="H264")
    assert made.still("still1", first, START_US + 900_000)
    assert made.still("still2", second, START_US + 4_600_000)
    assert made.still("still3", first, START_US + 5_300_000, change)
    made.end()
    return made


def deep(path: Path, *roots_pem: bytes) -> Verdict:
    return verify_file(path, asked=Asked(deep=deep_check(path, roots_pem, workers=1)))


def keys(verdict: Verdict) -> tuple[list[str], list[str]]:
    return [one.key for one in verdict.proven], [one.key for one in verdict.claimed]


def test_every_still_is_found_in_the_recording_and_its_copy_is_trusted(tmp_path: Path, font: StampFont) -> None:
    made = filmed(tmp_path, font)
    path = made.export()
    verdict = deep(path, made.certificate.root_pem)
    assert (verdict.state, verdict.first_problem) == (State.WHOLE, None)
    proven, claimed = keys(verdict)
    assert {"segments_counted", "stills_found", "credentials_trusted"} <= set(proven)
    assert not {"stills_not_decoded", "stills_out_of_reach", "credentials_untrusted", "pauses_undeclared"} & set(
        claimed
    )
    assert next(one.values for one in verdict.proven if one.key == "stills_found") == {"count": 3}
    assert "credentials_untrusted" in keys(deep(path))[1]
    with zipfile.ZipFile(path) as package:
        assert {f"stills_c2pa/still{n}.jpg" for n in (1, 2, 3)} <= set(package.namelist())


def test_a_packed_copy_of_the_package_is_found_whole_too(tmp_path: Path, font: StampFont) -> None:
    path = filmed(tmp_path, font).export()
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)
    assert deep(packed).state is State.WHOLE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"frame_index": 12}, "still_frame_missing"),
        ({"frame_index": 4000}, "still_frame_missing"),
        ({"arrival_at": "2099-01-01T00:00:00.000Z", "frame_index": 4000}, "still_frame_missing"),
        ({"track_id": "h264"}, "still_encoded"),
        ({"encoded_sha256": "0" * 64}, "still_encoded"),
        ({"i420_sha256": "0" * 64}, "still_pixels"),
        ({"height": 242}, "still_pixels"),
        ({"tiles_root": "0" * 64}, "still_tiles"),
    ],
)
def test_a_still_that_was_never_in_the_recording_is_named(
    tmp_path: Path, font: StampFont, change: dict[str, Any], code: str
) -> None:
    made = filmed(tmp_path, font, lambda payload: payload.update(change))
    seq = next(entry.seq for entry in made.case.entries if entry.payload.get("still_id") == "still3")
    path = made.export()
    verdict = deep(path)
    assert verdict.first_problem is not None
    assert (verdict.first_problem.code, verdict.first_problem.where) == (code, f"stills/still3 entry {seq}")
    assert verify_file(path).state is State.WHOLE


def test_a_segment_that_miscounts_its_frames_is_named(tmp_path: Path, font: StampFont) -> None:
    made = FilmedCase(tmp_path, font)
    add = made.case.add

    def lie(kind: str, payload: dict[str, Any], *more: Any) -> Any:
        return add(kind, {**payload, "frames": 3} if payload.get("index") == 2 else payload, *more)

    made.case.add = lie  # type: ignore[method-assign, assignment]
    made.track("vp8", video_packets(ENCODED["VP8"], fps=FPS))
    seq = next(entry.seq for entry in made.case.entries if entry.payload.get("index") == 2)
    verdict = deep(made.export())
    assert verdict.first_problem is not None
    assert verdict.first_problem.code == "segment_counts"
    assert verdict.first_problem.where == f"journal/{SESSION}/vp8.ytj entry {seq}"


def test_a_live_still_beyond_what_is_attested_is_no_fault(tmp_path: Path, font: StampFont) -> None:
    made = FilmedCase(tmp_path, font)
    path = made.track("vp8", video_packets(ENCODED["VP8"], fps=FPS))
    made.still("still1", path, None)
    last = [entry for entry in made.case.entries if entry.kind == "segment"][-2:]
    kept = [entry for entry in made.case.entries if entry not in last]
    made.case.entries = []
    for entry in kept:
        made.case.add(entry.kind, entry.opened_payload())
    verdict = deep(made.export())
    assert verdict.state is State.WHOLE and "stills_out_of_reach" in keys(verdict)[1]


def test_withheld_stretches_leave_their_stills_unchecked_and_the_others_checked(
    tmp_path: Path, font: StampFont
) -> None:
    made = filmed(tmp_path, font)
    hidden = Withheld("journal", "redacted", session=SESSION, track="vp8", from_index=0, to_index=1)
    verdict = deep(made.export(audience="court", withheld=[hidden]))
    assert (verdict.state, verdict.first_problem) == (State.WHOLE, None)
    assert next(one.values for one in verdict.proven if one.key == "stills_found") == {"count": 2}
    assert next(one.values for one in verdict.claimed if one.key == "stills_out_of_reach") == {"count": 1}


def covered(made: FilmedCase, still_id: str, hidden: set[int]) -> list[PackageText]:
    """The two members of a redacted still, from the recording."""
    said = next(entry.payload for entry in made.case.entries if entry.payload.get("still_id") == still_id)
    path = made.case.evidence.path(made.case.inspection_id, f"{SESSION}/journal/{said['track_id']}.ytj")
    keys = ("frame_index", "rtp_timestamp", "width", "height", "encoded_sha256", "i420_sha256")
    arrival_ms = to_unix_us(parse_rfc3339(said["arrival_at"])) // 1000
    wanted = WantedFrame(number=1, arrival_ms=arrival_ms, **{key: said[key] for key in keys})
    picture = recover_picture(JournalSlice.whole(path), read_header(path).codec, wanted)
    png, table = redact(picture.i420(), said["width"], said["height"], made.seeds[still_id], hidden)
    with pytest.raises(ValueError, match="no such picture"):
        recover_picture(JournalSlice.whole(path), read_header(path).codec, replace(wanted, i420_sha256="0" * 64))
    return [PackageText(f"stills/{still_id}.redacted.png", png), PackageText(f"stills/{still_id}.tiles.json", table)]


@pytest.mark.parametrize(("shown", "code"), [({2, 3}, ""), ({2}, "still_tiles"), ({2, 3, 4}, "still_tiles")])
def test_a_still_with_covered_tiles_verifies_where_just_those_are_covered(
    tmp_path: Path, font: StampFont, shown: set[int], code: str
) -> None:
    made = filmed(tmp_path, font)
    seq = next(entry.seq for entry in made.case.entries if entry.payload.get("still_id") == "still3")
    withheld = (
        Withheld("still_tiles", "redacted", still="still3", tiles=(2, 3)),
        Withheld("journal", "redacted", session=SESSION, track="vp8", from_index=4, to_index=5),
        Withheld("opening", "redacted", seq=seq, path="/payload/tiles_seed"),
    )
    plan = made.case.plan("court", withheld)
    plan = replace(plan, texts=(*plan.texts, *covered(made, "still3", shown)))
    copier, out = StillCopier(made.certificate, "test", plan.entries), tmp_path / "package.zip"
    export_file(plan, made.case.evidence, made.case.signer, out, START, "test", copy_still=copier)
    verdict = deep(out)
    assert (verdict.first_problem.code if verdict.first_problem else "") == code
    if not code:
        assert "tiles_match" in keys(verdict)[0] and "stills_out_of_reach" in keys(verdict)[1]
        with zipfile.ZipFile(out) as package:
            assert not {"stills/still3.jpg", "stills_c2pa/still3.jpg"} & set(package.namelist())


def test_a_copy_of_another_picture_or_entry_is_invalid(tmp_path: Path, font: StampFont) -> None:
    made = filmed(tmp_path, font)
    other = load_or_create_certificate(tmp_path / "other.pem", "别的局", START)
    plan = made.case.plan()
    swapped = [
        replace(entry, payload={**entry.payload, "i420_sha256": "0" * 64}) if entry.kind == "still" else entry
        for entry in plan.entries
    ]
    copiers = {
        "c2pa_invalid": StillCopier(made.certificate, "test", swapped),
        "": StillCopier(other, "test", plan.entries),
    }
    for code, copier in copiers.items():
        out = tmp_path / f"package{code}.zip"
        export_file(plan, made.case.evidence, made.case.signer, out, START, "test", copy_still=copier)
        verdict = deep(out, made.certificate.root_pem)
        assert (verdict.first_problem.code if verdict.first_problem else "") == code
        if verdict.first_problem is not None:
            assert verdict.first_problem.where.startswith("stills_c2pa/still1.jpg entry ")
        else:
            assert "credentials_untrusted" in keys(verdict)[1] and "credentials_trusted" not in keys(verdict)[0]
