"""The steps over a package, in the order in which docs/evidence.md numbers them. The first that fails ends it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from cryptography import x509

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import Entry
from inspection.domain.package_manifest import (
    CERTIFICATES,
    CHECKPOINTS,
    KEYS,
    LEDGER,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    OPENINGS,
    README,
    REPORT,
    SIGNATURE,
    SIGNATURE_BYTES,
    VIEWING_SUFFIXES,
    Manifest,
    is_certificate,
    manifest_message,
    parse_manifest,
    strict_base64,
)
from inspection.domain.package_members import Expected, expected_members
from inspection.domain.package_withheld import Excuses
from inspection.domain.receipts import Receipt
from inspection.domain.verification import (
    Alone,
    Broken,
    Code,
    Outcome,
    PackageMembers,
    Problem,
    ReceiptFound,
    State,
    Statement,
    Step,
    Verdict,
    VerifySignature,
    Workers,
)
from inspection.domain.verification_artefacts import Attested, FileClaim
from inspection.domain.verification_checkpoints import check_checkpoints
from inspection.domain.verification_claims import Findings, claims_of
from inspection.domain.verification_deep import DeepCheck, DeepClaims
from inspection.domain.verification_files import check_covered, check_digests, check_files
from inspection.domain.verification_frames import (
    CountFrames,
    FrameClaims,
    FrameFacts,
    TrackCounted,
    frame_statements,
    require_claims,
)
from inspection.domain.verification_keys import KeyRing, check_keys
from inspection.domain.verification_ledger import check_ledger
from inspection.domain.verification_lines import hashed, split_lines, where_entry
from inspection.domain.verification_openings import Commitments
from inspection.domain.verification_receipts import ReceiptCheck
from inspection.domain.verification_runs import check_runs
from inspection.domain.verification_time import time_statements
from inspection.domain.verification_timestamps import (
    MAX_TOKEN_BYTES,
    TimeCheck,
    check_challenges,
    timestamp_roots,
)

CREDENTIALS = "stills_c2pa/"
_LINED = (LEDGER, OPENINGS, CHECKPOINTS, KEYS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller brings along: whom they trust (raw keys, root certificates), receipts (None: unreadable), hands.

    `count_frames` counts page signatures, `deep` decodes; without them those steps are left out.
    """

    trusted_keys: tuple[bytes, ...] = ()
    roots: tuple[x509.Certificate, ...] = ()
    receipts: tuple[Receipt | None, ...] = ()
    count_frames: CountFrames | None = None
    deep: DeepCheck | None = None
    workers: Workers = field(default_factory=Alone)


def verify_members(members: PackageMembers, verify: VerifySignature, asked: Asked | None = None) -> Verdict:
    """The verdict on a package whose container is sound already. Raises nothing: whatever fails is the verdict."""
    steps = _Steps(members, verify, asked or Asked())
    try:
        steps.run()
    except Broken as broken:
        return steps.verdict(broken.problem)
    except Exception as error:  # a verifier must not fall over what it reads; the name of the error says where to look
        return steps.verdict(Problem(Code.NOT_VERIFIABLE, f"{steps.at}: {type(error).__name__}"))
    return steps.verdict(None)


def container_verdict(problem: Problem) -> Verdict:
    """The verdict where already the container is not plain."""
    rest = [(step, Outcome.NOT_REACHED) for step in list(Step)[1:-1]]
    return Verdict(State.BROKEN, problem, steps=((Step.CONTAINER, Outcome.FAILED), *rest))


