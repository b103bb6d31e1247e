"""Thirteen attacks on the record, each in as many variants as seeds.

Each says what is done, what the victim holds, and what must be said. `where` is the first place at which a verifier can
notice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.inspection.proof.builder import SESSION, signer_of
from tests.inspection.proof.tamper.forge import Forged, b64
from tests.inspection.proof.tamper.scene import (
    FIRST,
    SECOND,
    STRANGER,
    Outcome,
    Scene,
    entry,
    seq_of,
    seq_of_byte,
    seq_of_still,
)

Change = Callable[[Scene, Forged], Outcome]


def rebuild(scene: Scene, forged: Forged) -> Outcome:
    """Everything is made anew with a key of one's own; whoever checks has the office's key, or a receipt."""
    mine = signer_of(STRANGER)
    entries = [one for one in forged.entries if one["kind"] != "key_changed"]
    entries[scene.chosen.randrange(3, len(entries))]["at"] = "2026-05-06T05:00:00.000Z"
    renumber = {one["seq"]: place for place, one in enumerate(entries, 1)}
    forged.entries = entries
    openings = [one for one in forged.lines("openings.jsonl") if one["seq"] in renumber]
    forged.put_lines("openings.jsonl", [{**one, "seq": renumber[one["seq"]]} for one in openings])
    forged.rekey(mine)
    forged.chain(1, [mine])
    forged.checkpoint(mine)
    way = scene.chosen.randrange(3)
    if way == 1:  # with the office's real first line in front, as if it had handed over
        real, own = Forged(scene.package, ()).lines("keys.jsonl")[0], forged.lines("keys.jsonl")[0]
        forged.put_lines("keys.jsonl", [real, {**own, "n": 1, "sig_old": own["sig_new"]}])
    forged.list_again(mine)
    if way == 2:
        return Outcome("receipt_signature", "receipt 1", (), (scene.receipt(1, as_code=False)[0],))
    if way == 1:
        return Outcome("key_history", "keys.jsonl line 2", scene.trust)
    return Outcome("key_not_trusted", "keys.jsonl", scene.trust)


def edit(scene: Scene, forged: Forged) -> Outcome:
    """A byte is changed somewhere, nothing else."""
    name = scene.chosen.choice(
        ("ledger.jsonl", "openings.jsonl", "checkpoints.jsonl", "keys.jsonl", f"journal/{SESSION}/{FIRST}.ytj",
         "stills/still1.jpg", "rectifications/answer1.jpg", "README.txt", "manifest.json")
    )  # fmt: skip
    content = bytearray(forged.members[name])
    at = scene.chosen.randrange(len(content))
    while content[at] == 0x0A:
        at = scene.chosen.randrange(len(content))
    content[at] ^= 1 << scene.chosen.randrange(5) if name.endswith((".jsonl", ".json")) else 0x10
    if content[at] == 0x0A:
        content[at] ^= 1
    forged.members[name] = bytes(content)
    line = bytes(content[:at]).count(b"\n") + 1
    places = {
        "ledger.jsonl": ("ledger_unparsable|entry_|format_unknown|key_history", entry(line)),
        "openings.jsonl": ("opening_", f"openings.jsonl line {line}"),
        "checkpoints.jsonl": ("checkpoint_", f"checkpoints.jsonl line {line}"),
        "keys.jsonl": ("keys_unparsable|key_history", f"keys.jsonl line {line}"),
        "stills/still1.jpg": ("still_digest", f"stills/still1.jpg entry {seq_of_still(scene)}"),
        "rectifications/answer1.jpg": (
            "file_digest",
            f"rectifications/answer1.jpg entry {seq_of(scene, 'rectification')}",
        ),
        "README.txt": ("member_digest", "README.txt"),
        "manifest.json": ("manifest_|format_unknown", "manifest."),
    }
    if name in places:
        return Outcome(*places[name])
    return Outcome("segment_digest", f"{name} entry {seq_of_byte(scene, FIRST, at)}")


def delete(scene: Scene, forged: Forged) -> Outcome:
    """An entry, an opening, a head or a file is left out, and the manifest signed again with the office's key."""
    way = scene.chosen.randrange(5)
    if way == 0:
        seq = scene.seq_of()
        forged.entries = [one for one in forged.entries if one["seq"] != seq]
        forged.list_again(scene.signer)
        last = seq == len(scene.case.entries)
        return (
            Outcome("checkpoint_order", "checkpoints.jsonl line")
            if last and _opened(scene, seq)
            else (Outcome("opening_digest", "openings.jsonl line") if last else Outcome("entry_seq", entry(seq)))
        )
    if way == 1:
        name = scene.chosen.choice(
            [name for name in forged.members if name.startswith(("journal/", "stills/", "rect"))]
        )
        del forged.members[name]
        forged.list_again(scene.signer)
        return Outcome("member_missing", f"{name} entry ")
    if way == 2:
        lines = forged.lines("openings.jsonl")
        gone = lines.pop(scene.chosen.randrange(len(lines)))
        forged.put_lines("openings.jsonl", lines)
        forged.list_again(scene.signer)
        return Outcome("member_missing", f"openings.jsonl entry {gone['seq']} {gone['path']}")
    if way == 3:
        lines = forged.lines("checkpoints.jsonl")[:-1]
        forged.put_lines("checkpoints.jsonl", lines)
        forged.list_again(scene.signer)
        return Outcome("checkpoint_order", f"checkpoints.jsonl line {len(lines)}")
    name = scene.chosen.choice(list(forged.members))
    del forged.members[name]
    return Outcome("member_missing", name)


