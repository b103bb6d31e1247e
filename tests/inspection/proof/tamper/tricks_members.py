"""Tricks with keys, heads, openings, what is withheld, tokens, codes and page signatures."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any

from inspection.domain.checkpoints import key_id
from tests.inspection.proof.builder import SESSION, signer_of
from tests.inspection.proof.tamper.forge import Fields, Forged, b64, signed_head
from tests.inspection.proof.tamper.rich import Rich, added, resealed

Change = Callable[[Rich, Forged], Forged]
Trick = tuple[str, Change, str, str]
STRANGER = signer_of(77)


def relisted(member: str, change: Callable[[list[Fields]], Any]) -> Change:
    """Lines of a member after `change`, and a manifest that knows them."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        lines = forged.lines(member)
        change(lines)
        forged.put_lines(member, lines)
        forged.list_again(forged.signers[-1])
        return forged

    return apply


def withheld(*items: Fields, audience: str = "court", without: tuple[str, ...] = ()) -> Change:
    """A manifest that withholds these, and members that are not there."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        for name in without:
            del forged.members[name]
        forged.list_again(forged.signers[-1], lambda fields: fields.update(withheld=list(items), audience=audience))
        return forged

    return apply


def erased(*classes: str, then: Change = lambda rich, forged: forged) -> Change:
    """An entry at the end says that these classes were erased; then something else."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        said = {"classes": list(classes), "rule": "expiry", "legal_basis": "x", "keys_destroyed": 1, "not_reached": []}
        return then(rich, added(forged, "erased", said))

    return apply


def opened_again(rich: Rich, forged: Forged) -> Forged:
    """A second opening, with another name in it."""
    return added(forged, "opened", forged.entries[0]["payload"])


def opened_late(rich: Rich, forged: Forged) -> Forged:
    """The first two entries the other way round."""
    return resealed(forged, lambda entries: entries.insert(0, entries.pop(1)))


def never_opened(rich: Rich, forged: Forged) -> Forged:
    """A change of keys and nothing else."""

    def keep(entries: list[Fields]) -> None:
        entries[:] = [one for one in entries if one["kind"] == "key_changed"]

    return resealed(forged, keep)


def renumbered(rich: Rich, forged: Forged) -> Forged:
    """A manifest with another inspection's number."""
    said = {"id": forged.entries[0]["inspection"], "number": "YTK-2026-9999"}
    forged.list_again(forged.signers[-1], lambda fields: fields.update(inspection=said))
    return forged


def with_member(name: str) -> Change:
    """With one member more, listed."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        forged.members[name] = b"anything"
        forged.list_again(forged.signers[-1])
        return forged

    return apply


def still_again(rich: Rich, forged: Forged) -> Forged:
    """A still that was taken after all that."""
    said = forged.entries[rich.seq_of("still") - 1]["payload"]
    return added(forged, "still", {**said, "still_id": "late"})


def note_withheld(path: str) -> Change:
    """An officer's note that stays closed in the applicant's copy, and what its manifest says of it."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        forged = added(forged, "hold", {"on": True, "reason": {"c": "0" * 64}})
        item = {"kind": "opening", "seq": len(forged.entries), "path": path, "rule": "audience"}
        return withheld(item, audience="applicant")(rich, forged)

    return apply


def after(*changes: Change) -> Change:
    """One after the other."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        for change in changes:
            forged = change(rich, forged)
        return forged

    return apply


def token_withheld(rich: Rich, forged: Forged) -> Forged:
    """The token that ties the record to a time, left out by name."""
    name = next(name for name in forged.members if name.startswith("timestamps/"))
    return withheld({"kind": "file", "name": name, "rule": "redacted"}, without=(name,))(rich, forged)


def entry_of(kind: str, change: Callable[[Fields], Any]) -> Change:
    """The first payload of a kind after `change`, everything signed again."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        seq = rich.seq_of(kind)
        return resealed(forged, lambda entries: change(entries[seq - 1]["payload"]), seq)

    return apply


def token(change: Callable[[bytes], bytes]) -> Change:
    """The token after `change`, its digest in the ledger fitting, everything signed again."""

    def apply(rich: Rich, forged: Forged) -> Forged:
        seq = rich.seq_of("timestamp")
        file = forged.entries[seq - 1]["payload"]["file"]
        forged.members[file] = change(forged.members[file])
        digest = hashlib.sha256(forged.members[file]).hexdigest()
        # the head that is stamped stays: only what follows the stamp is signed again
        entries = forged.entries
        entries[seq - 1]["payload"]["token_sha256"] = digest
        forged.entries = entries
        forged.chain(seq, forged.signers)
        forged.checkpoint(forged.signers[-1], keep=seq - 1)
        forged.list_again(forged.signers[-1])
        return forged

    return apply


