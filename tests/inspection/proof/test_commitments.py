from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.actor import Role
from inspection.domain.commitments import (
    ERASED,
    Opening,
    commit,
    commit_places,
    find_at,
    is_commitment,
    opens,
    pointer,
    replaced,
    value_at,
)
from inspection.domain.entry import GENESIS, Entry, EntryDraft, seal
from inspection.domain.retention import ERASED_WORDS
from inspection.domain.shown import WITHHELD, shown_json
from inspection.domain.verification import Broken, Code
from inspection.domain.verification_ledger import ChainCheck
from inspection.store.signer import verify_ed25519
from tests.inspection.proof.builder import INSPECTION, LI, START, signer_of

pytestmark = pytest.mark.unit

SALT = bytes(range(16))
CHECK = {
    "session_id": "s1", "item_id": "layout", "title": "布局", "seen": "seen", "result": "pass", "still_ids": [],
    "note": "灶台很干净",
}  # fmt: skip


def sealed(kind: str, payload: dict[str, Any]) -> Entry:
    return seal(EntryDraft(kind, LI, None, payload), INSPECTION, 1, GENESIS, START, signer_of().sign)


def test_a_commitment_is_as_the_format_says_byte_for_byte():
    opening = Opening(base64.b64encode(SALT).decode(), "陈𠮷")
    digest = hashlib.sha256(b"yuntakan-commitment-v1\n" + SALT + '"陈𠮷"'.encode())
    assert commit(opening) == {"c": digest.hexdigest()}


@pytest.mark.parametrize("wrong", [{}, {"c": "A" * 64}, {"c": "a" * 63}, {"c": "a" * 64, "d": 1}, "a" * 64, None, [1]])
def test_nothing_else_is_a_commitment(wrong):
    assert not is_commitment(wrong)


@pytest.mark.parametrize("salt", ["", "AAAA", base64.b64encode(SALT).decode() + "\n", "é" * 24, "A" * 23 + "="])
def test_a_salt_of_another_form_opens_nothing(salt):
    with pytest.raises(ValueError):
        opens({"c": "a" * 64}, Opening(salt, "x"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5).filter(str.isprintable),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=4), inner, max_size=3),
)


@given(json_values, json_values)
def test_an_opening_opens_its_own_value_alone(one, other):
    opening = Opening(base64.b64encode(SALT).decode(), one)
    assert opens(commit(opening), opening)
    assert opens(commit(opening), Opening(opening.salt, other)) is (repr(one) == repr(other))


@given(st.dictionaries(st.text("ab/~", max_size=4), json_values, min_size=1), st.data())
def test_a_place_is_found_by_its_pointer_and_replaced_without_touching_the_rest(fields, data):
    key = data.draw(st.sampled_from(sorted(fields)))
    path = (key,)
    assert find_at(fields, pointer(path)) == value_at(fields, path) == fields[key]
    committed, openings = commit_places(fields, [path], bytes)
    assert openings[pointer(path)].value == fields[key]
    assert is_commitment(committed[key])
    assert replaced(committed, path, fields[key]) == fields


@pytest.mark.parametrize("broken", ["", "payload", "/payload/x", "/payload/0/1", "/items/01", "/items/-1", "/items/9"])
def test_a_pointer_to_nothing_finds_nothing(broken):
    assert find_at({"payload": [1], "items": [1]}, broken) is None


def test_a_draft_is_clear_and_an_entry_is_not():
    entry = sealed("check", CHECK)
    line = entry.to_line().decode()
    assert [word for word in ("灶台很干净", "李明") if word in line or word in repr(entry)] == []
    assert entry.opened_payload() == CHECK
    assert sorted(entry.openings) == ["/actor/name", "/payload/note"]


def test_every_salt_is_its_own():
    one, other = sealed("check", CHECK), sealed("check", CHECK)
    assert one.payload["note"] != other.payload["note"]


def test_an_entry_without_openings_says_that_they_are_erased():
    entry = Entry.from_json(sealed("check", CHECK).to_json())
    assert entry.opened_payload()["note"] == ERASED
    assert shown_json(entry, Role.AUDITOR)["actor"]["name"] == ERASED_WORDS


def test_an_applicant_gets_no_notes_that_officers_write_for_themselves():
    entry = sealed("check", CHECK)
    assert shown_json(entry, Role.APPLICANT)["payload"]["note"] == WITHHELD
    assert shown_json(entry, Role.INSPECTOR) == entry.opened_json()
    said = sealed("chat", {"session_id": "s1", "text": "你好"})
    assert shown_json(said, Role.APPLICANT)["payload"]["text"] == "你好"


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields["payload"].update(note="灶台很干净"),
        lambda fields: fields["payload"].update(note={**fields["payload"]["note"], "more": 1}),
        lambda fields: fields["actor"].update(name="李明"),
    ],
)
def test_clear_text_in_the_place_of_a_commitment_is_refused_even_if_it_is_signed(change):
    fields = sealed("check", CHECK).to_json()
    change(fields)
    from inspection.domain.entry import body_hash, signed_message

    fields["hash"] = body_hash(fields)
    fields["sig"] = base64.b64encode(signer_of().sign(signed_message(fields["hash"]))).decode()
    chain = ChainCheck(INSPECTION, [signer_of().public_key()], verify_ed25519)
    with pytest.raises(Broken) as caught:
        chain.fields(fields)
    assert caught.value.problem.code is Code.LEDGER_UNPARSABLE
