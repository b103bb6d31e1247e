"""The record: keys, ledger, openings, checkpoints and receipts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .basics import (
    Broken,
    Members,
    canonical,
    fields,
    is_count,
    is_hex,
    is_instant,
    is_name,
    key_id,
    lines,
    need,
    sha256,
    signed,
    unbase64,
    where_line,
)

KINDS: dict[str, Any] = json.loads(Path(__file__).with_name("kinds.json").read_text("utf-8"))
ENTRY_KEYS = "v inspection seq kind actor subject at device_at payload prev hash sig"
CHECKPOINT_KEYS = "v inspection size root at key sig"
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
Entry = dict[str, Any]


@dataclass
class Record:
    """All that is known after these steps."""

    inspection: str
    keys: list[bytes] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)
    closed: dict[tuple[int, str], str] = field(default_factory=dict)
    opened: set[tuple[int, str]] = field(default_factory=set)
    hidden: set[tuple[int, str]] = field(default_factory=set)
    is_open: bool = False
    erased_at: dict[str | None, int] = field(default_factory=dict)
    checkpoints: dict[tuple[int, str], bytes] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    sessions: dict[str, str] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.entries if entry["kind"] in kinds]


# --- keys -----------------------------------------------------------------------------------------------------------


def read_keys(record: Record, members: Members, newest: bytes, trusted: Sequence[bytes]) -> None:
    name, prev = "keys.jsonl", "0" * 64
    history = [(line, read_key(line, number)) for number, line in enumerate(lines(members, name, "keys_unparsable"), 1)]
    need(bool(history), "key_history", f"{name} line 1")
    for n, (line, said) in enumerate(history):
        key, before = unbase64(said["public_key"]), record.keys[-1] if record.keys else None
        body = {key: value for key, value in said.items() if not key.startswith("sig_")}
        message = b"yuntakan-key-v1\n" + sha256(canonical(body))
        holds = said["n"] == n and said["prev"] == prev and signed(key, said["sig_new"], message)
        holds = holds and (said["sig_old"] is None) == (before is None) and key not in record.keys
        holds = holds and (before is None or signed(before, said["sig_old"], message))
        need(holds, "key_history", where_line(name, n + 1))
        record.keys.append(key)
        prev = sha256(line).hex()
    need(record.keys[-1] == newest, "key_history", where_line(name, len(history)))
    need(not trusted or bool(set(trusted) & set(record.keys)), "key_not_trusted", name)


def read_key(line: bytes, number: int) -> dict[str, Any]:
    where = where_line("keys.jsonl", number)
    said = fields(line, "v n public_key from prev sig_new sig_old", "keys_unparsable", where)
    holds = len(line) <= 1024 and said["v"] == 1 and is_count(said["v"]) and is_count(said["n"])
    holds = holds and len(unbase64(said["public_key"])) == 32 and is_instant(said["from"]) and is_hex(said["prev"])
    holds = holds and is_name(said["sig_new"]) and (said["sig_old"] is None or is_name(said["sig_old"]))
    need(holds, "keys_unparsable", where)
    return said


# --- ledger ---------------------------------------------------------------------------------------------------------


def read_ledger(record: Record, members: Members, number: str, claimed: tuple[int, str]) -> None:
    name, prev, current = "ledger.jsonl", "0" * 64, 0
    for seq, line in enumerate(lines(members, name, "ledger_unparsable"), 1):
        where = where_line(name, seq)
        entry = fields(line, ENTRY_KEYS, "ledger_unparsable", where)
        need(is_entry(entry), "ledger_unparsable", where)
        need(entry["v"] == 1, "format_unknown", where)
        need(entry["seq"] == seq, "entry_seq", where)
        need(entry["inspection"] == record.inspection, "entry_inspection", where)
        need(entry["prev"] == prev, "entry_prev", where)
        digest = sha256(canonical({key: value for key, value in entry.items() if key not in ("hash", "sig")}))
        need(digest.hex() == entry["hash"], "entry_hash", where)
        if entry["kind"] == "key_changed":
            current = changed_key(record.keys, current, entry["payload"], where)
        need(signed(record.keys[current], entry["sig"], b"yuntakan-entry-v1\n" + digest), "entry_signature", where)
        need(entry["kind"] in KINDS, "entry_kind_unknown", where)
        need(fits(KINDS[entry["kind"]], entry["payload"]), "ledger_unparsable", where)
        require_opened(record, entry, number, where)
        require_sense(record, entry, where)
        record.entries.append(entry)
        record.hashes.append(digest)
        if entry["kind"] == "erased":
            record.erased_at |= dict.fromkeys(entry["payload"]["classes"], seq)
        record.closed |= {
            (seq, path): said for path, said in sorted(commitments(entry), key=lambda one: one[0].encode())
        }
        prev = entry["hash"]
    need((len(record.entries), prev) == claimed, "ledger_head", f"{name} entry {len(record.entries)}")
    opened = record.is_open or not record.entries
    need(opened, "ledger_unparsable", f"{name} entry {len(record.entries)}")
    record.roots = list(tree_roots(record.hashes))


def require_opened(record: Record, entry: Entry, number: str, where: str) -> None:
    """The first entry that is no change of keys opens the inspection of the manifest; no other does."""
    if entry["kind"] != "key_changed":
        need((entry["kind"] == "opened") != record.is_open, "ledger_unparsable", where)
        need(record.is_open or entry["payload"]["number"] == number, "entry_inspection", where)
        record.is_open = True


def changed_key(keys: Sequence[bytes], current: int, said: dict[str, Any], where: str) -> int:
    """A later key of the history takes over with this entry."""
    n = said.get("n")
    later = type(n) is int and current < n < len(keys) and said.get("key_id") == key_id(keys[n])
    need(later, "key_history", where)
    return int(str(n))


def is_entry(entry: Entry) -> bool:
    actor = entry["actor"]
    if not isinstance(actor, dict) or actor.keys() != {"role", "id", "name", "level"}:
        return False
    named = is_name(actor["name"]) if actor["role"] == "system" else is_commitment(actor["name"])
    texts = all(is_name(actor[key]) for key in ("role", "id", "level")) and is_name(entry["kind"])
    texts = texts and is_name(entry["inspection"]) and is_name(entry["sig"])
    texts = texts and (entry["subject"] is None or isinstance(entry["subject"], str))
    times = is_instant(entry["at"]) and (entry["device_at"] is None or is_instant(entry["device_at"]))
    numbers = is_count(entry["v"]) and is_count(entry["seq"]) and is_hex(entry["prev"]) and is_hex(entry["hash"])
    return named and texts and times and numbers and isinstance(entry["payload"], dict)


def fits(shape: Any, value: Any) -> bool:
    """Whether a payload is of its kind's shape, as kinds.json says it; unknown keys pass."""
    if isinstance(shape, str):
        return SIMPLE[shape](value)
    (word, inner), *_ = ((key, of) for key, of in shape.items() if key != "class")
    if word == "one_of":
        return isinstance(value, str) and value in inner
    if word == "list_of":
        return isinstance(value, list) and all(fits(inner, item) for item in value)
    if word == "either":
        return any(fits(one, value) for one in inner)
    if word == "personal":
        return is_commitment(value)
    return isinstance(value, dict) and all(fits_key(key, of, value) for key, of in inner.items())


