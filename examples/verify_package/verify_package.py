#!/usr/bin/env python3
"""Verifies an evidence package with nothing but Python and `cryptography`, independently of the product.

    python verify_package.py PACKAGE.zip [--trust PUBLIC_KEY_BASE64]

Prints one JSON object; exit status 0 whole, 1 broken, 2 no ZIP at all. The format is in docs/evidence.md. Where the
product's verifier streams, this one reads members into memory, so that it stays short enough to be read in one sitting.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KINDS = frozenset(
    "opened session_created invited invitation_revoked told agreed identity holder_replaced session_started presence "
    "connected recording track segment recovered torn gap fix no_fix check still chat guidance device finding "
    "rectification rectification_accepted rectification_rejected dispute dispute_answer summary signature refusal "
    "stopped session_ended site_visit opinion view export clock".split()
)
ENTRY_KEYS = set("v inspection seq kind actor subject at device_at payload prev hash sig".split())
FREE = ("ledger.jsonl", "openings.jsonl", "checkpoints.jsonl", "keys.jsonl", "README.txt", "report.pdf")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*/?")


class NoZip(Exception):
    """There is nothing to verify."""


class Broken(Exception):
    """`code`, `where`."""


def need(holds: bool, code: str, where: str) -> None:
    if not holds:
        raise Broken(code, where)


def canonical(value: Any) -> bytes:
    """RFC 8785 for values without floats (all our keys are ASCII or sorted alike below U+10000)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def parse(content: bytes, code: str, where: str) -> Any:
    def refuse(_: str) -> Any:
        raise ValueError("no integer")

    try:
        value = json.loads(content, parse_float=refuse, parse_constant=refuse)
        same = canonical(value) == content
    except (ValueError, RecursionError):
        same = False
    need(same, code, where)
    return value


