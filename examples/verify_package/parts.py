"""What the ledger speaks of: which members have to be there, journals, stills and other files."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .basics import Broken, Members, canonical, is_count, is_hex, is_name, need, sha256
from .plain_zip import NAME
from .record import Record, class_of, member_of

Said = dict[str, Any]
WITHHELD = {
    "journal": {"session", "track", "from_index", "to_index"},
    "track": {"session", "track"},
    "still": {"still"},
    "still_tiles": {"still", "tiles"},
    "opening": {"seq", "path"},
    "file": {"name"},
}
LINED = ("ledger.jsonl", "openings.jsonl", "checkpoints.jsonl", "keys.jsonl")
TILE = 64
#: What officers write for themselves and each other: by kind, the last step of the path.
NOTES = {"check": "note", "site_visit": "note", "opinion": "text", "hold": "reason", "reveal": "reason"}


def is_withheld(item: Any) -> bool:
    """Whether it is an item of the manifest's list."""
    if not isinstance(item, dict) or not isinstance(item.get("kind"), str) or item["kind"] not in WITHHELD:
        return False
    if item.keys() != WITHHELD[item["kind"]] | {"kind", "rule"} or item["rule"] not in (
        "erased",
        "redacted",
        "audience",
    ):
        return False
    names = all(is_name(item[key]) for key in ("session", "track", "still", "path", "name") if key in item)
    counts = all(is_count(item[key]) for key in ("from_index", "to_index", "seq") if key in item)
    tiles = item.get("tiles", [])
    plain = "name" not in item or (NAME.fullmatch(str(item["name"])) is not None and not item["name"].endswith("/"))
    return names and counts and plain and isinstance(tiles, list) and all(is_count(tile) for tile in tiles)


@dataclass
class Run:
    """Segments (entries) that stand in a member one after the other."""

    member: str
    journal: str
    segments: list[Said]

    @property
    def size(self) -> int:
        return sum(one["payload"]["length"] for one in self.segments)

    @property
    def offset(self) -> int:
        return int(self.segments[0]["payload"]["offset"])


@dataclass
class Expected:
    runs: list[Run]
    files: list[Said]
    redacted: list[tuple[Said, Said]]
    journals: dict[str, list[Said]]


def expected_members(record: Record, manifest: Said, listed: Sequence[str]) -> Expected:
    """What has to be there, and is; nothing else is. Raises Broken."""
    withheld: list[Said] = manifest["withheld"]
    used: set[int] = set()

    def find(kind: str, **named: str) -> Said | None:
        for place, item in enumerate(withheld):
            if item["kind"] == kind and all(item[key] == value for key, value in named.items()):
                used.add(place)
                return item
        return None

    journals = segments_by_journal(record)
    found = Expected([], [], [], journals)
    for name, segments in sorted(journals.items(), key=lambda one: min(entry["seq"] for entry in one[1])):
        _, session, track = name.removesuffix(".ytj").split("/", 2)
        if find("track", session=session, track=track) is None:
            found.runs += runs_of(name, segments, hidden_ranges(withheld, used, session, track, len(segments)))
    for entry in record.of_kind("still", "rectification", "timestamp"):
        if entry["kind"] == "still":
            if find("still", still=entry["payload"]["still_id"]) is None:
                item = find("still_tiles", still=entry["payload"]["still_id"])
                if item is None:
                    found.files.append(entry)
                else:
                    found.redacted.append((entry, item))
        elif (named := member_of(entry)) is not None and find("file", name=named) is None:
            found.files.append(entry)
    require_excused(record, manifest, used)
    require_there(record, found, listed)
    return found


def segments_by_journal(record: Record) -> dict[str, list[Said]]:
    """In order of their offsets; what is said twice in the same words counts once."""
    journals: dict[str, dict[Any, Said]] = {}
    for entry in record.of_kind("segment", "recovered"):
        said = entry["payload"]
        key = (said["offset"], said["length"], said["sha256"], said["running_sha256"])
        journals.setdefault(str(member_of(entry)), {}).setdefault(key, entry)
    return {name: [found[key] for key in sorted(found, key=lambda key: key[:2])] for name, found in journals.items()}