def stranger_head(lines: list[Fields]) -> None:
    lines[-1] = signed_head(lines[-1], STRANGER)


def old_head(rich: Rich, forged: Forged) -> Forged:
    """A head that the key before signed: that is a key of the history, and fine."""
    lines = forged.lines("checkpoints.jsonl")
    lines[-1] = signed_head(lines[-1], forged.signers[0])
    forged.put_lines("checkpoints.jsonl", lines)
    forged.list_again(forged.signers[-1])
    return forged


def history_with(change: Callable[[list[Fields]], Any]) -> Change:
    return relisted("keys.jsonl", change)


def changed_key(n: Any, of: Callable[[Forged], bytes]) -> Change:
    def apply(rich: Rich, forged: Forged) -> Forged:
        return added(forged, "key_changed", {"n": n, "key_id": key_id(of(forged))})

    return apply


STILL = {"kind": "still", "still": "still3", "rule": "redacted"}
TRACK = {"kind": "track", "session": SESSION, "track": "track1", "rule": "redacted"}
RANGE = {"kind": "journal", "session": SESSION, "track": "signed10", "from_index": 0, "to_index": 0, "rule": "redacted"}
OPENING = {"kind": "opening", "seq": 1, "path": "/actor/name", "rule": "redacted"}
WITHHELD_0 = "manifest.json withheld 0"

