from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.actor import SYSTEM
from inspection.domain.canonical import CanonicalError, canonical_bytes
from inspection.domain.entry import GENESIS, SIGNING_CONTEXT, Entry, EntryDraft, body_hash, seal
from inspection.domain.entry_kinds import KINDS, PayloadError, check_payload, payload_problem
from inspection.domain.verification import Broken
from inspection.domain.verification_ledger import ChainCheck
from inspection.store.signer import verify_ed25519
from tests.inspection.proof.builder import INSPECTION, LI, START, signer_of, small_case

pytestmark = pytest.mark.unit

CHAT = {"session_id": "s1", "text": "你好"}


def sealed(payload: Any, kind: str = "chat") -> Entry:
    return seal(EntryDraft(kind, LI, None, payload, START), INSPECTION, 1, GENESIS, START, signer_of().sign)


def test_an_entry_is_hashed_and_signed_as_documented():
    entry = sealed(CHAT)
    body = {key: value for key, value in entry.to_json().items() if key not in ("hash", "sig")}
    digest = hashlib.sha256(canonical_bytes(body))
    assert entry.hash == digest.hexdigest() == body_hash(entry.to_json())
    assert verify_ed25519(signer_of().public_key(), base64.b64decode(entry.sig), SIGNING_CONTEXT + digest.digest())


def test_an_entry_survives_its_line():
    entry = sealed(CHAT)
    assert Entry.from_json(json.loads(entry.to_line())) == entry


def test_instants_stand_with_milliseconds_and_the_actor_with_four_words():
    entry = sealed(CHAT)
    assert (entry.at, entry.device_at) == ("2026-05-06T01:30:00.000Z", "2026-05-06T01:30:00.000Z")
    assert {**entry.actor, "name": None} == {"role": "inspector", "id": "user1", "name": None, "level": "account"}
    assert entry.opened_json()["actor"]["name"] == "李明"


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("chat", {"session_id": "s1"}),
        ("chat", {**CHAT, "more": 1}),
        ("chat", {**CHAT, "text": None}),
        ("chat", "text"),
        ("told", {"notice_version": "1", "told_at": "yesterday"}),
        ("nonsense", {}),
        ("recording", {"session_id": "s1", "on": 1}),
        ("rectification_accepted", {"finding_id": "f"}),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_when_written(kind, payload):
    with pytest.raises(PayloadError):
        sealed(payload, kind)


def test_optional_keys_may_be_absent_or_null():
    for more in ({}, {"cause": None}, {"cause": "disk_full"}):
        check_payload("recording", {"session_id": "s1", "on": False, **more})


def test_a_reader_lets_unknown_keys_pass():
    assert payload_problem("chat", {**sealed(CHAT).payload, "later": 1}) is None


def test_a_float_in_a_payload_is_refused():
    with pytest.raises((PayloadError, CanonicalError)):
        sealed({"session_id": "s1", "text": 1.5})


def test_a_lone_surrogate_in_a_text_is_refused():
    with pytest.raises(CanonicalError):
        sealed({"session_id": "s1", "text": "\ud83d"})


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(st.sampled_from(sorted(KINDS)), junk)
def test_shapes_judge_any_value_without_falling_over(kind, value):
    wrong = payload_problem(kind, value)
    assert wrong is None or isinstance(wrong, str)


@given(st.data())
def test_a_chain_check_answers_any_fields_with_a_verdict(data):
    fields = sealed(CHAT).to_json()
    key = data.draw(st.sampled_from(sorted(fields)))
    changed = {**fields, key: data.draw(junk)}
    chain = ChainCheck(INSPECTION, [signer_of().public_key()], verify_ed25519)
    try:
        chain.fields(changed)
    except Broken:
        return
    assert changed == fields


def test_the_builders_chain_verifies(tmp_path):
    case = small_case(tmp_path)
    chain = ChainCheck(INSPECTION, [signer_of().public_key()], verify_ed25519)
    assert [chain.line(entry.to_line()).seq for entry in case.entries] == list(range(1, len(case.entries) + 1))
    assert SYSTEM.role == "system"
