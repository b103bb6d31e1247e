"""The steps over a package, in the order in which docs/evidence.md numbers them. The first that fails ends it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from inspection.domain.entry_kinds import GAP_CAUSES
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
    manifest_message,
    parse_manifest,
    strict_base64,
)
from inspection.domain.verification import (
    Broken,
    Code,
    PackageMembers,
    Problem,
    State,
    Statement,
    Verdict,
    VerifySignature,
)
from inspection.domain.verification_artefacts import Attested, check_file, check_journal
from inspection.domain.verification_ledger import ChainCheck, split_lines, where_entry


def verify_members(members: PackageMembers, verify: VerifySignature, trusted_key: bytes | None = None) -> Verdict:
    """The verdict on a package whose container is sound already. Raises nothing: whatever fails is the verdict."""
    steps = _Steps(members, verify, trusted_key)
    try:
        steps.run()
    except Broken as broken:
        return Verdict(State.BROKEN, broken.problem, tuple(steps.proven), steps.claimed(whole=False))
    except Exception as error:  # a verifier must not fall over what it reads; the name of the error says where to look
        problem = Problem(Code.NOT_VERIFIABLE, f"{steps.at}: {type(error).__name__}")
        return Verdict(State.BROKEN, problem, tuple(steps.proven), steps.claimed(whole=False))
    return Verdict(State.WHOLE, None, tuple(steps.proven), steps.claimed(whole=True))


class _Steps:
    """One verification."""

    def __init__(self, members: PackageMembers, verify: VerifySignature, trusted_key: bytes | None) -> None:
        self._members = members
        self._verify = verify
        self._trusted_key = trusted_key
        self._attested = Attested()
        self._manifest: Manifest | None = None
        self._digests: dict[str, str] = {}
        self.at = MANIFEST
        self.proven: list[Statement] = []

    def run(self) -> None:
        manifest = self._read_manifest()
        self._manifest = manifest
        self._require_listed(manifest)
        self._read_ledger(manifest)
        self._require_bound(manifest)
        self._read_journals()
        self._read_files()
        self._read_others(manifest)

    def _read_manifest(self) -> Manifest:
        content = self._small(MANIFEST, MAX_MANIFEST_BYTES, Code.MANIFEST_UNPARSABLE)
        manifest = parse_manifest(content)
        written = self._small(SIGNATURE, SIGNATURE_BYTES, Code.MANIFEST_SIGNATURE)
        signature = strict_base64(written)
        if signature is None or not self._verify(manifest.public_key, signature, manifest_message(content)):
            raise Broken(Code.MANIFEST_SIGNATURE, SIGNATURE)
        self._members.require_sound(MANIFEST)
        self._members.require_sound(SIGNATURE)
        if self._trusted_key is not None and self._trusted_key != manifest.public_key:
            raise Broken(Code.KEY_NOT_TRUSTED, f"{MANIFEST} public_key")
        fingerprint = hashlib.sha256(manifest.public_key).hexdigest()[:16]
        self._prove("manifest_signed", fingerprint=fingerprint)
        if self._trusted_key is not None:
            self._prove("key_trusted")
        return manifest

    def _small(self, name: str, limit_bytes: int, code: Code) -> bytes:
        self.at = name
        if name not in self._members.names():
            raise Broken(Code.MEMBER_MISSING, name)
        if self._members.size_bytes(name) > limit_bytes:
            raise Broken(code, name)
        return b"".join(self._members.chunks(name))

    def _require_listed(self, manifest: Manifest) -> None:
        there = set(self._members.names()) - {MANIFEST, SIGNATURE}
        listed = {member.name for member in manifest.members}
        for name in [member.name for member in manifest.members if member.name not in there]:
            raise Broken(Code.MEMBER_MISSING, name)
        for name in sorted(there - listed):
            raise Broken(Code.MEMBER_UNEXPECTED, name)
        for member in manifest.members:
            if self._members.size_bytes(member.name) != member.size_bytes:
                raise Broken(Code.MEMBER_DIGEST, member.name)
        self._digests = {member.name: member.sha256 for member in manifest.members}

    def _read_ledger(self, manifest: Manifest) -> None:
        self.at = LEDGER
        if LEDGER not in self._digests:
            raise Broken(Code.MEMBER_MISSING, LEDGER)
        found = hashlib.sha256()
        chain = ChainCheck(manifest.inspection_id, manifest.public_key, self._verify)
        for line in split_lines(_hashed(self._members.chunks(LEDGER), found)):
            self.at = where_entry(chain.seq + 1)
            self._attested.take(chain.line(line))
        if (chain.seq, chain.head) != (manifest.entries, manifest.head):
            raise Broken(Code.LEDGER_HEAD, where_entry(chain.seq))
        self._require_digest(LEDGER, found.hexdigest())
        self._prove("entries_chained", entries=chain.seq)

    def _require_bound(self, manifest: Manifest) -> None:
        """Each member is one that the ledger names, or one of the few that need no entry."""
        claims = {claim.member: claim.segments[0].seq for claim in self._attested.recorded()}
        claims |= {claim.member: claim.seq for claim in self._attested.files.values()}
        for name, seq in claims.items():
            if name not in self._digests:
                raise Broken(Code.MEMBER_MISSING, f"{name} entry {seq}")
        sessions = self._attested.sessions
        free = {LEDGER, README, OPENINGS, CHECKPOINTS, KEYS, REPORT} | {
            f"viewing/{each}.{suffix}" for each in sessions for suffix in VIEWING_SUFFIXES
        }
        for member in manifest.members:
            if member.name not in (claims.keys() | free) and not member.name.startswith(CERTIFICATES):
                raise Broken(Code.MEMBER_UNEXPECTED, member.name)

    def _read_journals(self) -> None:
        claims = self._attested.recorded()
        for claim in claims:
            self.at = claim.member
            size_bytes = self._members.size_bytes(claim.member)
            self._require_digest(claim.member, check_journal(claim, size_bytes, self._members.chunks(claim.member)))
        if claims:
            segments = sum(len(claim.in_order()) for claim in claims)
            total = sum(claim.attested_bytes for claim in claims)
            self._prove("journals_match", tracks=len(claims), segments=segments, bytes=total)

    def _read_files(self) -> None:
        for claim in self._attested.files.values():
            self.at = claim.member
            size_bytes = self._members.size_bytes(claim.member)
            self._require_digest(claim.member, check_file(claim, size_bytes, self._members.chunks(claim.member)))
        for key, code in (("stills_match", Code.STILL_DIGEST), ("files_match", Code.FILE_DIGEST)):
            found = sum(claim.code is code for claim in self._attested.files.values())
            if found:
                self._prove(key, count=found)

    def _read_others(self, manifest: Manifest) -> None:
        read = {LEDGER} | {claim.member for claim in self._attested.recorded()} | self._attested.files.keys()
        for member in manifest.members:
            if member.name not in read:
                self.at = member.name
                found = hashlib.sha256()
                for _ in _hashed(self._members.chunks(member.name), found):
                    pass
                self._require_digest(member.name, found.hexdigest())
        self._prove("members_listed", count=len(manifest.members) + 2)

    def _require_digest(self, name: str, sha256: str) -> None:
        if sha256 != self._digests[name]:
            raise Broken(Code.MEMBER_DIGEST, name)
        self._members.require_sound(name)

    def _prove(self, key: str, **values: object) -> None:
        self.proven.append(Statement(key, values))

    def claimed(self, *, whole: bool) -> tuple[Statement, ...]:
        """What stands in the package without being proven by it."""
        if self._manifest is None:
            return ()
        unchecked = "self_consistent" if whole else "key_unchecked"
        trust = "trusted_no_receipt" if self._trusted_key == self._manifest.public_key else unchecked
        return (Statement(trust), *_claims(self._attested), Statement("limits"))


def _claims(attested: Attested) -> Iterator[Statement]:
    counts = attested.counts
    if attested.first_at is not None:
        yield Statement("server_clock", {"first": attested.first_at, "last": attested.last_at})
    if counts.get("identity") or counts.get("presence"):
        yield Statement("identities")
    if counts.get("fix"):
        yield Statement("positions", {"count": counts["fix"]})
    if counts.get("no_fix"):
        yield Statement("no_positions", {"count": counts["no_fix"]})
    if counts.get("gap") or counts.get("torn"):
        yield Statement("gaps", {"count": counts.get("gap", 0) + counts.get("torn", 0)})
    for cause in GAP_CAUSES:
        if cause in attested.gap_ms:
            yield Statement(f"gap_{cause}", {"seconds": f"{attested.gap_ms[cause] / 1000:.1f}"})
    if counts.get("recovered"):
        yield Statement("recovered", {"count": counts["recovered"]})
    if counts.get("still"):
        yield Statement("stills_not_decoded")
    if counts.get("track"):
        yield Statement("scene")


def _hashed(chunks: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
