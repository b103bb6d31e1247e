"""What somebody does to a package who knows its format: with no key, with a key of their own, or with the office's."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from inspection.domain.canonical import canonical_bytes
from inspection.domain.checkpoints import CHECKPOINT_CONTEXT, key_id
from inspection.domain.entry import GENESIS, body_hash, signed_message
from inspection.domain.key_history import KEY_CONTEXT
from inspection.domain.merkle import roots
from inspection.domain.package_manifest import sign_manifest
from inspection.store.signer import FileSigner

Fields = dict[str, Any]
Members = dict[str, bytes]
UNLISTED = ("manifest.json", "manifest.sig")


class Forged:
    """A package taken apart. `signers`: the office's, by their number in the history."""

    def __init__(self, package: Path, signers: Sequence[FileSigner]) -> None:
        with zipfile.ZipFile(package) as archive:
            self.members: Members = {name: archive.read(name) for name in archive.namelist()}
        self.signers = list(signers)

    # lines ----------------------------------------------------------------------------------------------------------

    def lines(self, name: str) -> list[Fields]:
        """The lines of a member."""
        return [json.loads(line) for line in self.members[name].splitlines()]

    def put_lines(self, name: str, lines: Sequence[Fields]) -> None:
        """Other lines, canonical."""
        self.members[name] = b"".join(canonical_bytes(line) + b"\n" for line in lines)

    @property
    def entries(self) -> list[Fields]:
        return self.lines("ledger.jsonl")

    @entries.setter
    def entries(self, entries: Sequence[Fields]) -> None:
        self.put_lines("ledger.jsonl", entries)

    # making things fit again ----------------------------------------------------------------------------------------

    def chain(self, first_seq: int = 1, signers: Sequence[FileSigner] | None = None) -> None:
        """Numbers, hashes and, with `signers`, signatures of all entries from one on fit again."""
        entries, at = self.entries, 0
        for place, entry in enumerate(entries):
            if entry["kind"] == "key_changed":
                at = entry["payload"]["n"]
            if place + 1 < first_seq:
                continue
            prev = entries[place - 1]["hash"] if place else GENESIS
            entry |= {"seq": place + 1, "prev": prev}
            entry["hash"] = body_hash(entry)
            if signers is not None:
                signer = signers[min(at, len(signers) - 1)]
                entry["sig"] = b64(signer.sign(signed_message(entry["hash"])))
        self.entries = entries

    def checkpoint(self, signer: FileSigner, *, keep: int | None = None) -> None:
        """Heads of the entries as they are now, at the old sizes that are still there and at the end."""
        hashes = [bytes.fromhex(entry["hash"]) for entry in self.entries]
        found = list(roots(hashes))
        inspection = self.entries[0]["inspection"]
        old = [one for one in self.lines("checkpoints.jsonl") if one["size"] <= len(hashes)]
        fresh = [one for one in old if keep is not None and one["size"] <= keep]
        for one in old[len(fresh) :]:
            fresh.append({**one, "root": found[one["size"] - 1].hex(), "inspection": inspection})
        if not fresh or fresh[-1]["size"] != len(hashes):
            last = self.lines("checkpoints.jsonl")[-1]
            fresh.append({**last, "size": len(hashes), "root": found[-1].hex(), "inspection": inspection})
        self.put_lines(
            "checkpoints.jsonl", [one if _same(one, old, keep) else signed_head(one, signer) for one in fresh]
        )

    def rekey(self, signer: FileSigner) -> None:
        """A history of one key."""
        line = {
            "v": 1,
            "n": 0,
            "public_key": b64(signer.public_key()),
            "from": "2026-05-06T01:30:00.000Z",
            "prev": GENESIS,
        }
        signature = b64(signer.sign(KEY_CONTEXT + hashlib.sha256(canonical_bytes(line)).digest()))
        self.put_lines("keys.jsonl", [{**line, "sig_new": signature, "sig_old": None}])

    def drop_orphans(self) -> None:
        """Openings, files and withheld things of entries that are gone go too."""
        last = len(self.entries)
        self.put_lines("openings.jsonl", [one for one in self.lines("openings.jsonl") if one["seq"] <= last])

    def list_again(self, signer: FileSigner, change: Callable[[Fields], None] = lambda fields: None) -> None:
        """A manifest of what is there, signed."""
        fields = json.loads(self.members["manifest.json"])
        entries = self.entries
        fields["public_key"] = b64(signer.public_key())
        fields["ledger"] = {"entries": len(entries), "head": entries[-1]["hash"] if entries else GENESIS}
        fields["members"] = [
            {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in self.members.items()
            if name not in UNLISTED
        ]
        change(fields)
        self.members["manifest.json"] = canonical_bytes(fields)
        self.members["manifest.sig"] = sign_manifest(self.members["manifest.json"], signer.sign)

    def write(self, path: Path, method: int = zipfile.ZIP_STORED) -> Path:
        """A plain ZIP, the manifest last."""
        names = [name for name in self.members if name not in UNLISTED]
        names += [name for name in UNLISTED if name in self.members]
        path.write_bytes(zipped({name: self.members[name] for name in names}, method))
        return path


def zipped(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    """A plain ZIP by Python's zipfile."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 5, 6, 0, 0, 0)), content, method)
    return kept.getvalue()


def signed_head(fields: Fields, signer: FileSigner) -> Fields:
    """A checkpoint's fields with the signature of that key."""
    body = {name: value for name, value in fields.items() if name != "sig"} | {"key": key_id(signer.public_key())}
    message = CHECKPOINT_CONTEXT + hashlib.sha256(canonical_bytes(body)).digest()
    return {**body, "sig": b64(signer.sign(message))}


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _same(one: Fields, old: Sequence[Fields], keep: int | None) -> bool:
    return keep is not None and one["size"] <= keep and one in old
