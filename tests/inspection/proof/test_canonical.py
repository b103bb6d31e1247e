from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.canonical import MAX_INT, CanonicalError, canonical_bytes, parse_canonical

pytestmark = pytest.mark.unit

texts = st.text(st.characters(codec="utf-8"), max_size=20)
scalars = st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


@given(values)
def test_bytes_are_those_of_the_reference_implementation(value):
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(values)
def test_parsing_gives_the_value_back(value):
    assert parse_canonical(canonical_bytes(value)) == value


@given(st.binary(max_size=60))
def test_any_garbage_is_refused_or_canonical(content):
    try:
        value = parse_canonical(content)
    except CanonicalError:
        return
    assert canonical_bytes(value) == content


def test_keys_are_sorted_by_utf16_code_units():
    assert canonical_bytes({"\ufb33": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\ufb33":1}'.encode()


def test_rare_characters_of_names_stay_as_they_are():
    assert canonical_bytes("𠮷㙍℃") == '"𠮷㙍℃"'.encode()


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), MAX_INT + 1, -MAX_INT - 1, "\ud800", {"\udfff": 1}, {1: 2}, {"a": {None: 1}}, b"x", {"s": {1}}],
)
def test_what_has_no_canonical_bytes_is_refused(value):
    with pytest.raises(CanonicalError):
        canonical_bytes(value)


def test_depth_is_bounded_both_ways():
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(CanonicalError):
        parse_canonical(deep.encode())
    nested: list[object] = []
    for _ in range(40):
        nested = [nested]
    with pytest.raises(CanonicalError):
        canonical_bytes(nested)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{ "a":1}',
        b"1.0",
        b"1e3",
        b"NaN",
        b"-0",
        b"9" * 5000,
        b'"\\u0041"',
        b"\xff",
        b"",
    ],
)
def test_json_in_another_form_is_refused(content):
    with pytest.raises(CanonicalError):
        parse_canonical(content)


def test_tuples_count_as_lists():
    assert json.loads(canonical_bytes({"a": (1, (2,))})) == {"a": [1, [2]]}
