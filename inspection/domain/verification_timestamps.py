"""The step over time-stamp tokens and challenge codes: what the record was not later, and not earlier, than."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection.domain.challenges import challenge_code
from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import Entry
from inspection.domain.timestamps import TokenFacts, TokenFault, check_token
from inspection.domain.verification import Broken, Code
from inspection.domain.verification_artefacts import Attested, FileClaim
from inspection.domain.verification_checkpoints import roots_at
from inspection.domain.verification_lines import where_entry

MAX_TOKEN_BYTES = 65_536
_ANY_PURPOSE = (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)

ReadToken = Callable[[FileClaim], bytes | None]
"""The content of the member; None where it is not there, and MAX_TOKEN_BYTES + 1 bytes of one that is longer."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A token that holds: the entry that names it, and what it says."""

    entry: Entry
    facts: TokenFacts

    @property
    def size(self) -> int:
        """It covers the entries up to here."""
        return int(self.entry.payload["size"])


@dataclass(frozen=True, slots=True)
class TimeCheck:
    """The means of the step. `roots`: whom the caller trusts; `extra`: what the package ships."""

    checkpoints: Sequence[Checkpoint]
    roots: Sequence[x509.Certificate]
    extra: Sequence[x509.Certificate]

    def tokens(self, attested: Attested, read: ReadToken) -> list[Stamped]:
        """Those that are there. Raises Broken at the first that does not hold."""
        lines = {(one.size, one.root): one.to_line() for one in self.checkpoints}
        found: list[Stamped] = []
        for entry in attested.told.get("timestamp", ()):
            claim = attested.files[entry.payload["file"]]
            token = read(claim)
            if token is not None:
                line = lines.get((entry.payload["size"], entry.payload["root"]))
                found.append(Stamped(entry, self._facts(claim, token, line)))
        return found

    def _facts(self, claim: FileClaim, token: bytes, line: bytes | None) -> TokenFacts:
        where = f"{claim.member} entry {claim.seq}"
        if len(token) > MAX_TOKEN_BYTES:
            raise Broken(Code.TIMESTAMP_UNPARSABLE, where)
        if hashlib.sha256(token).hexdigest() != claim.sha256:
            raise Broken(Code.TIMESTAMP_DIGEST, where)
        if line is None:
            raise Broken(Code.TIMESTAMP_IMPRINT, where)
        try:
            return check_token(token, line, self.roots, self.extra)
        except TokenFault as fault:
            raise Broken(Code(fault.code), where) from fault


def check_challenges(attested: Attested, hashes: Sequence[bytes]) -> None:
    """Raises Broken (`challenge_code`) where a code or the root that it is made from is not the ledger's."""
    for entry in attested.told.get("challenge", ()):
        said = entry.payload
        if not 0 < said["size"] < entry.seq:
            raise Broken(Code.CHALLENGE_CODE, where_entry(entry.seq))
        root = next(roots_at([said["size"]], hashes))
        if said["root"] != root.hex() or said["code"] != challenge_code(root, said["challenge_id"]):
            raise Broken(Code.CHALLENGE_CODE, where_entry(entry.seq))


def timestamp_roots(given: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Those that may stand above time stamps: a root for other purposes only says so."""
    return [one for one in given if _may_stamp(one)]


def _may_stamp(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    return any(purpose in usage for purpose in _ANY_PURPOSE)