def fits_key(key: str, shape: Any, value: dict[str, Any]) -> bool:
    if key.endswith("?"):
        return value.get(key[:-1]) is None or fits(shape, value[key[:-1]])
    return key in value and fits(shape, value[key])


SIMPLE: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "name": is_name,
    "count": is_count,
    "integer": lambda value: type(value) is int,
    "digest": is_hex,
    "instant": is_instant,
    "date": lambda value: isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None,
    "file": lambda value: isinstance(value, str) and FILE.fullmatch(value) is not None,
    "flag": lambda value: isinstance(value, bool),
}


def require_sense(record: Record, entry: Entry, where: str) -> None:
    """What entries name has to be a possible member, each file only once, and a track is of one session."""
    said, named = entry["payload"], member_of(entry)
    if entry["kind"] == "rectification" and said.get("file") is not None:
        need(said.get("sha256") is not None, "ledger_unparsable", where)
    if entry["kind"] == "timestamp":
        need(str(named).startswith("timestamps/"), "ledger_unparsable", where)
    if named is not None:
        plain = FILE.fullmatch(named) is not None and len(named) <= 200
        need(plain, "ledger_unparsable", where)
        if not named.startswith("journal/"):
            need(named not in record.named, "ledger_unparsable", f"{where}: {named} stands twice")
            record.named.add(named)
        else:
            of = record.sessions.setdefault(said["track_id"], said["session_id"])
            need(entry["kind"] in ("track", "torn") or of == said["session_id"], "ledger_unparsable", where)