MEMBER_TRICKS: list[Trick] = [
    (
        "a head of a stranger",
        relisted("checkpoints.jsonl", stranger_head),
        "checkpoint_signature",
        "checkpoints.jsonl line ",
    ),
    ("a head of the key before", old_head, "whole", ""),
    (
        "a head beyond the end",
        relisted("checkpoints.jsonl", lambda lines: lines.append({**lines[-1], "size": 10**6})),
        "checkpoint_order",
        "checkpoints.jsonl line ",
    ),
    (
        "a head twice",
        relisted("checkpoints.jsonl", lambda lines: lines.append(lines[-1])),
        "checkpoint_order",
        "checkpoints.jsonl line ",
    ),
    (
        "a head of nothing",
        relisted("checkpoints.jsonl", lambda lines: lines.insert(0, {**lines[0], "size": 0})),
        "checkpoint_unparsable",
        "checkpoints.jsonl line 1",
    ),
    ("no head", relisted("checkpoints.jsonl", lambda lines: lines.clear()), "checkpoint_order", "checkpoints.jsonl"),
    (
        "a head of another inspection",
        relisted("checkpoints.jsonl", lambda lines: lines[0].update(inspection="other")),
        "checkpoint_unparsable",
        "checkpoints.jsonl line 1",
    ),
    (
        "a root in capitals",
        relisted("checkpoints.jsonl", lambda lines: lines[0].update(root=lines[0]["root"].upper().replace("0", "A"))),
        "checkpoint_unparsable",
        "checkpoints.jsonl line 1",
    ),
    ("no keys", history_with(lambda lines: lines.clear()), "key_history", "keys.jsonl line 1"),
    ("the first key alone", history_with(lambda lines: lines.pop()), "key_history", "keys.jsonl line 1"),
    ("keys the other way round", history_with(lambda lines: lines.reverse()), "key_history", "keys.jsonl line 1"),
    (
        "a first key with one before",
        history_with(lambda lines: lines[0].update(sig_old=lines[0]["sig_new"])),
        "key_history",
        "keys.jsonl line 1",
    ),
    (
        "a second key by itself",
        history_with(lambda lines: lines[1].update(sig_old=None)),
        "key_history",
        "keys.jsonl line 2",
    ),
    (
        "a key of small order",
        history_with(lambda lines: lines[0].update(public_key=b64(bytes(32)))),
        "key_history",
        "keys.jsonl line 1",
    ),
    (
        "a history from another time",
        history_with(lambda lines: lines[1].update(**{"from": "2027-01-01T00:00:00.000Z"})),
        "key_history",
        "keys.jsonl line 2",
    ),
    (
        "back to the first key",
        changed_key(0, lambda f: f.signers[0].public_key()),
        "key_history",
        "ledger.jsonl entry ",
    ),
    ("the same key again", changed_key(1, lambda f: f.signers[1].public_key()), "key_history", "ledger.jsonl entry "),
    (
        "a key beyond the history",
        changed_key(2, lambda f: f.signers[1].public_key()),
        "key_history",
        "ledger.jsonl entry ",
    ),
    ("true for key 1", changed_key(True, lambda f: f.signers[1].public_key()), "key_history", "ledger.jsonl entry "),
    (
        "an opening twice",
        relisted("openings.jsonl", lambda lines: lines.insert(0, lines[0])),
        "opening_unparsable",
        "openings.jsonl line 2",
    ),
    (
        "openings out of order",
        relisted("openings.jsonl", lambda lines: lines.append(lines.pop(0))),
        "opening_unparsable",
        "openings.jsonl line ",
    ),
    (
        "an opening of nothing",
        relisted("openings.jsonl", lambda lines: lines[0].update(path="/payload/none")),
        "opening_digest",
        "openings.jsonl line 1",
    ),
    (
        "an opening of entry 0",
        relisted("openings.jsonl", lambda lines: lines[0].update(seq=0)),
        "opening_digest",
        "openings.jsonl line 1",
    ),
    (
        "an opening by another way to write it",
        relisted("openings.jsonl", lambda lines: lines[0].update(path="/actor/name/")),
        "opening_digest",
        "openings.jsonl line 1",
    ),
    (
        "another value",
        relisted("openings.jsonl", lambda lines: lines[0].update(value="别人")),
        "opening_digest",
        "openings.jsonl line 1",
    ),
    (
        "a value in a list",
        relisted("openings.jsonl", lambda lines: lines[0].update(value=[lines[0]["value"]])),
        "opening_digest",
        "openings.jsonl line 1",
    ),
    (
        "a commitment where nobody looks",
        lambda r, f: added(f, "no_fix", {"session_id": "s", "cause": "timeout", "x": {"c": "0" * 64}}),
        "member_missing",
        "openings.jsonl entry ",
    ),
    (
        "erased without an entry",
        withheld({**STILL, "rule": "erased"}, without=("stills/still3.jpg",)),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "for an audience that is the office",
        withheld({**STILL, "rule": "audience"}, audience="office", without=("stills/still3.jpg",)),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "a name erased with the recordings",
        erased("media", then=withheld({**OPENING, "rule": "erased"})),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "a still erased with the words",
        erased("person", "text", then=withheld({**STILL, "rule": "erased"}, without=("stills/still3.jpg",))),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "a still erased before it was taken",
        erased("media", then=after(still_again, withheld({**STILL, "still": "late", "rule": "erased"}))),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "a stretch of a journal erased",
        erased("media", then=withheld({**RANGE, "rule": "erased"})),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "tiles of a still erased",
        erased("media", then=withheld({"kind": "still_tiles", "still": "tiled2", "tiles": [0], "rule": "erased"})),
        "member_missing",
        WITHHELD_0,
    ),
    ("opened twice", opened_again, "ledger_unparsable", "ledger.jsonl entry "),
    ("opened after something else", opened_late, "ledger_unparsable", "ledger.jsonl entry 1"),
    ("never opened", never_opened, "ledger_unparsable", "ledger.jsonl entry 1"),
    ("another number of the inspection", renumbered, "entry_inspection", "ledger.jsonl entry 1"),
    ("something beside the certificates", with_member("certificates/x.txt"), "member_unexpected", "certificates/x.txt"),
    ("a token withheld", token_withheld, "member_missing", WITHHELD_0),
    ("recordings erased and there", erased("media"), "member_unexpected", f"journal/{SESSION}/track1.ytj entry "),
    ("names erased and there", erased("person"), "member_unexpected", "openings.jsonl entry 1 /actor/name"),
    ("a note that is not the applicant's", note_withheld("/payload/reason"), "whole", ""),
    (
        "an opening that the applicant may see",
        withheld({**OPENING, "rule": "audience"}, audience="applicant"),
        "member_missing",
        WITHHELD_0,
    ),
    ("a note of nothing", note_withheld("/payload/none/reason"), "member_missing", WITHHELD_0),
    (
        "a still that is not for an applicant",
        withheld({**STILL, "rule": "audience"}, audience="applicant", without=("stills/still3.jpg",)),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "a still left out of the office's copy",
        withheld(STILL, audience="office", without=("stills/still3.jpg",)),
        "member_missing",
        WITHHELD_0,
    ),
    (
        "a name left out of the office's copy",
        withheld(OPENING, audience="office"),
        "member_missing",
        WITHHELD_0,
    ),
    ("of an unknown rule", withheld({**STILL, "rule": "secret"}), "manifest_unparsable", WITHHELD_0),
    ("of an unknown kind", withheld({**STILL, "kind": "chat"}), "manifest_unparsable", WITHHELD_0),
    ("of every object", withheld({**STILL, "kind": "constructor"}), "manifest_unparsable", WITHHELD_0),
    ("with a word too many", withheld({**STILL, "why": "x"}), "manifest_unparsable", WITHHELD_0),
    ("no such still", withheld({**STILL, "still": "none"}), "member_unexpected", WITHHELD_0),
    (
        "the same twice",
        withheld(STILL, STILL, without=("stills/still3.jpg",)),
        "member_unexpected",
        "manifest.json withheld 1",
    ),
    ("withheld and there", withheld(STILL), "member_unexpected", "stills/still3.jpg"),
    ("a track withheld and there", withheld(TRACK), "member_unexpected", f"journal/{SESSION}/track1.ytj"),
    (
        "a track and a range of it",
        withheld(TRACK, {**RANGE, "track": "track1"}, without=(f"journal/{SESSION}/track1.ytj",)),
        "member_unexpected",
        "manifest.json withheld 1",
    ),
    ("a range beyond the end", withheld({**RANGE, "to_index": 999}), "member_unexpected", WITHHELD_0),
    ("a range the wrong way", withheld({**RANGE, "from_index": 1}), "member_unexpected", WITHHELD_0),
    ("an opening withheld and there", withheld(OPENING), "member_unexpected", "openings.jsonl entry 1 /actor/name"),
    ("an opening of nothing withheld", withheld({**OPENING, "path": "/none"}), "member_unexpected", WITHHELD_0),
    (
        "tiles of a still without tiles",
        withheld(
            {"kind": "still_tiles", "still": "still3", "tiles": [0], "rule": "redacted"}, without=("stills/still3.jpg",)
        ),
        "member_missing",
        "stills/still3.redacted.png entry ",
    ),
    (
        "a file that is none",
        withheld({"kind": "file", "name": "README.txt", "rule": "redacted"}),
        "member_unexpected",
        WITHHELD_0,
    ),
    (
        "a token over another head",
        entry_of("timestamp", lambda said: said.update(size=1)),
        "timestamp_imprint",
        "timestamps/",
    ),
    (
        "a token outside its folder",
        entry_of("timestamp", lambda said: said.update(file="stills/token.tst")),
        "ledger_unparsable",
        "ledger.jsonl entry ",
    ),
    ("a token that is none", token(lambda der: b"hello"), "timestamp_unparsable", "timestamps/"),
    ("an empty token", token(lambda der: b""), "timestamp_unparsable", "timestamps/"),
    ("bytes behind a token", token(lambda der: der + b"\0"), "timestamp_unparsable", "timestamps/"),
    (
        "a token of indefinite length",
        token(lambda der: b"\x30\x80" + der[4:] + b"\0\0"),
        "timestamp_unparsable",
        "timestamps/",
    ),
    ("a long length", token(lambda der: b"\x30\x83\x00" + der[2:]), "timestamp_unparsable", "timestamps/"),
    ("a token of a megabyte", token(lambda der: der + bytes(1_000_000)), "timestamp_unparsable", "timestamps/"),
    (
        "another imprint",
        token(lambda der: flipped(der, der.index(bytes.fromhex("0420")) + 5)),
        "timestamp_imprint",
        "timestamps/",
    ),
    ("another signature", token(lambda der: flipped(der, len(der) - 1)), "timestamp_signature", "timestamps/"),
    (
        "a code that is another",
        entry_of("challenge", lambda said: said.update(code="000000")),
        "challenge_code",
        "ledger.jsonl entry ",
    ),
    (
        "more signed frames than there are",
        entry_of("signatures", lambda said: said.update(signed=said["signed"] + 1)),
        "frame_signature",
        "journal/",
    ),
]


def bent(chosen: random.Random) -> Callable[[bytes], bytes]:
    """Some bytes of a token changed, added or taken away."""

    def bend(der: bytes) -> bytes:
        content = bytearray(der)
        for _ in range(chosen.choice((1, 1, 2))):
            at, what = chosen.randrange(len(content)), chosen.randrange(4)
            if what == 0:
                del content[at]
            elif what == 1:
                content.insert(at, chosen.randrange(256))
            else:
                content[at] = chosen.choice((0x30, 0x31, 0x02, 0x04, 0xA0, 0x80, 0x00, 0xFF, content[at] ^ 1))
        return bytes(content)

    return bend


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