class _Steps:
    """One verification. Each step returns whether there was something to check."""

    def __init__(self, members: PackageMembers, verify: VerifySignature, asked: Asked) -> None:
        self._members = members
        self._verify = verify
        self._asked = asked
        self._attested = Attested()
        self._commitments = Commitments()
        self._frames = FrameClaims()
        self._deep = DeepClaims()
        self._hashes: list[bytes] = []
        self._checkpoints: list[Checkpoint] = []
        self._manifest: Manifest | None = None
        self._ring = KeyRing(())
        self._listed: dict[str, str] = {}
        self._expected = Expected((), (), ())
        self._read: set[str] = set()
        self._found = Findings()
        self._outcomes: dict[Step, Outcome] = {Step.CONTAINER: Outcome.PASSED}
        self._receipts: list[ReceiptFound] = []
        self.at = MANIFEST
        self.proven: list[Statement] = []

    def run(self) -> None:
        for step, check in self._all().items():
            self._outcomes[step] = Outcome.FAILED
            self._outcomes[step] = Outcome.PASSED if check() else Outcome.NOTHING

    def _all(self) -> dict[Step, Callable[[], bool]]:
        steps: dict[Step, Callable[[], bool]] = {
            Step.MANIFEST: self._read_manifest,
            Step.MEMBERS: self._require_listed,
            Step.KEYS: self._read_keys,
            Step.LEDGER: self._read_ledger,
            Step.OPENINGS: self._read_openings,
            Step.CHECKPOINTS: self._read_checkpoints,
            Step.RECEIPTS: self._check_receipts,
            Step.TIMESTAMPS: self._check_times,
            Step.BOUND: self._require_bound,
            Step.JOURNALS: self._read_journals,
            Step.STILLS: self._read_stills,
            Step.PAGE_SIGNATURES: self._count_frames,
            Step.DIGESTS: self._read_others,
        }
        return steps | ({Step.DEEP: self._look_deep} if self._asked.deep is not None else {})

    def verdict(self, problem: Problem | None) -> Verdict:
        """What was found so far."""
        claimed = () if self._manifest is None else claims_of(self._attested, self._found, is_whole=problem is None)
        steps = [(step, self._outcomes.get(step, Outcome.NOT_REACHED)) for step in (Step.CONTAINER, *self._all())]
        state = State.WHOLE if problem is None else State.BROKEN
        return Verdict(state, problem, tuple(self.proven), tuple(claimed), tuple(steps), tuple(self._receipts))

    def _read_manifest(self) -> bool:
        content = self._small(MANIFEST, MAX_MANIFEST_BYTES, Code.MANIFEST_UNPARSABLE)
        manifest = parse_manifest(content)
        signature = strict_base64(self._small(SIGNATURE, SIGNATURE_BYTES, Code.MANIFEST_SIGNATURE))
        if signature is None or not self._verify(manifest.public_key, signature, manifest_message(content)):
            raise Broken(Code.MANIFEST_SIGNATURE, SIGNATURE)
        self._members.require_sound(MANIFEST)
        self._members.require_sound(SIGNATURE)
        self._manifest = manifest
        self._prove("manifest_signed", fingerprint=hashlib.sha256(manifest.public_key).hexdigest()[:16])
        return True

    def _small(self, name: str, limit_bytes: int, code: Code) -> bytes:
        self.at = name
        if name not in self._members.names():
            raise Broken(Code.MEMBER_MISSING, name)
        if self._members.size_bytes(name) > limit_bytes:
            raise Broken(code, name)
        return b"".join(self._members.chunks(name))

    @property
    def _said(self) -> Manifest:
        if self._manifest is None:
            raise LookupError(MANIFEST)
        return self._manifest

    def _require_listed(self) -> bool:
        there = set(self._members.names()) - {MANIFEST, SIGNATURE}
        self._listed = {member.name: member.sha256 for member in self._said.members}
        for name in (*self._listed, *_LINED):
            if name not in there or name not in self._listed:
                raise Broken(Code.MEMBER_MISSING, name)
        for name in sorted(there - self._listed.keys()):
            raise Broken(Code.MEMBER_UNEXPECTED, name)
        for member in self._said.members:
            if self._members.size_bytes(member.name) != member.size_bytes:
                raise Broken(Code.MEMBER_DIGEST, member.name)
        return True

    def _read_keys(self) -> bool:
        trusted = self._asked.trusted_keys
        with self._lines(KEYS, Code.KEYS_UNPARSABLE) as lines:
            self._ring = check_keys(lines, self._said.public_key, trusted, self._verify)
        self._found.trusted = bool(trusted)
        self._prove("keys_chained", count=len(self._ring.public_keys))
        if trusted:
            self._prove("key_trusted")
        return True

    def _read_ledger(self) -> bool:
        self.at = LEDGER
        inspection_id, keys = self._said.inspection_id, self._ring.public_keys
        head = ""
        with self._lines(LEDGER, Code.LEDGER_UNPARSABLE) as lines:
            for entry in check_ledger(lines, inspection_id, keys, self._verify, self._asked.workers):
                self.at = where_entry(entry.seq)
                self._require_opened(entry)
                self._attested.take(entry)
                self._commitments.take(entry)
                self._frames.take(entry)
                self._deep.take(entry)
                self._hashes.append(bytes.fromhex(entry.hash))
                head = entry.hash
            if (len(self._hashes), head) != (self._said.entries, self._said.head):
                raise Broken(Code.LEDGER_HEAD, where_entry(len(self._hashes)))
            if self._hashes and not self._attested.opened:
                raise Broken(Code.LEDGER_UNPARSABLE, where_entry(len(self._hashes)))
        self._found.entries = len(self._hashes)
        self._prove("entries_chained", entries=len(self._hashes))
        return True

    def _require_opened(self, entry: Entry) -> None:
        """The first entry that is no change of keys opens the inspection of the manifest; no other does."""
        if entry.kind == "key_changed":
            return
        if (entry.kind == "opened") == bool(self._attested.opened):
            raise Broken(Code.LEDGER_UNPARSABLE, where_entry(entry.seq))
        if entry.kind == "opened" and entry.payload["number"] != self._said.number:
            raise Broken(Code.ENTRY_INSPECTION, where_entry(entry.seq))

    def _read_openings(self) -> bool:
        with self._lines(OPENINGS, Code.OPENING_UNPARSABLE) as lines:
            self._commitments.open(lines, self._deep.learn)
        if self._commitments.opened:
            self._prove("openings_match", count=self._commitments.opened)
        return self._commitments.opened > 0

    def _read_checkpoints(self) -> bool:
        with self._lines(CHECKPOINTS, Code.CHECKPOINT_UNPARSABLE) as lines:
            said = (self._said.inspection_id, self._hashes, self._ring, self._verify, self._asked.workers)
            self._checkpoints = check_checkpoints(lines, *said)
        self._found.checkpoints = len(self._checkpoints)
        self._prove("checkpoints_match", count=len(self._checkpoints))
        return True

    def _check_receipts(self) -> bool:
        if not self._asked.receipts:
            return False
        check = ReceiptCheck(self._said.inspection_id, self._hashes, self._ring, self._verify)
        self._receipts, problem = check.check(self._asked.receipts)
        if problem is not None:
            raise Broken(problem.code, problem.where)
        self._found.receipt_size = max(one.size or 0 for one in self._receipts)
        held = len({one.size for one in self._receipts})
        values = {"count": held, "size": self._found.receipt_size, "entries": len(self._hashes)}
        self._prove("receipts_fit", **values)
        return True

    def _check_times(self) -> bool:
        check = TimeCheck(self._checkpoints, timestamp_roots(self._asked.roots), self._certificates())
        self._found.stamped = check.tokens(self._attested, self._token)
        check_challenges(self._attested, self._hashes)
        self.proven += time_statements(self._found.stamped, self._attested)
        return bool(self._found.stamped) or "challenge" in self._attested.told

    def _token(self, claim: FileClaim) -> bytes | None:
        self.at = claim.member
        if claim.member not in self._listed:
            return None
        content = b""
        for chunk in self._members.chunks(claim.member):
            content += chunk
            if len(content) > MAX_TOKEN_BYTES:
                break
        return content

    def _certificates(self) -> list[x509.Certificate]:
        """What the package ships to build chains with; what cannot be read builds none."""
        found: list[x509.Certificate] = []
        for name in self._listed:
            if name.startswith(CERTIFICATES) and self._members.size_bytes(name) <= MAX_TOKEN_BYTES:
                try:
                    found += x509.load_pem_x509_certificates(b"".join(self._members.chunks(name)))
                except ValueError:
                    continue
        return found

    def _require_bound(self) -> bool:
        """Each member is one that the ledger names, or one of the few that need no entry."""
        self.at = MANIFEST
        withheld, audience = self._said.withheld, self._said.audience
        excuses = Excuses(audience, self._attested.erased_at)
        withhold = partial(self._commitments.withhold, excuses)
        self._expected = expected_members(self._attested, withheld, audience, withhold)
        named = dict(self._expected.named())
        for name, seq in self._expected.named():
            if name not in self._listed:
                raise Broken(Code.MEMBER_MISSING, f"{name} entry {seq}")
            if name in self._expected.erased:
                raise Broken(Code.MEMBER_UNEXPECTED, f"{name} entry {seq}")
        free = self._free_names()
        for name in self._listed:
            if name not in named and name not in free and not is_certificate(name):
                raise Broken(Code.MEMBER_UNEXPECTED, name)
        self._commitments.require_all(excuses)
        self._found.withheld = withheld
        return True

    def _free_names(self) -> set[str]:
        viewing = {f"viewing/{each}.{suffix}" for each in self._attested.sessions for suffix in VIEWING_SUFFIXES}
        stills = {f"{CREDENTIALS}{claim.still_id}.jpg" for claim in self._expected.files if claim.still_id is not None}
        return viewing | stills | {README, REPORT, *_LINED}

    def _read_journals(self) -> bool:
        runs = self._expected.runs
        for name, sha256 in check_runs(self._members, runs, self._asked.workers):
            self.at = name
            self._require_digest(name, sha256)
        if runs:
            segments, total = sum(len(run.segments) for run in runs), sum(run.size_bytes for run in runs)
            tracks = len({run.claim.track_id for run in runs})
            self._prove("journals_match", tracks=tracks, segments=segments, bytes=total)
        return bool(runs)

    def _read_stills(self) -> bool:
        claims = [claim for claim in self._expected.files if claim.code is not Code.TIMESTAMP_DIGEST]
        for name, sha256 in check_files(self._members, claims, self._asked.workers):
            self.at = name
            self._require_digest(name, sha256)
        check_covered(self._members, self._expected.redacted)
        redacted = len(self._expected.redacted)
        if redacted:
            self._prove("tiles_match", count=redacted)
        for key, code in (("stills_match", Code.STILL_DIGEST), ("files_match", Code.FILE_DIGEST)):
            found = sum(claim.code is code for claim in claims)
            if found:
                self._prove(key, count=found)
        return bool(claims) or redacted > 0

    def _count_frames(self) -> bool:
        if self._asked.count_frames is None:
            self._found.frames_left_out = self._frames.declared.frames > 0
            return False
        total, unchecked = FrameFacts(), 0
        starts = {run.claim.track_id: run for run in self._expected.runs if run.offset == 0}
        for track in self._frames.tracks():
            self.at = track.member
            run = starts.get(track.track_id)
            is_whole = run.member == track.member if run is not None else not self._is_recorded(track.track_id)
            counted = TrackCounted(FrameFacts(), (None,) * len(track.claims))
            if run is not None:
                counted = self._asked.count_frames(track, self._members.chunks(run.member), is_whole)
            unchecked += require_claims(track, counted, is_whole)
            total += counted.total
        self.proven += frame_statements(total, unchecked)
        return total.frames > 0

    def _is_recorded(self, track_id: str) -> bool:
        return any(claim.track_id == track_id for claim in self._attested.recorded())

    def _read_others(self) -> bool:
        rest = [name for name in self._listed if name not in self._read]
        check_digests(self._members, rest, self._listed, self._asked.workers)
        self._prove("members_listed", count=len(self._listed) + 2)
        return True

    def _look_deep(self) -> bool:
        if self._asked.deep is None:
            return False
        found = self._asked.deep(self._members, self._deep)
        if found.problem is not None:
            raise Broken(found.problem.code, found.problem.where)
        self.proven += found.proven
        self._found.deep = found.claimed
        return True

    def _lines(self, name: str, code: Code) -> _Lines:
        self.at = name
        return _Lines(self, name, code)

    def _require_digest(self, name: str, sha256: str) -> None:
        if sha256 != self._listed[name]:
            raise Broken(Code.MEMBER_DIGEST, name)
        self._read.add(name)

    def _prove(self, key: str, **values: object) -> None:
        self.proven.append(Statement(key, values))


class _Lines:
    """The lines of a member as a context: at its end without a fault the member's digest is compared."""

    def __init__(self, steps: _Steps, name: str, code: Code) -> None:
        self._steps = steps
        self._name = name
        self._code = code
        self._digest = hashlib.sha256()

    def __enter__(self) -> Iterator[bytes]:
        chunks = hashed(self._steps._members.chunks(self._name), self._digest)
        return split_lines(chunks, self._name, self._code)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self._steps._require_digest(self._name, self._digest.hexdigest())
            self._steps._members.require_sound(self._name)