def hidden_ranges(
    withheld: Sequence[Said], used: set[int], session: str, track: str, count: int
) -> list[tuple[int, int]]:
    """In order, apart, within the journal and never all of it; others stay unused."""
    ranges: list[tuple[int, int]] = []
    places: set[int] = set()
    for place, item in enumerate(withheld):
        if (item["kind"], item.get("session"), item.get("track")) == ("journal", session, track):
            first, last = item["from_index"], item["to_index"]
            if (ranges[-1][1] if ranges else -1) < first <= last < count:
                ranges.append((first, last))
                places.add(place)
    if sum(last - first + 1 for first, last in ranges) == count:
        return []
    used |= places
    return ranges


def runs_of(name: str, segments: list[Said], hidden: Sequence[tuple[int, int]]) -> Iterator[Run]:
    if not hidden:
        yield Run(name, name, segments)
        return
    first = 0
    for start, end in (*hidden, (len(segments), len(segments))):
        if first < start:
            yield Run(f"{name.removesuffix('.ytj')}.{first}-{start - 1}.ytj", name, segments[first:start])
        first = end + 1


def require_excused(record: Record, manifest: Said, used: set[int]) -> None:
    """Each item has its reason and names something that the ledger has; an opening is then not there."""
    hidden: set[tuple[int, str]] = set()
    for place, item in enumerate(manifest["withheld"]):
        where = f"manifest.json withheld {place}"
        need(is_excused(record, manifest["audience"], item), "member_missing", where)
        if item["kind"] == "opening":
            at = (item["seq"], item["path"])
            need(at in record.closed and at not in hidden, "member_unexpected", where)
            need(at not in record.opened, "member_unexpected", f"openings.jsonl entry {at[0]} {at[1]}")
            hidden.add(at)
        else:
            need(place in used, "member_unexpected", where)
    record.opened |= hidden
    record.hidden = hidden


def is_excused(record: Record, audience: str, item: Said) -> bool:
    if item["kind"] == "file" and item["name"].startswith("timestamps/"):
        return False
    if item["rule"] == "redacted":
        return audience != "office"
    if item["kind"] == "opening":
        at = (item["seq"], item["path"])
        if at not in record.closed:
            return False
        entry = record.entries[at[0] - 1]
        if item["rule"] == "erased":
            return is_erased(record, class_of(entry, at[1]), at[0])
        steps = at[1].split("/")
        return audience == "applicant" and steps[1] == "payload" and NOTES.get(entry["kind"]) == steps[-1]
    if item["rule"] == "audience" or item["kind"] not in ("track", "still", "file"):
        return False
    return is_erased(record, "media", last_naming(record, item))


def is_erased(record: Record, retention: str | None, last: int) -> bool:
    """Whether an entry after the last that names it erased what is of that class."""
    return last < record.erased_at.get(retention, 0)


def last_naming(record: Record, item: Said) -> int:
    """The last entry that names it; 0 where none does."""
    if item["kind"] == "track":
        ids = (item["session"], item["track"])
        named = [
            entry["seq"]
            for entry in record.of_kind("segment", "recovered")
            if (entry["payload"]["session_id"], entry["payload"]["track_id"]) == ids
        ]
    else:
        name = item["name"] if item["kind"] == "file" else f"stills/{item['still']}.jpg"
        files = record.of_kind("still", "rectification", "timestamp")
        named = [entry["seq"] for entry in files if member_of(entry) == name]
    return max(named, default=0)