def _opened(scene: Scene, seq: int) -> bool:
    return not scene.case.entries[seq - 1].openings


def swap(scene: Scene, forged: Forged) -> Outcome:
    """Two things change places, and the manifest is signed again with the office's key."""
    way = scene.chosen.randrange(4)
    if way == 0:
        entries = forged.entries
        first = scene.chosen.randrange(len(entries) - 1)
        second = scene.chosen.randrange(first + 1, len(entries))
        entries[first], entries[second] = entries[second], entries[first]
        forged.entries = entries
        outcome = Outcome("entry_seq", entry(first + 1))
    elif way == 1:
        forged.members["stills/still1.jpg"], forged.members["stills/still2.jpg"] = (
            forged.members["stills/still2.jpg"],
            forged.members["stills/still1.jpg"],
        )
        outcome = Outcome("still_digest", f"stills/still1.jpg entry {seq_of_still(scene)}")
    elif way == 2:
        lines = forged.lines("openings.jsonl")
        first, second = sorted(scene.chosen.sample(range(len(lines)), 2))
        for key in ("salt", "value"):
            lines[first][key], lines[second][key] = lines[second][key], lines[first][key]
        forged.put_lines("openings.jsonl", lines)
        outcome = Outcome("opening_digest", f"openings.jsonl line {first + 1}")
    else:
        lines = forged.lines("checkpoints.jsonl")
        first, second = sorted(scene.chosen.sample(range(len(lines)), 2))
        lines[first], lines[second] = lines[second], lines[first]
        forged.put_lines("checkpoints.jsonl", lines)
        outcome = Outcome(
            "checkpoint_order", f"checkpoints.jsonl line {first + 2 if second == first + 1 else first + 2}"
        )
    forged.list_again(scene.signer)
    return outcome


def insert(scene: Scene, forged: Forged) -> Outcome:
    """Something is put in between."""
    way = scene.chosen.randrange(4)
    if way == 0:  # an entry again, right behind itself
        entries, seq = forged.entries, scene.seq_of()
        entries.insert(seq, entries[seq - 1])
        forged.entries = entries
        outcome = Outcome("entry_seq", entry(seq + 1))
    elif way == 1:  # an invented entry that takes the next number, those behind it move up
        entries, seq = forged.entries, scene.chosen.randrange(2, len(forged.entries) + 1)
        entries.insert(seq - 1, json.loads(json.dumps(entries[seq - 2])))
        forged.entries = entries
        forged.chain(seq)
        outcome = Outcome("entry_signature", entry(seq))
    elif way == 2:
        name = scene.chosen.choice(
            ("stills/extra.jpg", "journal/s9/t9.ytj", "timestamps/1-0.tst", "viewing/s9.webm", "note.txt")
        )
        forged.members[name] = scene.chosen.randbytes(20)
        outcome = Outcome("member_unexpected", name)
    else:
        lines = forged.lines("openings.jsonl")
        at = scene.chosen.randrange(len(lines))
        lines.insert(at + 1, {**lines[at], "path": lines[at]["path"] + "0"})
        forged.put_lines("openings.jsonl", lines)
        outcome = Outcome("opening_digest", f"openings.jsonl line {at + 2}")
    forged.list_again(scene.signer)
    return outcome


