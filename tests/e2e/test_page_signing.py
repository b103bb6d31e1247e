"""A phone's page signs its picture in a real browser: by either way that browsers have, or says that it does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.office import Office
from tests.e2e.signed_call import call, costs, counted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.parametrize("way", ["transform", pytest.param("streams", marks=pytest.mark.bench)])
def test_the_page_signs_what_it_sends_and_the_record_counts_it(
    way: str, office: Office, camera_file: Path, tmp_path: Path
) -> None:
    seen = asyncio.run(call(office, camera_file, way, 12))
    assert seen["label"]["kind"] == "share" and float(seen["label"]["share"]) >= 80
    assert costs(seen["figures"])["proof_percent"] <= 3
    record = counted(office, seen["inspection_id"], tmp_path)
    assert record["verdict"]["verdict"] == "whole"
    assert any("视频帧由网页签名" in line for line in record["verdict"]["proven"])
    assert record["broken"] == 0
    assert record["signed"] >= 0.8 * record["frames"] > 60
    assert record["keys"][0]["browser"].startswith("Chrome ")


@pytest.mark.bench
def test_a_browser_that_cannot_sign_is_served_and_labelled(office: Office, camera_file: Path, tmp_path: Path) -> None:
    seen = asyncio.run(call(office, camera_file, "none", 6))
    assert seen["label"]["kind"] == "none" and seen["shown_fps"] > 8
    record = counted(office, seen["inspection_id"], tmp_path)
    assert record["verdict"]["verdict"] == "whole" and record["keys"] == []
    assert (record["signed"], record["broken"]) == (0, 0) and record["frames"] > 60
    assert "视频帧未由网页签名" in record["verdict"]["proven"] + record["verdict"]["claimed"]