def require_there(record: Record, found: Expected, listed: Sequence[str]) -> None:
    last: dict[str | None, int] = {}
    for entry in record.of_kind("segment", "recovered", "still", "rectification"):
        last[member_of(entry)] = entry["seq"]
    named: list[tuple[int, str, int | None]] = []
    named += [(min(one["seq"] for one in run.segments), run.member, last[run.journal]) for run in found.runs]
    named += [(one["seq"], str(member_of(one)), last.get(member_of(one))) for one in found.files]
    named += [(one["seq"], name, one["seq"]) for one, _ in found.redacted for name in redacted_names(one)]
    for seq, name, last_seq in sorted(named, key=lambda one: one[0]):
        need(name in listed, "member_missing", f"{name} entry {seq}")
        gone = last_seq is not None and is_erased(record, "media", last_seq)
        need(not gone, "member_unexpected", f"{name} entry {seq}")
    known = {name for _, name, _ in named} | {*LINED, "README.txt", "report.pdf"}
    for entry in record.of_kind("session_created"):
        known |= {f"viewing/{entry['payload']['session_id']}.{suffix}" for suffix in ("webm", "mp4")}
    known |= {f"stills_c2pa/{one['payload']['still_id']}.jpg" for one in found.files if one["kind"] == "still"}
    for name in listed:
        is_certificate = name.startswith("certificates/") and name.endswith(".pem")
        need(name in known or is_certificate, "member_unexpected", name)
    for at in record.closed:
        where = f"openings.jsonl entry {at[0]} {at[1]}"
        need(at in record.opened, "member_missing", where)
        need(at in record.hidden or not is_erased(record, class_of(record.entries[at[0] - 1], at[1]), at[0]),
             "member_unexpected", where)  # fmt: skip


def redacted_names(entry: Said) -> tuple[str, str]:
    stem = f"stills/{entry['payload']['still_id']}"
    return f"{stem}.redacted.png", f"{stem}.tiles.json"


# --- journals -------------------------------------------------------------------------------------------------------


def check_run(run: Run, whole: Sequence[Said], content: memoryview) -> None:
    covered = 0
    for place, entry in enumerate(whole):
        said = entry["payload"]
        holds = (said["offset"], said["index"]) == (covered, place)
        need(holds, "segment_gap", f"{run.journal} entry {entry['seq']}")
        covered += said["length"]
    need(len(content) == run.size, "segment_gap", f"{run.member} byte {min(len(content), run.size)}")
    running, at = hashlib.sha256(), 0
    for entry in run.segments:
        said, where = entry["payload"], f"{run.member} entry {entry['seq']}"
        piece = content[at : at + said["length"]]
        running.update(piece)
        need(sha256(piece).hex() == said["sha256"], "segment_digest", where)
        same = run.offset != 0 or running.hexdigest() == said["running_sha256"]
        need(same, "running_digest", where)
        begin = header_end(piece, said) if run.offset == at == 0 else 0
        need(begin >= 0 and are_records(piece, begin), "journal_unparsable", where)
        at += said["length"]


def header_end(content: memoryview, said: Said) -> int:
    """Where records begin; -1 where this is no header of the track's journal."""
    end = 12 + int.from_bytes(content[8:12], "big")
    if bytes(content[:8]) != b"YTKJ\0\1\r\n" or end > 12 + 65_536 or end + 4 > len(content):
        return -1
    if zlib.crc32(content[12:end]) != int.from_bytes(content[end : end + 4], "big"):
        return -1
    try:
        header = json.loads(bytes(content[12:end]))
    except (ValueError, RecursionError):
        return -1
    ids = (said["session_id"], said["track_id"])
    same = isinstance(header, dict) and (header.get("session_id"), header.get("track_id")) == ids
    return end + 4 if same else -1


def are_records(content: memoryview, at: int) -> bool:
    """Whole records to the end, each with its CRC-32."""
    while at + 17 <= len(content):
        length, kind = struct.unpack_from(">IB", content, at)
        end = at + 13 + length
        if length > 65_536 or kind not in (1, 2) or end + 4 > len(content):
            return False
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            return False
        at = end + 4
    return at == len(content)


# --- stills and other files -----------------------------------------------------------------------------------------


def check_file(entry: Said, content: memoryview) -> None:
    said, where = entry["payload"], f"{member_of(entry)} entry {entry['seq']}"
    if entry["kind"] == "still":
        same = len(content) == said["jpeg_bytes"] and sha256(content).hex() == said["jpeg_sha256"]
        need(same, "still_digest", where)
    elif entry["kind"] == "rectification":
        need(sha256(content).hex() == said["sha256"], "file_digest", where)