def rechain(scene: Scene, forged: Forged) -> Outcome:
    """An entry is changed and all hashes behind it are made to fit, without the key that signs entries."""
    entries, seq = forged.entries, scene.seq_of()
    changed = entries[seq - 1]
    changed["at"] = "2026-05-06T01:00:00.000Z"
    forged.entries = entries
    mine = scene.chosen.random() < 0.5
    forged.chain(seq, [signer_of(STRANGER)] if mine else None)
    forged.list_again(scene.signer)
    return Outcome("entry_signature", entry(seq))


def truncate(scene: Scene, forged: Forged) -> Outcome:
    """The end is cut off: of a member, or of the ledger with everything made to fit by the office's key."""
    way = scene.chosen.randrange(4)
    entries = forged.entries
    cut = scene.chosen.randrange(seq_of(scene, "rectification") + 1, len(entries))
    if way == 0:
        forged.entries = entries[:cut]
        forged.list_again(
            scene.signer, lambda fields: fields.update(ledger={"entries": len(entries), "head": entries[-1]["hash"]})
        )
        return Outcome("ledger_head", entry(cut))
    if way == 1:
        name = f"journal/{SESSION}/{SECOND}.ytj"
        forged.members[name] = forged.members[name][: -scene.chosen.randrange(1, 30)]
        forged.list_again(scene.signer)
        return Outcome("segment_gap", f"{name} byte {len(forged.members[name])}")
    if way == 2:
        forged.members["ledger.jsonl"] = forged.members["ledger.jsonl"][:-1]
        forged.list_again(scene.signer)
        return Outcome("ledger_unparsable", entry(len(entries)))
    forged.entries = entries[:cut]
    forged.drop_orphans()
    forged.checkpoint(scene.signer, keep=cut)
    forged.list_again(scene.signer)
    line, _ = scene.receipt(cut + 1, as_code=False)
    return Outcome("receipt_ahead", f"receipt 1: ledger.jsonl ends at entry {cut}", scene.trust, (line,))


def resign(scene: Scene, forged: Forged) -> Outcome:
    """Whoever holds the office's key changes an entry and signs all again; somebody outside holds a receipt."""
    entries = forged.entries
    seq = scene.chosen.randrange(1, scene.case.checkpoints[-1].size + 1)
    entries[seq - 1]["device_at"] = "2026-05-06T01:00:00.000Z"
    forged.entries = entries
    forged.chain(seq, scene.signers)
    forged.checkpoint(scene.signer, keep=seq - 1)
    forged.list_again(scene.signer)
    return _receipt_outcome(scene, seq, len(entries))


def _receipt_outcome(scene: Scene, seq: int, entries: int) -> Outcome:
    """One receipt, or an earlier one beside it that still fits and so narrows the place down."""
    as_code = scene.chosen.random() < 0.5
    given, size = scene.receipt(seq, as_code)
    fitting = [one.size for one in scene.case.checkpoints if one.size < seq]
    receipts, first = [given], 1
    if fitting and scene.chosen.random() < 0.5:
        earlier = scene.chosen.choice(fitting)
        receipts.append(scene.case.receipt(earlier)[scene.chosen.randrange(2)])
        first = earlier + 1
    code, last = ("receipt_not_contained", entries) if as_code else ("receipt_root", size)
    return Outcome(code, f"receipt 1: ledger.jsonl entries {first} to {last}", scene.trust, tuple(receipts))


def roll_back(scene: Scene, forged: Forged) -> Outcome:
    """The whole database goes back to an earlier state and lives on from there, with the office's key."""
    entries = forged.entries
    back = scene.chosen.randrange(seq_of(scene, "rectification"), len(entries))
    forged.entries = entries[:back]
    forged.drop_orphans()
    more = scene.chosen.randrange(3)
    for number in range(more):
        said = {"session_id": SESSION, "cause": "timeout"}
        template = {**entries[2], "kind": "no_fix", "payload": said, "at": f"2026-05-06T02:00:0{number}.000Z"}
        forged.entries = [*forged.entries, template]
    forged.chain(back + 1, scene.signers)
    forged.checkpoint(scene.signer, keep=back)
    forged.list_again(scene.signer)
    line, size = scene.receipt(back + 1, as_code=False)
    if size > back + more:
        return Outcome("receipt_ahead", f"receipt 1: ledger.jsonl ends at entry {back + more}", scene.trust, (line,))
    return Outcome("receipt_root", f"receipt 1: ledger.jsonl entries 1 to {size}", scene.trust, (line,))


