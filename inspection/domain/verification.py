"""What a verification says: the verdict, its codes, and the port through which it reads.

Everything here takes bytes and returns values. A problem carries a stable `code` and `where`, the artefact or entry
that is at fault; the first one in the order of the steps decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from inspection.domain.verification_words import Language, say

VerifySignature = Callable[[bytes, bytes, bytes], bool]
"""`(public_key, signature, message)` → whether it fits; False for anything malformed."""


class Code(StrEnum):
    """Closed list; docs/evidence.md explains each."""

    ZIP_NOT_PLAIN = "zip_not_plain"
    MEMBER_MISSING = "member_missing"
    MEMBER_UNEXPECTED = "member_unexpected"
    MEMBER_DIGEST = "member_digest"
    MANIFEST_UNPARSABLE = "manifest_unparsable"
    MANIFEST_SIGNATURE = "manifest_signature"
    FORMAT_UNKNOWN = "format_unknown"
    KEYS_UNPARSABLE = "keys_unparsable"
    KEY_HISTORY = "key_history"
    KEY_NOT_TRUSTED = "key_not_trusted"
    LEDGER_UNPARSABLE = "ledger_unparsable"
    ENTRY_INSPECTION = "entry_inspection"
    ENTRY_SEQ = "entry_seq"
    ENTRY_PREV = "entry_prev"
    ENTRY_HASH = "entry_hash"
    ENTRY_SIGNATURE = "entry_signature"
    ENTRY_KIND_UNKNOWN = "entry_kind_unknown"
    LEDGER_HEAD = "ledger_head"
    OPENING_UNPARSABLE = "opening_unparsable"
    OPENING_DIGEST = "opening_digest"
    CHECKPOINT_UNPARSABLE = "checkpoint_unparsable"
    CHECKPOINT_ORDER = "checkpoint_order"
    CHECKPOINT_SIGNATURE = "checkpoint_signature"
    CHECKPOINT_ROOT = "checkpoint_root"
    RECEIPT_UNPARSABLE = "receipt_unparsable"
    RECEIPT_INSPECTION = "receipt_inspection"
    RECEIPT_SIGNATURE = "receipt_signature"
    RECEIPT_AHEAD = "receipt_ahead"
    RECEIPT_ROOT = "receipt_root"
    RECEIPT_NOT_CONTAINED = "receipt_not_contained"
    TIMESTAMP_UNPARSABLE = "timestamp_unparsable"
    TIMESTAMP_DIGEST = "timestamp_digest"
    TIMESTAMP_IMPRINT = "timestamp_imprint"
    TIMESTAMP_SIGNATURE = "timestamp_signature"
    TIMESTAMP_CHAIN = "timestamp_chain"
    CHALLENGE_CODE = "challenge_code"
    SEGMENT_DIGEST = "segment_digest"
    SEGMENT_GAP = "segment_gap"
    RUNNING_DIGEST = "running_digest"
    JOURNAL_UNPARSABLE = "journal_unparsable"
    STILL_DIGEST = "still_digest"
    STILL_TILES = "still_tiles"
    FILE_DIGEST = "file_digest"
    FRAME_SIGNATURE = "frame_signature"
    SEGMENT_COUNTS = "segment_counts"
    STILL_FRAME_MISSING = "still_frame_missing"
    STILL_ENCODED = "still_encoded"
    STILL_PIXELS = "still_pixels"
    C2PA_INVALID = "c2pa_invalid"
    NOT_VERIFIABLE = "not_verifiable"


class Broken(Exception):
    """Something does not hold."""

    def __init__(self, code: Code, where: str) -> None:
        super().__init__(f"{code}: {where}")
        self.problem = Problem(code, where)


class Unreadable(Exception):
    """There is no ZIP to verify."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold, and where."""

    code: Code
    where: str


class State(StrEnum):
    """The verdict in a word."""

    WHOLE = "whole"
    BROKEN = "broken"
    UNREADABLE = "unreadable"


