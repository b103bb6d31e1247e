from __future__ import annotations

import hashlib

import pytest

from inspection.domain.errors import InspectionError
from inspection.store.evidence_files import EvidenceFiles

pytestmark = pytest.mark.integration


async def test_a_picture_is_kept_whole_and_can_be_taken_back(tmp_path):
    evidence = EvidenceFiles(tmp_path, floor_bytes=0)
    kept = await evidence.write_rectification("i1", "r1", "jpg", b"picture")
    assert (kept.file, kept.size_bytes) == ("rectifications/r1.jpg", 7)
    assert kept.sha256 == hashlib.sha256(b"picture").hexdigest()
    assert evidence.path("i1", kept.file).read_bytes() == b"picture"
    assert evidence.files("i1") == ["rectifications/r1.jpg"]
    await evidence.remove("i1", kept.file)
    await evidence.remove("i1", kept.file)
    assert evidence.files("i1") == []


async def test_below_the_floor_of_free_space_nothing_is_written(tmp_path):
    evidence = EvidenceFiles(tmp_path, floor_bytes=2**62)
    with pytest.raises(InspectionError) as refused:
        await evidence.write_rectification("i1", "r1", "jpg", b"picture")
    assert refused.value.code == "storage_full"
    assert evidence.files("i1") == []


@pytest.mark.parametrize("file", ["../secret", "a/../../b", "/etc/passwd", "a//b", ".hidden", "a\x00b", ""])
def test_a_path_that_leads_elsewhere_is_not_found(tmp_path, file):
    with pytest.raises(InspectionError) as refused:
        EvidenceFiles(tmp_path, floor_bytes=0).path("i1", file)
    assert refused.value.code == "unknown"


def test_derived_and_unfinished_files_are_no_evidence(tmp_path):
    evidence = EvidenceFiles(tmp_path, floor_bytes=0)
    for file in ("s1/derived/replay.webm", "s1/journal/t1.ytj", "s1/stills/.x.jpg.new"):
        path = tmp_path / "i1" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert evidence.files("i1") == ["s1/journal/t1.ytj"]
    assert b"".join(evidence.chunks("i1", "s1/journal/t1.ytj", 100)) == b"x"