def replace_segment(scene: Scene, forged: Forged) -> Outcome:
    """A stretch of the recording is replaced by another of the same length; then also what the ledger says of it."""
    name = f"journal/{SESSION}/{FIRST}.ytj"
    segments = [one for one in scene.case.entries if one.kind == "segment" and one.payload["track_id"] == FIRST]
    chosen = scene.chosen.choice(segments[1:])
    start, length = chosen.payload["offset"], chosen.payload["length"]
    content = forged.members[name]
    other = content[start : start + length][::-1] if scene.chosen.random() < 0.5 else scene.chosen.randbytes(length)
    forged.members[name] = content[:start] + other + content[start + length :]
    way = scene.chosen.randrange(3)
    if way == 0:
        return Outcome("segment_digest", f"{name} entry {chosen.seq}")
    entries = forged.entries
    entries[chosen.seq - 1]["payload"]["sha256"] = hashlib.sha256(other).hexdigest()
    forged.entries = entries
    if way == 1:
        forged.list_again(scene.signer)
        return Outcome("entry_hash", entry(chosen.seq))
    forged.chain(chosen.seq, scene.signers)
    forged.checkpoint(scene.signer, keep=chosen.seq - 1)
    forged.list_again(scene.signer)
    return Outcome("running_digest", f"{name} entry {chosen.seq}", scene.trust)


def swap_media(scene: Scene, forged: Forged) -> Outcome:
    """Two recordings change places, in the files alone or in the ledger too, with the office's key."""
    first, second = (f"journal/{SESSION}/{track}.ytj" for track in (FIRST, SECOND))
    forged.members[first], forged.members[second] = forged.members[second], forged.members[first]
    seqs = {
        track: [one.seq for one in scene.case.entries if one.kind == "segment" and one.payload["track_id"] == track]
        for track in (FIRST, SECOND)
    }
    if scene.chosen.random() < 0.5:
        forged.list_again(scene.signer)
        same = len(forged.members[first]) == len(forged.members[second])
        shorter = min(len(forged.members[first]), len(forged.members[second]))
        if same:
            return Outcome("segment_digest", f"{first} entry {seqs[FIRST][0]}")
        return Outcome("segment_gap", f"{first} byte {shorter}")
    entries = forged.entries
    for one in entries:
        if one["kind"] == "segment":
            one["payload"]["track_id"] = SECOND if one["payload"]["track_id"] == FIRST else FIRST
    forged.entries = entries
    forged.chain(1, scene.signers)
    forged.checkpoint(scene.signer)
    forged.list_again(scene.signer)
    return Outcome("journal_unparsable", f"{second} entry {seqs[FIRST][0]}", scene.trust)


def shift_clock(scene: Scene, forged: Forged) -> Outcome:
    """Times are moved: of an entry as they stand, with hashes made to fit, of a head, or of all by the office's key."""
    way = scene.chosen.randrange(4)
    minute = f"{scene.chosen.randrange(60):02}"
    entries, seq = forged.entries, scene.seq_of()
    moved = entries[seq - 1]["at"][:14] + minute + ":59.999Z"
    if way == 1:
        heads = forged.lines("checkpoints.jsonl")
        at = len(heads) - 1
        heads[at]["at"] = "2026-05-06T23:" + minute + ":00.000Z"
        forged.put_lines("checkpoints.jsonl", heads)
        forged.list_again(scene.signer)
        return Outcome("checkpoint_signature", f"checkpoints.jsonl line {at + 1}")
    for one in entries[seq - 1 :] if way != 0 else entries[seq - 1 : seq]:
        one["at"] = moved
    forged.entries = entries
    if way == 0:
        forged.list_again(scene.signer)
        return Outcome("entry_hash", entry(seq))
    if way == 2:
        forged.chain(seq)
        forged.list_again(scene.signer)
        return Outcome("entry_signature", entry(seq))
    forged.chain(seq, scene.signers)
    forged.checkpoint(scene.signer, keep=seq - 1)
    forged.list_again(scene.signer)
    return _receipt_outcome(scene, min(seq, scene.case.checkpoints[-1].size), len(entries))


