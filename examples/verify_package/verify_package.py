#!/usr/bin/env python3
"""Verifies an evidence package with nothing but Python and `cryptography`, independently of the product.

    python verify_package.py PACKAGE.zip [--trust KEY_OR_ROOT]... [--receipt FILE|CODE]...

Prints one JSON object; exit status 0 whole, 1 broken, 2 no ZIP at all. The format is in docs/evidence.md, whose steps
are those of `verify` below, in that order.
"""

from __future__ import annotations

import argparse
import base64
import json
import mmap
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

if not __package__:  # run as a script: the folder is its package
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    __package__ = "verify_package"

from .basics import Broken, Members, NoZip, is_count, is_hex, is_instant, is_name, need, parse, sha256, signed, unbase64
from .page_frames import check_page_signatures
from .parts import LINED, check_file, check_run, check_tiles, expected_members, is_withheld
from .plain_zip import NAME, PlainZip, read_zip
from .record import (
    Record,
    check_receipts,
    member_of,
    parse_receipts,
    read_checkpoints,
    read_keys,
    read_ledger,
    read_openings,
)
from .time_tokens import Stamp, check_times

STEPS = (
    "container manifest members keys ledger openings checkpoints receipts timestamps bound journals stills "
    "page_signatures digests"
).split()


@dataclass
class Given:
    """Whom the caller trusts, and what they hold; a receipt is None where it cannot be read."""

    keys: list[bytes]
    roots: list[x509.Certificate]
    receipts: list[str | None]


@dataclass
class Found:
    """What a verdict says besides."""

    step: str = "container"
    entries: int = 0
    stamps: Sequence[Stamp] = ()
    page_signed: str | None = None


def verify(data: memoryview, given: Given, found: Found) -> None:
    """Raises Broken, NoZip. `found.step` is the step that is being done."""
    archive = read_zip(data)
    members: Members = archive.members
    found.step = "manifest"
    manifest = read_manifest(archive)
    found.step = "members"
    listed = require_listed(members, manifest)
    record = Record(manifest["inspection"]["id"])
    found.step = "keys"
    read_keys(record, members, unbase64(manifest["public_key"]), given.keys)
    require_digest(archive, listed, "keys.jsonl")
    found.step = "ledger"
    claimed = (manifest["ledger"]["entries"], manifest["ledger"]["head"])
    read_ledger(record, members, manifest["inspection"]["number"], claimed)
    require_digest(archive, listed, "ledger.jsonl")
    found.entries = len(record.entries)
    found.step = "openings"
    read_openings(record, members)
    require_digest(archive, listed, "openings.jsonl")
    found.step = "checkpoints"
    read_checkpoints(record, members)
    require_digest(archive, listed, "checkpoints.jsonl")
    found.step = "receipts"
    check_receipts(record, parse_receipts(given.receipts))
    found.step = "timestamps"
    found.stamps = check_times(record, members, listed, given.roots)
    found.step = "bound"
    expected = expected_members(record, manifest, list(listed))
    done = set(LINED)
    found.step = "journals"
    for run in expected.runs:
        check_run(run, expected.journals[run.journal], members[run.member])
        require_digest(archive, listed, run.member)
        done.add(run.member)
    found.step = "stills"
    for entry in expected.files:
        check_file(entry, members[name_of(entry)])
        if entry["kind"] != "timestamp":
            require_digest(archive, listed, name_of(entry))
            done.add(name_of(entry))
    for entry, item in expected.redacted:
        check_tiles(entry, item, members)
    found.step = "page_signatures"
    found.page_signed = check_page_signatures(record, expected, members)
    found.step = "digests"
    for name in listed:
        if name not in done:
            require_digest(archive, listed, name)


def name_of(entry: dict[str, Any]) -> str:
    return str(member_of(entry))


def require_digest(archive: PlainZip, listed: dict[str, str], name: str) -> None:
    need(sha256(archive.members[name]).hex() == listed[name], "member_digest", name)
    archive.require_sound(name)


def read_manifest(archive: PlainZip) -> dict[str, Any]:
    name, members = "manifest.json", archive.members
    need(name in members, "member_missing", name)
    need(len(members[name]) <= 64 << 20, "manifest_unparsable", name)
    manifest = parse_manifest(parse(members[name], "manifest_unparsable", name))
    need("manifest.sig" in members, "member_missing", "manifest.sig")
    signature = bytes(members["manifest.sig"][:89]).decode("ascii", "replace")
    message = b"yuntakan-manifest-v1\n" + sha256(members[name])
    need(signed(unbase64(manifest["public_key"]), signature, message), "manifest_signature", "manifest.sig")
    for wanted in (name, "manifest.sig"):
        archive.require_sound(wanted)
    return manifest