def member_of(entry: Entry) -> str | None:
    """The member that an entry speaks of."""
    said = entry["payload"]
    is_torn = entry["kind"] == "torn" and said.get("session_id") is not None
    if entry["kind"] in ("track", "segment", "recovered") or is_torn:
        return f"journal/{said['session_id']}/{said['track_id']}.ytj"
    if entry["kind"] == "still":
        return f"stills/{said['still_id']}.jpg"
    if entry["kind"] == "timestamp":
        return str(said["file"])
    if entry["kind"] == "rectification" and said.get("file") is not None:
        return f"rectifications/{said['rectification_id']}.{said['file'].rpartition('.')[2]}"
    return None


# --- commitments and their openings ---------------------------------------------------------------------------------


def is_commitment(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"c"} and is_hex(value["c"])


def commitments(entry: Entry) -> Iterator[tuple[str, str]]:
    """JSON pointer and digest of each."""
    waiting: list[tuple[str, Any]] = [("/actor", entry["actor"]), ("/payload", entry["payload"])]
    while waiting:
        path, value = waiting.pop()
        if is_commitment(value):
            yield path, value["c"]
        elif isinstance(value, dict):
            waiting += [(f"{path}/{key.replace('~', '~0').replace('/', '~1')}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}/{index}", inner) for index, inner in enumerate(value)]


def class_of(entry: Entry, path: str) -> str | None:
    """With what a commitment is erased; None where its kind does not say."""
    if path == "/actor/name":
        return "person"
    top, *steps = path.split("/")[1:]
    shape, value = KINDS[entry["kind"]], entry["payload"]
    for step in steps if top == "payload" else []:
        if "either" in shape:
            shape = next(one for one in shape["either"] if fits(one, value))
        if "list_of" in shape:
            shape, value = shape["list_of"], value[int(step)]
        elif "record" in shape and not step.endswith("?"):
            shape, value = shape["record"].get(step) or shape["record"].get(f"{step}?") or "any", value.get(step)
        else:
            return None
    return str(shape["class"]) if top == "payload" and "personal" in shape else None


def read_openings(record: Record, members: Members) -> None:
    name, before = "openings.jsonl", (0, b"")
    for number, line in enumerate(lines(members, name, "opening_unparsable"), 1):
        where = where_line(name, number)
        said = fields(line, "seq path salt value", "opening_unparsable", where)
        salt = unbase64(said["salt"])
        shaped = type(said["seq"]) is int and isinstance(said["path"], str) and len(salt) == 16
        need(shaped, "opening_unparsable", where)
        order = (said["seq"], said["path"].encode())
        need(order > before, "opening_unparsable", where)
        found = sha256(b"yuntakan-commitment-v1\n" + salt + canonical(said["value"])).hex()
        need(record.closed.get((said["seq"], said["path"])) == found, "opening_digest", where)
        record.opened.add((said["seq"], said["path"]))
        before = order


# --- checkpoints and receipts ---------------------------------------------------------------------------------------


def tree_roots(leaves: Sequence[bytes]) -> Iterator[bytes]:
    """RFC 6962: the root after each leaf."""
    peaks: list[bytes] = []
    for index, leaf in enumerate(leaves):
        node, bits = sha256(b"\0" + leaf), index
        while bits & 1:
            node, bits = sha256(b"\1" + peaks.pop() + node), bits >> 1
        peaks.append(node)
        root = peaks[-1]
        for peak in reversed(peaks[:-1]):
            root = sha256(b"\1" + peak + root)
        yield root


def read_checkpoint(line: bytes, code: str, where: str) -> dict[str, Any]:
    said = fields(line, CHECKPOINT_KEYS, code, where)
    holds = len(line) <= 1024 and is_count(said["v"]) and said["v"] == 1 and is_count(said["size"]) and said["size"] > 0
    holds = holds and is_name(said["inspection"]) and is_name(said["key"]) and is_name(said["sig"])
    need(holds and is_hex(said["root"]) and is_instant(said["at"]), code, where)
    return said


