"""The published known answers are those of this code."""

from __future__ import annotations

import base64
import json

import pytest

from media.frame_signatures import without_signature
from tests.media.signatures import vectors

pytestmark = pytest.mark.unit
PUBLISHED = json.loads(vectors.FILE.read_text("utf-8"))


def test_the_published_answers_are_made_anew_byte_by_byte():
    assert vectors.FILE.read_text("utf-8") == vectors.text()


def test_what_was_sent_is_the_frame_again_without_its_signature():
    for case in PUBLISHED["carriers"]:
        assert without_signature(bytes.fromhex(case["sent"])).hex() == case["frame"]


def test_the_cases_tell_every_kind_of_frame_apart():
    frames = "".join(case["frames"] for case in PUBLISHED["journals"])
    assert set(frames) == {"s", "b", "u"}
    assert len(base64.b64decode(PUBLISHED["public_key"])) == 65