def signed(key: bytes, signature: str, message: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(key).verify(raw, message)
    except (ValueError, InvalidSignature):
        return False
    return base64.b64encode(raw).decode() == signature


# --- the container: every byte of a plain ZIP has a meaning, and both directories say the same ---------------------


def read_zip(data: bytes) -> dict[str, bytes]:
    """The members of a plain ZIP below 4 GB. Raises Broken, NoZip."""
    if data[:4] != b"PK\3\4" and data[-22:-18] != b"PK\5\6":
        raise NoZip("no ZIP")
    need(len(data) >= 22 and data[-22:-18] == b"PK\5\6", "zip_not_plain", "end of central directory")
    disk, start, here, count, length, offset, comment = struct.unpack("<4H2LH", data[-18:])
    plain = not disk and not start and here == count and not comment and offset + length == len(data) - 22
    need(plain, "zip_not_plain", "end of central directory")
    members: dict[str, bytes] = {}
    alike: dict[bool, tuple[int, int]] = {}
    at, position, seen = offset, 0, 0
    while at < offset + length:
        need(data[at : at + 4] == b"PK\1\2" and at + 46 <= len(data), "zip_not_plain", "central directory")
        made_by, *common = struct.unpack("<6H3L", data[at + 4 : at + 28])
        name_bytes, extra, note, disk, internal, external, header = struct.unpack("<5H2L", data[at + 28 : at + 46])
        raw_name = data[at + 46 : at + 46 + name_bytes]
        name = raw_name.decode("ascii", "replace")
        where = f"header of {name}"
        need(NAME.fullmatch(name) is not None and name not in members, "zip_not_plain", where)
        need(not (extra or note or disk) and header == position, "zip_not_plain", where)
        need(internal == 0 or (internal == 1 and made_by == 0x031E), "zip_not_plain", where)
        need(alike.setdefault(name.endswith("/"), (made_by, external)) == (made_by, external), "zip_not_plain", where)
        local = struct.pack("<4s5H3L2H", b"PK\3\4", *common, name_bytes, 0) + raw_name
        need(data[position : position + len(local)] == local, "zip_not_plain", where)
        _, flags, method, _, _, crc32, packed, size = common
        need(method in (0, 8) and not flags & ~0x806, "zip_not_plain", where)
        position += len(local) + packed
        if not name.endswith("/"):
            members[name] = unpack(name, data[position - packed : position], method, size)
            need(zlib.crc32(members[name]) == crc32, "member_digest", name)
        at, seen = at + 46 + name_bytes, seen + 1
    need(position == offset and seen == count, "zip_not_plain", "central directory")
    return members


def unpack(name: str, packed: bytes, method: int, size: int) -> bytes:
    content = packed
    if method == 8:
        unpacker = zlib.decompressobj(-15)
        try:
            content = unpacker.decompress(packed, size + 1)
        except zlib.error:
            raise Broken("member_digest", name) from None
        need(unpacker.eof and not unpacker.unused_data, "member_digest", name)
    need(len(content) == size, "member_digest", name)
    return content


# --- manifest, ledger, artefacts ------------------------------------------------------------------------------------


def read_manifest(members: dict[str, bytes], trust: bytes | None) -> tuple[dict[str, Any], bytes]:
    for name in ("manifest.json", "manifest.sig"):
        need(name in members, "member_missing", name)
    content = members["manifest.json"]
    manifest = parse(content, "manifest_unparsable", "manifest.json")
    need(type(manifest["format_version"]) is int, "manifest_unparsable", "manifest.json")
    need(manifest["format_version"] == 1, "format_unknown", "manifest.json")
    key = base64.b64decode(manifest["public_key"], validate=True)
    message = b"yuntakan-manifest-v1\n" + hashlib.sha256(content).digest()
    signature = members["manifest.sig"].decode("ascii", "replace")
    need(signed(key, signature, message), "manifest_signature", "manifest.sig")
    need(trust is None or trust == key, "key_not_trusted", "manifest.json")
    return manifest, key


def read_ledger(manifest: dict[str, Any], key: bytes, content: bytes) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    prev = "0" * 64
    *lines, rest = content.split(b"\n")
    for seq, line in enumerate(lines, 1):
        where = f"ledger.jsonl entry {seq}"
        entry = parse(line, "ledger_unparsable", where)
        need(isinstance(entry, dict) and entry.keys() == ENTRY_KEYS, "ledger_unparsable", where)
        need(entry["v"] == 1, "format_unknown", where)
        need(entry["seq"] == seq, "entry_seq", where)
        need(entry["inspection"] == manifest["inspection"]["id"], "entry_inspection", where)
        need(entry["prev"] == prev, "entry_prev", where)
        body = {name: value for name, value in entry.items() if name not in ("hash", "sig")}
        digest = hashlib.sha256(canonical(body))
        need(digest.hexdigest() == entry["hash"], "entry_hash", where)
        need(signed(key, entry["sig"], b"yuntakan-entry-v1\n" + digest.digest()), "entry_signature", where)
        need(entry["kind"] in KINDS, "entry_kind_unknown", where)
        entries.append(entry)
        prev = entry["hash"]
    need(not rest, "ledger_unparsable", f"ledger.jsonl entry {len(lines) + 1}")
    claimed = (manifest["ledger"]["entries"], manifest["ledger"]["head"])
    need((len(entries), prev) == claimed, "ledger_head", f"ledger.jsonl entry {len(entries)}")
    return entries


def check_artefacts(entries: list[dict[str, Any]], members: dict[str, bytes]) -> set[str]:
    """The names that the ledger speaks for."""
    segments: dict[str, dict[int, dict[str, Any]]] = {}
    files: dict[str, tuple[str, str, int]] = {}
    viewing: set[str] = set()
    for entry in entries:
        said = entry["payload"]
        if entry["kind"] == "session_created":
            viewing |= {f"viewing/{said['session_id']}.{suffix}" for suffix in ("webm", "mp4")}
        elif entry["kind"] in ("segment", "recovered"):
            name = f"journal/{said['session_id']}/{said['track_id']}.ytj"
            segments.setdefault(name, {})[said["offset"]] = {**said, "seq": entry["seq"]}
        elif entry["kind"] == "still":
            name = f"stills/{said['still_id']}.jpg"
            need(name not in files, "ledger_unparsable", f"ledger.jsonl entry {entry['seq']}")
            files[name] = (said["jpeg_sha256"], "still_digest", entry["seq"])
            wrong = name in members and len(members[name]) != said["jpeg_bytes"]
            need(not wrong, "still_digest", f"{name} entry {entry['seq']}")
        elif entry["kind"] == "rectification" and said.get("file"):
            extension = said["file"].rpartition(".")[2]
            name = f"rectifications/{said['rectification_id']}.{extension}"
            need(name not in files, "ledger_unparsable", f"ledger.jsonl entry {entry['seq']}")
            files[name] = (said["sha256"], "file_digest", entry["seq"])
    for name in (*segments, *files):
        need(name in members, "member_missing", name)
    for name, ranges in segments.items():
        check_journal(name, [ranges[offset] for offset in sorted(ranges)], members[name])
    for name, (sha256, code, seq) in files.items():
        need(hashlib.sha256(members[name]).hexdigest() == sha256, code, f"{name} entry {seq}")
    return {*segments, *files, *viewing}


def check_journal(name: str, ranges: list[dict[str, Any]], content: bytes) -> None:
    covered = 0
    for index, said in enumerate(ranges):
        where = f"{name} entry {said['seq']}"
        need((said["offset"], said["index"]) == (covered, index), "segment_gap", where)
        covered += said["length"]
    need(len(content) == covered, "segment_gap", f"{name} byte {min(covered, len(content))}")
    running = hashlib.sha256()
    for said in ranges:
        where = f"{name} entry {said['seq']}"
        piece = content[said["offset"] : said["offset"] + said["length"]]
        running.update(piece)
        need(hashlib.sha256(piece).hexdigest() == said["sha256"], "segment_digest", where)
        need(running.hexdigest() == said["running_sha256"], "running_digest", where)
    need(is_journal(content), "journal_unparsable", name)


def is_journal(content: bytes) -> bool:
    """Magic, header and records, each with its CRC-32."""
    if content[:8] != b"YTKJ\0\1\r\n" or len(content) < 16:
        return False
    at = 12 + int.from_bytes(content[8:12], "big")
    sound = zlib.crc32(content[12:at]) == int.from_bytes(content[at : at + 4], "big")
    at += 4
    while sound and at < len(content):
        length, kind = struct.unpack_from(">IB", content, at) if at + 17 <= len(content) else (0, 0)
        end = at + 13 + length
        sound = kind in (1, 2) and zlib.crc32(content[at + 4 : end]) == int.from_bytes(content[end : end + 4], "big")
        at = end + 4
    return sound and at == len(content)


def verify(data: bytes, trust: bytes | None) -> int:
    """The number of entries. Raises Broken."""
    members = read_zip(data)
    manifest, key = read_manifest(members, trust)
    listed = {member["name"]: member for member in manifest["members"]}
    for name in listed:
        need(name in members, "member_missing", name)
    for name in members:
        need(name in listed or name in ("manifest.json", "manifest.sig"), "member_unexpected", name)
    need("ledger.jsonl" in listed, "member_missing", "ledger.jsonl")
    entries = read_ledger(manifest, key, members["ledger.jsonl"])
    bound = check_artefacts(entries, members)
    for name, member in listed.items():
        need(name in FREE or name in bound, "member_unexpected", name)
        found = (len(members[name]), hashlib.sha256(members[name]).hexdigest())
        need(found == (member["bytes"], member["sha256"]), "member_digest", name)
    return len(entries)


def main() -> int:
    arguments = argparse.ArgumentParser(description="Verify an evidence package.")
    arguments.add_argument("package")
    arguments.add_argument("--trust", help="the office's public key: 32 bytes in base64", default=None)
    given = arguments.parse_args()
    trust = None if given.trust is None else base64.b64decode(given.trust, validate=True)
    verdict: dict[str, Any]
    try:
        entries = verify(Path(given.package).read_bytes(), trust)
        verdict, status = {"verdict": "whole", "first_problem": None, "entries": entries}, 0
    except Broken as broken:
        code, where = broken.args
        verdict, status = {"verdict": "broken", "first_problem": {"code": code, "where": where}}, 1
    except (NoZip, OSError):
        verdict, status = {"verdict": "unreadable", "first_problem": None}, 2
    except (LookupError, ValueError, TypeError, AttributeError, MemoryError) as error:  # not of the documented shape
        verdict, status = {"verdict": "broken", "first_problem": {"code": "not_verifiable", "where": repr(error)}}, 1
    print(json.dumps(verdict, ensure_ascii=False))
    return status


if __name__ == "__main__":
    sys.exit(main())