def check_tiles(entry: Said, item: Said, members: Members) -> None:
    """A still of which tiles are covered: the others are those under the entry's root."""
    picture, table = redacted_names(entry)
    where = f"{picture} entry {entry['seq']}"
    for name in (picture, table):
        need(len(members[name]) <= 64 << 20, "still_tiles", name)
    try:
        covered = covered_tiles(entry["payload"], bytes(members[picture]), bytes(members[table]))
    except (ValueError, LookupError, TypeError, AttributeError, struct.error, zlib.error, RecursionError):
        raise Broken("still_tiles", where) from None
    need(covered == sorted(set(item["tiles"])) and len(covered) == len(item["tiles"]), "still_tiles", where)


def covered_tiles(said: Said, png: bytes, table: bytes) -> list[int]:
    """ValueError and the like for anything that does not fit."""
    width, height = said["width"], said["height"]
    listed = json.loads(table.decode("utf-8"))
    shown = {"v": 1, "tile_px": TILE, "width": width, "height": height, "tiles": listed["tiles"]}
    if listed != shown or canonical(listed) != table or not 0 < width * height <= 4096 * 4096:
        raise ValueError
    planes = read_grey(png, width, height)
    leaves, covered = [], []
    tops = [(top, left) for top in range(0, height, TILE) for left in range(0, width, TILE)]
    for index, (told, (top, left)) in enumerate(zip(listed["tiles"], tops, strict=True)):
        cuts = ((left, top, TILE), (left // 2, top // 2, TILE // 2), (left // 2, top // 2, TILE // 2))
        parts = [
            b"".join(row[x : x + px] for row in plane[y : y + px])
            for plane, (x, y, px) in zip(planes, cuts, strict=True)
        ]
        if told == {"index": index, "salt": told.get("salt")} and is_hex(told["salt"], 32):
            leaves.append(sha256(b"\0" + bytes.fromhex(told["salt"]) + b"".join(parts)))
        elif told == {"index": index, "hash": told.get("hash")} and is_hex(told["hash"]):
            if any(part.count(value) != len(part) for part, value in zip(parts, (16, 128, 128), strict=True)):
                raise ValueError
            leaves.append(bytes.fromhex(told["hash"]))
            covered.append(index)
        else:
            raise ValueError
    if tile_root(leaves).hex() != said.get("tiles_root"):
        raise ValueError
    return covered


def tile_root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tile_root(leaves[:split]) + tile_root(leaves[split:]))


def read_grey(png: bytes, width: int, height: int) -> list[list[bytes]]:
    """The rows of Y, U and V of an I420 picture that stands in a grey PNG."""
    half_width, half_height = -(-width // 2), -(-height // 2)
    columns, rows = 2 * half_width, height + half_height
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        content = png[at + 8 : at + 8 + length]
        if zlib.crc32(kind + content) != struct.unpack_from(">I", png, at + 8 + length)[0]:
            raise ValueError
        chunks.append((kind, content))
        at += 12 + length
    kinds = [kind for kind, _ in chunks]
    header = struct.pack(">2L5B", columns, rows, 8, 0, 0, 0, 0)
    plain = png[:8] == b"\x89PNG\r\n\x1a\n" and chunks[0] == (b"IHDR", header) and chunks[-1] == (b"IEND", b"")
    if not plain or kinds[1:-1] != [b"IDAT"] * (len(kinds) - 2) or len(kinds) < 3:
        raise ValueError
    size = rows * (columns + 1)
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(b"".join(content for _, content in chunks[1:-1]), size + 1)
    lines = [raw[start : start + columns + 1] for start in range(0, size, columns + 1)]
    if len(raw) != size or not unpacker.eof or unpacker.unused_data or any(line[0] for line in lines):
        raise ValueError
    luma = [line[1 : 1 + width] for line in lines[:height]]
    if any(line[1 + width :].strip(b"\0") for line in lines[:height]):
        raise ValueError
    chroma = [line[1:] for line in lines[height:]]
    return [luma, [line[:half_width] for line in chroma], [line[half_width:] for line in chroma]]