EXIT_STATUS = {State.WHOLE: 0, State.BROKEN: 1, State.UNREADABLE: 2}


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence by its key and the values in it (`inspection.domain.verification_words`)."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)


class Step(StrEnum):
    """The steps of a verification, in their order; docs/evidence.md numbers them from 1."""

    CONTAINER = "container"
    MANIFEST = "manifest"
    MEMBERS = "members"
    KEYS = "keys"
    LEDGER = "ledger"
    OPENINGS = "openings"
    CHECKPOINTS = "checkpoints"
    RECEIPTS = "receipts"
    TIMESTAMPS = "timestamps"
    BOUND = "bound"
    JOURNALS = "journals"
    STILLS = "stills"
    PAGE_SIGNATURES = "page_signatures"
    DIGESTS = "digests"
    DEEP = "deep"


class Outcome(StrEnum):
    """What became of a step. `NOTHING`: there was nothing to check, or nobody asked."""

    PASSED = "passed"
    FAILED = "failed"
    NOTHING = "nothing"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class ReceiptFound:
    """One receipt that was given, by its place among them from 1: up to which entry it fits, None where it does not."""

    place: int
    form: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `proven` holds only what was checked before the first problem."""

    state: State
    first_problem: Problem | None
    proven: tuple[Statement, ...] = ()
    claimed: tuple[Statement, ...] = ()
    steps: tuple[tuple[Step, Outcome], ...] = ()
    receipts: tuple[ReceiptFound, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 whole, 1 broken, 2 no ZIP at all."""
        return EXIT_STATUS[self.state]

    def to_json(self, language: Language = "zh-CN") -> dict[str, Any]:
        """As `verify --json` prints it."""
        problem = self.first_problem
        return {
            "verdict": str(self.state),
            "first_problem": None if problem is None else {"code": str(problem.code), "where": problem.where},
            "steps": [
                {"number": number, "step": str(step), "outcome": str(outcome)}
                for number, (step, outcome) in enumerate(self.steps, 1)
            ],
            "receipts": [{"number": one.place, "form": one.form, "fits_up_to": one.size} for one in self.receipts],
            "proven": [say(one.key, one.values, language) for one in self.proven],
            "claimed": [say(one.key, one.values, language) for one in self.claimed],
        }


class Piece(Protocol):
    """A stretch of a stored member that another process can read by itself: it can be pickled."""

    @property
    def size_bytes(self) -> int:
        """Its length."""
        ...

    def part(self, offset: int, size_bytes: int) -> Piece:
        """A stretch of it."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The content, or less where the file ends before."""
        ...


class PackageMembers(Protocol):
    """A package's members; each is read as a stream, since journals may be larger than memory."""

    def names(self) -> list[str]:
        """All members."""
        ...

    def size_bytes(self, name: str) -> int:
        """The length that the member says it has."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content in pieces that are not empty, `size_bytes` at most. Raises Broken where it cannot be read."""
        ...

    def find_piece(self, name: str) -> Piece | None:
        """The member as something to be read elsewhere; None where it has to be unpacked, in order."""
        ...

    def note_read(self, length: int) -> None:
        """So many bytes were read elsewhere: for whoever watches the progress."""
        ...

    def require_sound(self, name: str, crc32: int | None = None) -> None:
        """Raises Broken where the container says something else of the member.

        It was read to its end by `chunks`, or elsewhere, and then `crc32` is what was found there.
        """
        ...


A = TypeVar("A")
R = TypeVar("R")


class Workers(Protocol):
    """Does many small jobs, perhaps side by side in other processes."""

    def ordered(self, work: Callable[[A], R], asked: Iterable[A]) -> Iterator[R]:
        """`work(one)` for each, in order. Takes only so many ahead as it has hands; everything can be pickled."""
        ...


class Alone:
    """Does each job when its result is asked for."""

    def ordered(self, work: Callable[[A], R], asked: Iterable[A]) -> Iterator[R]:
        """One after the other."""
        return map(work, asked)
