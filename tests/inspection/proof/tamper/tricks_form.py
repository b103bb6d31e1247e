"""Tricks with the form of things: JSON, base64, numbers, signatures. What surrounds them is signed with the key."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from inspection.domain.canonical import canonical_bytes
from inspection.domain.package_manifest import sign_manifest
from tests.inspection.proof.tamper.forge import UNLISTED, Forged, b64
from tests.inspection.proof.tamper.rich import added, resealed

Trick = tuple[str, Callable[[Forged], Forged], str, str]
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19


def line(member: str, number: int, change: Callable[[bytes], bytes]) -> Callable[[Forged], Forged]:
    """A line's bytes after `change`, and a manifest that knows them."""

    def apply(forged: Forged) -> Forged:
        lines = forged.members[member].split(b"\n")
        lines[number - 1] = change(lines[number - 1])
        forged.members[member] = b"\n".join(lines)
        list_bytes(forged)
        return forged

    return apply


def list_bytes(forged: Forged) -> None:
    """Lists members as they are, though no line of the ledger may be parsed, under what the manifest said of it."""
    fields = json.loads(forged.members["manifest.json"])
    if not isinstance(fields, dict):
        return
    fields["members"] = [
        {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in forged.members.items()
        if name not in UNLISTED
    ]
    sign_bytes(forged, canonical_bytes(fields))


def sign_bytes(forged: Forged, manifest: bytes) -> Forged:
    """Those bytes as the manifest, with a signature that fits them."""
    forged.members["manifest.json"] = manifest
    forged.members["manifest.sig"] = sign_manifest(manifest, forged.signers[-1].sign)
    return forged


def manifest(change: Callable[[bytes], bytes]) -> Callable[[Forged], Forged]:
    return lambda forged: sign_bytes(forged, change(forged.members["manifest.json"]))


def manifest_fields(change: Callable[[dict[str, Any]], Any]) -> Callable[[Forged], Forged]:
    def apply(forged: Forged) -> Forged:
        fields = json.loads(forged.members["manifest.json"])
        change(fields)
        return sign_bytes(forged, canonical_bytes(fields))

    return apply


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content, (old, content[:200])
        return content.replace(old, new, 1)

    return change


def loose(signature: str) -> str:
    """The same bytes in base64 with a spare bit set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = len(signature.rstrip("=")) - 1
    return signature[:last] + alphabet[alphabet.index(signature[last]) | 1] + signature[last + 1 :]


def malleable(signature: str) -> str:
    """S plus the order of the group: fits for verifiers that do not look."""
    raw = base64.b64decode(signature)
    s = int.from_bytes(raw[32:], "little") + ORDER
    return b64(raw[:32] + s.to_bytes(32, "little"))


def of_small_order(point: bytes) -> Callable[[Forged], Forged]:
    """A manifest "signed" by a key of small order: R = S·B with S = 0 is the neutral point, and fits any message."""

    def apply(forged: Forged) -> Forged:
        fields = json.loads(forged.members["manifest.json"])
        fields["public_key"] = b64(point)
        forged.members["manifest.json"] = canonical_bytes(fields)
        neutral = (1).to_bytes(32, "little")
        forged.members["manifest.sig"] = b64(neutral + bytes(32)).encode()
        return forged

    return apply


def signature_of(member: str, number: int, key: str, change: Callable[[str], str]) -> Callable[[Forged], Forged]:
    def apply(forged: Forged) -> Forged:
        lines = forged.lines(member)
        lines[number - 1][key] = change(lines[number - 1][key])
        forged.put_lines(member, lines)
        forged.list_again(forged.signers[-1])
        return forged

    return apply


def sealed(seq: int, change: Callable[[dict[str, Any]], Any]) -> Callable[[Forged], Forged]:
    """An entry after `change`, hashed, chained and signed again by the key."""
    return lambda forged: resealed(forged, lambda entries: change(entries[seq - 1]))


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


FIRST = "ledger.jsonl entry 1"
FORM_TRICKS: list[Trick] = [
    ("a key twice", line("ledger.jsonl", 1, replaced(b'{"actor"', b'{"actor":1,"actor"')), "ledger_unparsable", FIRST),
    (
        "a key twice with the same value",
        line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":1,"v":1')),
        "ledger_unparsable",
        FIRST,
    ),
    (
        "an escape for a letter",
        line("ledger.jsonl", 1, replaced(b'"opened"', b'"\\u006fpened"')),
        "ledger_unparsable",
        FIRST,
    ),
    (
        "an escaped slash",
        line("keys.jsonl", 1, replaced(b'"prev"', b'"pre\\u0076"')),
        "keys_unparsable",
        "keys.jsonl line 1",
    ),
    ("a float", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":1.0')), "ledger_unparsable", FIRST),
    ("an exponent", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":1e0')), "ledger_unparsable", FIRST),
    ("minus nothing", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":-0')), "ledger_unparsable", FIRST),
    ("no number", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":NaN')), "ledger_unparsable", FIRST),
    ("endless", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":Infinity')), "ledger_unparsable", FIRST),
    ("a leading zero", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":01')), "ledger_unparsable", FIRST),
    ("2^53", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":9007199254740992')), "ledger_unparsable", FIRST),
    ("2^53 + 1", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":9007199254740993')), "ledger_unparsable", FIRST),
    ("1e400", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":1e400')), "ledger_unparsable", FIRST),
    (
        "thousands of digits",
        line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":' + b"9" * 5000)),
        "ledger_unparsable",
        FIRST,
    ),
    ("true for one", line("ledger.jsonl", 1, replaced(b'"v":1', b'"v":true')), "ledger_unparsable", FIRST),
    ("a byte order mark", line("ledger.jsonl", 1, lambda text: b"\xef\xbb\xbf" + text), "ledger_unparsable", FIRST),
    ("a space", line("ledger.jsonl", 1, lambda text: text + b" "), "ledger_unparsable", FIRST),
    ("CR LF", line("ledger.jsonl", 1, lambda text: text + b"\r"), "ledger_unparsable", FIRST),
    ("an empty line", line("ledger.jsonl", 1, lambda text: b"\n" + text), "ledger_unparsable", FIRST),
    ("overlong UTF-8", line("ledger.jsonl", 1, replaced(b'"opened"', b'"\xc1\xafpened"')), "ledger_unparsable", FIRST),
    (
        "a surrogate in UTF-8",
        line("ledger.jsonl", 1, replaced(b'"opened"', b'"\xed\xa0\x80"')),
        "ledger_unparsable",
        FIRST,
    ),
    (
        "half a character escaped",
        line("ledger.jsonl", 1, replaced(b'"opened"', b'"\\ud800"')),
        "ledger_unparsable",
        FIRST,
    ),
    ("a control character", line("ledger.jsonl", 1, replaced(b'"opened"', b'"op\x01ned"')), "ledger_unparsable", FIRST),
    (
        "keys out of order",
        line(
            "ledger.jsonl",
            1,
            lambda text: json.dumps(
                dict(reversed(json.loads(text).items())), ensure_ascii=False, separators=(",", ":")
            ).encode(),
        ),
        "ledger_unparsable",
        FIRST,
    ),
    (
        "a line of two megabytes",
        line("ledger.jsonl", 1, lambda text: text + b" " * 2_000_000),
        "ledger_unparsable",
        FIRST,
    ),
    (
        "thousands of brackets",
        line("ledger.jsonl", 1, lambda text: b"[" * 100_000 + b"]" * 100_000),
        "ledger_unparsable",
        FIRST,
    ),
    ("an array for an entry", line("ledger.jsonl", 1, lambda text: b"[]"), "ledger_unparsable", FIRST),
    ("a word for an entry", line("ledger.jsonl", 1, lambda text: b'"entry"'), "ledger_unparsable", FIRST),
    ("null for an entry", line("ledger.jsonl", 1, lambda text: b"null"), "ledger_unparsable", FIRST),
    (
        "a key twice in the manifest",
        manifest(replaced(b'{"audience"', b'{"audience":"office","audience"')),
        "manifest_unparsable",
        "manifest.json",
    ),
    ("a line end behind the manifest", manifest(lambda text: text + b"\n"), "manifest_unparsable", "manifest.json"),
    ("a version to come", manifest_fields(lambda m: m.update(format_version=2)), "format_unknown", "manifest.json"),
    (
        "a version in words",
        manifest_fields(lambda m: m.update(format_version="1")),
        "manifest_unparsable",
        "manifest.json",
    ),
    ("no audience", manifest_fields(lambda m: m.pop("audience")), "manifest_unparsable", "manifest.json"),
    (
        "another audience",
        manifest_fields(lambda m: m.update(audience="public")),
        "manifest_unparsable",
        "manifest.json",
    ),
    (
        "members by way of __proto__",
        manifest_fields(lambda m: m.update(__proto__={"members": []}) or m.pop("members")),
        "manifest_unparsable",
        "manifest.json",
    ),
    (
        "a member twice",
        manifest_fields(lambda m: m["members"].append(m["members"][0])),
        "manifest_unparsable",
        "manifest.json members",
    ),
    (
        "a member with another case",
        manifest_fields(lambda m: m["members"].append({**m["members"][0], "name": m["members"][0]["name"].upper()})),
        "manifest_unparsable",
        "manifest.json members",
    ),
    (
        "a key of 31 bytes",
        manifest_fields(lambda m: m.update(public_key=b64(bytes(31)))),
        "manifest_unparsable",
        "manifest.json public_key",
    ),
    (
        "a key in loose base64",
        manifest_fields(lambda m: m.update(public_key=loose(m["public_key"]))),
        "manifest_unparsable",
        "manifest.json public_key",
    ),
    ("a length that lies", manifest_fields(lambda m: m["members"][0].update(bytes=1)), "member_digest", "README.txt"),
    (
        "a length of no integer",
        manifest_fields(lambda m: m["members"][0].update(bytes=-1)),
        "manifest_unparsable",
        "manifest.json",
    ),
    (
        "an end of the ledger that lies",
        manifest_fields(lambda m: m["ledger"].update(head="0" * 64)),
        "ledger_head",
        "ledger.jsonl entry ",
    ),
    (
        "an hour that is not",
        sealed(2, lambda e: e.update(at="2026-05-06T24:00:00.000Z")),
        "ledger_unparsable",
        "ledger.jsonl entry 2",
    ),
    (
        "a day that is not",
        sealed(2, lambda e: e.update(at="2026-02-30T01:00:00.000Z")),
        "ledger_unparsable",
        "ledger.jsonl entry 2",
    ),
    (
        "a second too many",
        sealed(2, lambda e: e.update(at="2026-05-06T01:30:60.000Z")),
        "ledger_unparsable",
        "ledger.jsonl entry 2",
    ),
    (
        "another zone",
        sealed(2, lambda e: e.update(at="2026-05-06T09:30:00.000+08:00")),
        "ledger_unparsable",
        "ledger.jsonl entry 2",
    ),
    (
        "a time without a point",
        sealed(2, lambda e: e.update(at="20260506T013000Z")),
        "ledger_unparsable",
        "ledger.jsonl entry 2",
    ),
    (
        "the year 0",
        sealed(2, lambda e: e.update(at="0000-05-06T01:30:00.000Z")),
        "ledger_unparsable",
        "ledger.jsonl entry 2",
    ),
    ("a key too many", sealed(2, lambda e: e.update(more=1)), "ledger_unparsable", "ledger.jsonl entry 2"),
    ("an entry of version 2", sealed(2, lambda e: e.update(v=2)), "format_unknown", "ledger.jsonl entry 2"),
    ("a kind from a newer version", lambda f: added(f, "hologram", {}), "entry_kind_unknown", "ledger.jsonl entry "),
    ("a kind of every object", lambda f: added(f, "constructor", {}), "entry_kind_unknown", "ledger.jsonl entry "),
    (
        "a payload of another shape",
        lambda f: added(f, "no_fix", {"session_id": 1, "cause": "timeout"}),
        "ledger_unparsable",
        "ledger.jsonl entry ",
    ),
    (
        "a payload that lacks a key",
        lambda f: added(f, "no_fix", {"cause": "timeout"}),
        "ledger_unparsable",
        "ledger.jsonl entry ",
    ),
    (
        "a payload too deep",
        lambda f: added(f, "no_fix", {"session_id": "s", "cause": "timeout", "more": deep(29)}),
        "whole",
        "",
    ),
    ("a clear name", sealed(1, lambda e: e["actor"].update(name="李明")), "ledger_unparsable", FIRST),
    ("loose base64 in an entry", signature_of("ledger.jsonl", 1, "sig", loose), "entry_signature", FIRST),
    ("a line end in base64", signature_of("ledger.jsonl", 1, "sig", lambda s: s + "\n"), "entry_signature", FIRST),
    (
        "base64 for addresses",
        signature_of("ledger.jsonl", 1, "sig", lambda s: s.replace("/", "_").replace("+", "-").rstrip("=") + "-="),
        "entry_signature",
        FIRST,
    ),
    (
        "loose base64 in a head",
        signature_of("checkpoints.jsonl", 1, "sig", loose),
        "checkpoint_signature",
        "checkpoints.jsonl line 1",
    ),
    ("a loose salt", signature_of("openings.jsonl", 1, "salt", loose), "opening_unparsable", "openings.jsonl line 1"),
    (
        "a salt of 15 bytes",
        signature_of("openings.jsonl", 1, "salt", lambda s: b64(bytes(15))),
        "opening_unparsable",
        "openings.jsonl line 1",
    ),
    ("S plus the order", signature_of("ledger.jsonl", 1, "sig", malleable), "entry_signature", FIRST),
    (
        "S plus the order in a head",
        signature_of("checkpoints.jsonl", 1, "sig", malleable),
        "checkpoint_signature",
        "checkpoints.jsonl line 1",
    ),
    ("the neutral point as key", of_small_order((1).to_bytes(32, "little")), "manifest_signature", "manifest.sig"),
    (
        "the neutral point with a sign",
        of_small_order((1 | 1 << 255).to_bytes(32, "little")),
        "manifest_signature",
        "manifest.sig",
    ),
    (
        "the neutral point beyond the prime",
        of_small_order((1 + PRIME).to_bytes(32, "little")),
        "manifest_signature",
        "manifest.sig",
    ),
    (
        "the point of order two",
        of_small_order((PRIME - 1).to_bytes(32, "little")),
        "manifest_signature",
        "manifest.sig",
    ),
    ("a point of order four", of_small_order(bytes(32)), "manifest_signature", "manifest.sig"),
    (
        "a point of order eight",
        of_small_order(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
        "manifest_signature",
        "manifest.sig",
    ),
    ("no point", of_small_order((2).to_bytes(32, "little")), "manifest_signature", "manifest.sig"),
]