def strip(scene: Scene, forged: Forged) -> Outcome:
    """Signatures are taken away or made empty."""
    way = scene.chosen.randrange(5)
    blank = scene.chosen.choice(("", b64(bytes(64)), "A" * 88, b64(bytes(63)), "not base64"))
    if way == 0:
        del forged.members["manifest.sig"]
        return Outcome("member_missing", "manifest.sig")
    if way == 1:
        forged.members["manifest.sig"] = blank.encode()
        return Outcome("manifest_signature", "manifest.sig")
    if way == 2:
        entries, seq = forged.entries, scene.seq_of()
        entries[seq - 1]["sig"] = blank
        forged.entries = entries
        outcome = Outcome("entry_signature" if blank else "ledger_unparsable", entry(seq))
    elif way == 3:
        heads = forged.lines("checkpoints.jsonl")
        at = scene.chosen.randrange(len(heads))
        heads[at]["sig"] = blank
        forged.put_lines("checkpoints.jsonl", heads)
        outcome = Outcome(
            "checkpoint_signature" if blank else "checkpoint_unparsable", f"checkpoints.jsonl line {at + 1}"
        )
    else:
        lines = forged.lines("keys.jsonl")
        at = scene.chosen.randrange(len(lines))
        lines[at]["sig_new"] = blank
        forged.put_lines("keys.jsonl", lines)
        outcome = Outcome("key_history" if blank else "keys_unparsable", f"keys.jsonl line {at + 1}")
    forged.list_again(scene.signer)
    return outcome


@dataclass(frozen=True)
class Attack:
    """One of the thirteen. `needs`: what whoever checks must have beside the package; `codes`: what may be said."""

    name: str
    change: Change
    needs: str
    codes: tuple[str, ...]

    @property
    def what(self) -> str:
        """In a sentence."""
        return " ".join((self.change.__doc__ or "").split())


def _attack(name: str, change: Change, codes: str, needs: str = "") -> Attack:
    return Attack(name, change, needs, tuple(codes.split()))


ATTACKS = (
    _attack("rebuild with a new key", rebuild, "key_history key_not_trusted receipt_signature", "key or receipt"),
    _attack(
        "edit",
        edit,
        "checkpoint_order checkpoint_root checkpoint_signature checkpoint_unparsable entry_hash entry_inspection "
        "entry_prev entry_seq entry_signature file_digest format_unknown key_history keys_unparsable ledger_unparsable "
        "manifest_signature manifest_unparsable member_digest opening_digest opening_unparsable segment_digest "
        "still_digest",
    ),
    _attack("delete", delete, "checkpoint_order entry_seq member_missing opening_digest"),
    _attack("swap", swap, "checkpoint_order entry_seq opening_digest still_digest"),
    _attack("insert", insert, "entry_seq entry_signature member_unexpected opening_digest"),
    _attack("re-chain", rechain, "entry_signature"),
    _attack(
        "truncate",
        truncate,
        "ledger_head ledger_unparsable receipt_ahead segment_gap",
        "receipt, where the key was used",
    ),
    _attack("re-sign with the real key", resign, "receipt_not_contained receipt_root", "receipt"),
    _attack("roll back the whole database", roll_back, "receipt_ahead receipt_root", "receipt"),
    _attack("replace a segment", replace_segment, "entry_hash running_digest segment_digest"),
    _attack("swap two recordings", swap_media, "journal_unparsable segment_digest segment_gap"),
    _attack(
        "shift the clock",
        shift_clock,
        "checkpoint_signature entry_hash entry_signature receipt_not_contained receipt_root",
        "receipt, where the key was used",
    ),
    _attack(
        "strip signatures",
        strip,
        "checkpoint_signature checkpoint_unparsable entry_signature key_history keys_unparsable ledger_unparsable "
        "manifest_signature member_missing",
    ),
)


def attack_table() -> str:
    """The rows as docs/evidence.md has them."""
    rows = [
        f"| {one.name} | {one.what} | {one.needs or '–'} | {', '.join(f'`{code}`' for code in one.codes)} |"
        for one in ATTACKS
    ]
    return "\n".join(["| attack | what is done | has to be at hand | codes |", "|---|---|---|---|", *rows])


def caught(outcome: Outcome, attack: Attack, found: dict[str, tuple[str, str | None, str | None]]) -> bool:
    """Whether all verifiers say the same, of the right kind, at the right place."""
    verdict, code, where = next(iter(found.values()))
    right = code in attack.codes and re.match(outcome.code, code or "") and (where or "").startswith(outcome.where)
    return len(set(found.values())) == 1 and verdict == "broken" and bool(right)