def is_signed(record: Record, checkpoint: dict[str, Any]) -> bool:
    body = {key: value for key, value in checkpoint.items() if key != "sig"}
    message = b"yuntakan-checkpoint-v1\n" + sha256(canonical(body))
    key = next((key for key in record.keys if key_id(key) == checkpoint["key"]), b"")
    return signed(key, checkpoint["sig"], message)


def read_checkpoints(record: Record, members: Members) -> None:
    name, size, at = "checkpoints.jsonl", 0, ""
    found = lines(members, name, "checkpoint_unparsable")
    for number, line in enumerate(found, 1):
        where = where_line(name, number)
        said = read_checkpoint(line, "checkpoint_unparsable", where)
        need(said["inspection"] == record.inspection, "checkpoint_unparsable", where)
        in_order = size < said["size"] <= len(record.entries) and said["at"] >= at
        need(in_order, "checkpoint_order", where)
        need(is_signed(record, said), "checkpoint_signature", where)
        need(said["root"] == record.roots[said["size"] - 1].hex(), "checkpoint_root", where)
        size, at = said["size"], said["at"]
        record.checkpoints[size, said["root"]] = line
    need(bool(found), "checkpoint_order", name)
    need(size == len(record.entries), "checkpoint_order", where_line(name, len(found)))


def parse_receipts(texts: Sequence[str | None]) -> list[dict[str, Any] | str | None]:
    """Checkpoints and codes; None for a text that is unreadable."""
    found: list[dict[str, Any] | str | None] = []
    for text in texts:
        try:
            found += parse_receipt(text)
        except (Broken, ValueError):
            found.append(None)
    return found


def parse_receipt(text: str | None) -> list[dict[str, Any] | str | None]:
    if text is None or len(text.encode()) > 65_536:
        raise ValueError
    kept = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    kept = [line for line in kept if line.strip(" \t")]
    if not 0 < len(kept) <= 1000:
        raise ValueError
    return [parse_receipt_line(line) for line in kept]


def parse_receipt_line(line: str) -> dict[str, Any] | str:
    if line.startswith("{"):
        return read_checkpoint(line.encode(), "receipt_unparsable", "")
    code = re.sub("[a-z]", lambda found: found[0].upper(), re.sub("[ \t-]", "", line))
    if re.fullmatch("[A-Z2-7]{26}", code) is None:
        raise ValueError
    return code


def receipt_code(inspection: str, size: int, root: bytes) -> str:
    named = inspection.encode() + b"\0" + size.to_bytes(8, "big") + root
    return base64.b32encode(sha256(b"yuntakan-receipt-v1\n" + named)).decode()[:26]


def check_receipts(record: Record, receipts: Sequence[dict[str, Any] | str | None]) -> None:
    """Each has to be of a head that this ledger had; in the order given."""
    entries = len(record.entries)
    codes: dict[str, int] = {}
    for size, root in enumerate(record.roots if any(isinstance(one, str) for one in receipts) else [], 1):
        codes.setdefault(receipt_code(record.inspection, size, root), size)
    judged = [judge(record, one, codes) for one in receipts]
    fitting = [size for size in judged if isinstance(size, int)]
    for place, one in enumerate(receipts, 1):
        need(one is not None, "receipt_unparsable", f"receipt {place}")
    for place, (one, found) in enumerate(zip(receipts, judged, strict=True), 1):
        if isinstance(found, str):
            where = f"receipt {place}"
            last = one["size"] if isinstance(one, dict) else entries
            below = [size for size in fitting if size < (last if isinstance(one, dict) else entries + 1)]
            if found == "receipt_ahead":
                where += f": ledger.jsonl ends at entry {entries}"
            elif found in ("receipt_root", "receipt_not_contained"):
                where += f": ledger.jsonl entries {1 + max(below, default=0)} to {last}"
            raise Broken(found, where)


def judge(record: Record, one: dict[str, Any] | str | None, codes: dict[str, int]) -> int | str:
    """Up to which entry it fits, or the code of what is wrong."""
    if one is None or isinstance(one, str):
        return codes.get(one or "", "receipt_not_contained")
    if one["inspection"] != record.inspection:
        return "receipt_inspection"
    if not is_signed(record, one):
        return "receipt_signature"
    if one["size"] > len(record.entries):
        return "receipt_ahead"
    return int(one["size"]) if record.roots[one["size"] - 1].hex() == one["root"] else "receipt_root"