def parse_manifest(said: Any) -> dict[str, Any]:
    name = "manifest.json"
    shaped = isinstance(said, dict) and type(said.get("format_version")) is int
    need(shaped, "manifest_unparsable", name)
    need(said["format_version"] == 1, "format_unknown", name)
    keys = ("inspection", "audience", "withheld", "created_at", "product", "public_key", "ledger", "members")
    need(all(key in said for key in keys), "manifest_unparsable", name)
    inspection, ledger, members = said["inspection"], said["ledger"], said["members"]
    holds = isinstance(inspection, dict) and is_name(inspection.get("id")) and isinstance(inspection.get("number"), str)
    holds = holds and said["audience"] in ("office", "applicant", "court") and is_instant(said["created_at"])
    holds = holds and isinstance(said["product"], str) and isinstance(said["withheld"], list)
    holds = holds and is_name(said["public_key"])
    holds = holds and isinstance(ledger, dict) and is_count(ledger.get("entries")) and is_hex(ledger.get("head"))
    holds = holds and isinstance(members, list) and all(is_member(one) for one in members)
    need(holds, "manifest_unparsable", name)
    need(len(unbase64(said["public_key"])) == 32, "manifest_unparsable", f"{name} public_key")
    unlike = len({one["name"].lower() for one in members}) == len(members)
    need(unlike and all(is_plain(one["name"]) for one in members), "manifest_unparsable", f"{name} members")
    for place, item in enumerate(said["withheld"]):
        need(is_withheld(item), "manifest_unparsable", f"{name} withheld {place}")
    return dict(said)


def is_member(one: Any) -> bool:
    return (
        isinstance(one, dict) and is_name(one.get("name")) and is_count(one.get("bytes")) and is_hex(one.get("sha256"))
    )


def is_plain(name: str) -> bool:
    return len(name) <= 200 and NAME.fullmatch(name) is not None and not name.endswith("/")


def require_listed(members: Members, manifest: dict[str, Any]) -> dict[str, str]:
    """The digests of the members by their names."""
    listed = {one["name"]: one["sha256"] for one in manifest["members"]}
    there = members.keys() - {"manifest.json", "manifest.sig"}
    for name in (*listed, *LINED):
        need(name in there and name in listed, "member_missing", name)
    for name in sorted(there - listed.keys()):
        need(False, "member_unexpected", name)
    for one in manifest["members"]:
        need(len(members[one["name"]]) == one["bytes"], "member_digest", one["name"])
    return listed


# --- what the caller brings along, and the answer -----------------------------------------------------------------


def read_trust(given: Given, text: str) -> None:
    """A public key, or the file of a key or of root certificates. ValueError else."""
    content = Path(text).read_bytes() if is_file(text) else text.strip().encode()
    if b"-----BEGIN CERTIFICATE" in content:
        given.roots += x509.load_pem_x509_certificates(content)
    elif content[:1] == b"0" and len(content) > 100:
        given.roots.append(x509.load_der_x509_certificate(content))
    elif content.startswith(b"-----BEGIN"):
        key = load_pem_public_key(content)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("no Ed25519 key")
        given.keys.append(key.public_bytes_raw())
    else:
        word = content.strip().decode("ascii")
        key_bytes = bytes.fromhex(word) if len(word) == 64 else base64.b64decode(word, validate=True)
        if len(key_bytes) != 32:
            raise ValueError("an Ed25519 public key has 32 bytes")
        given.keys.append(key_bytes)


def read_receipt(text: str) -> str | None:
    if "{" in text or not is_file(text):
        return text
    try:
        return Path(text).read_bytes()[:65_537].decode("utf-8")
    except ValueError:
        return None


def is_file(text: str) -> bool:
    try:
        return "\n" not in text and Path(text).is_file()
    except (OSError, ValueError):
        return False


def map_file(path: Path) -> memoryview:
    """The file without reading it; the map goes when nobody looks any more."""
    with path.open("rb") as stream:
        if path.stat().st_size < 22:
            raise NoZip
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def verdict_of(path: Path, given: Given) -> tuple[dict[str, Any], int]:
    found = Found()
    try:
        verify(map_file(path), given, found)
    except Broken as broken:
        code, where = broken.args
        return {"verdict": "broken", "first_problem": {"code": code, "where": where}, "step": found.step}, 1
    except (NoZip, OSError):
        return {"verdict": "unreadable", "first_problem": None}, 2
    except (LookupError, ValueError, TypeError, AttributeError, MemoryError, RecursionError) as error:
        problem = {"code": "not_verifiable", "where": repr(error)}
        return {"verdict": "broken", "first_problem": problem, "step": found.step}, 1
    said: dict[str, Any] = {"verdict": "whole", "first_problem": None, "entries": found.entries, "steps": STEPS}
    said["key"] = "trusted" if given.keys else "not checked"
    said["receipts"] = len(given.receipts) or "none"
    said["not_later"] = [
        {"entries": one.size, "at": one.not_after.isoformat()} for one in found.stamps if one.root and not one.is_test
    ]
    said["page_signed"] = found.page_signed
    return said, 0


def main() -> int:
    arguments = argparse.ArgumentParser(description="Verify an evidence package.")
    arguments.add_argument("package", type=Path)
    arguments.add_argument("--trust", action="append", default=[], help="the office's public key, or a root (PEM file)")
    arguments.add_argument("--receipt", action="append", default=[], help="a receipt's code, or a file of receipts")
    asked = arguments.parse_args()
    given = Given([], [], [read_receipt(text) for text in asked.receipt])
    try:
        for text in asked.trust:
            read_trust(given, text)
    except (ValueError, OSError) as error:
        arguments.error(f"--trust: {error}")
    said, status = verdict_of(asked.package, given)
    print(json.dumps(said, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
