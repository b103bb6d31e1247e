"""Enrolment of a page's key: the page signs a nonce with it, then the key is on record and its frames count."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError, Kind, conflict, field_invalid
from inspection.domain.package_manifest import strict_base64
from inspection.services import page_keys
from inspection.services.access import require_role
from inspection.services.ports import Office
from inspection.services.results import Recorded
from media.frame_signatures import SIGNATURE_BYTES
from media.frame_signatures_check import SignatureCheck, SignatureClaim, read_public_key
from signaling.messages import EnrolKey, SigningNonce
from signaling.seats import Nonce, Seat

PROOF_CONTEXT = "yuntakan-page-key-v1"
NONCE_BYTES = 32
NONCE_LIFE = timedelta(minutes=2)
#: Pages that one person opens in one session; more is no reload.
MOST_KEYS = 32


def give_nonce(office: Office, seat: Seat) -> SigningNonce:
    """A new one; the one before is not good any more. Raises `not_allowed`."""
    require_role(seat.actor, Role.APPLICANT)
    seat.nonce = Nonce(office.random.token_bytes(NONCE_BYTES).hex(), office.clock.now() + NONCE_LIFE)
    return SigningNonce(nonce=seat.nonce.value)


async def enrol(office: Office, session_id: str, seat: Seat, asked: EnrolKey) -> Recorded:
    """Puts the key on record. Raises `nonce_unknown`, `field_invalid`, `too_many_keys`, `session_not_open`."""
    nonce, seat.nonce = seat.nonce, None
    if nonce is None or nonce.value != asked.nonce or office.clock.now() > nonce.ends_at:
        raise conflict("nonce_unknown", "ask for a nonce first")
    if seat.keys_enrolled >= MOST_KEYS:
        raise InspectionError(Kind.CONFLICT, "too_many_keys", "too many keys of one participant")
    public_key = _public_key(asked)
    said = "\n".join((PROOF_CONTEXT, session_id, seat.participant_id, asked.nonce, asked.browser))
    claim = SignatureClaim(public_key, _proof(asked), hashlib.sha256(said.encode()).digest())
    if not SignatureCheck().holds(claim):
        raise field_invalid("proof", "not signed by this key")
    enrolled = await page_keys.enrol(
        office, seat.actor, session_id, public_key=public_key, nonce=asked.nonce, browser=asked.browser
    )  # fmt: skip
    seat.keys_enrolled += 1
    return enrolled


def _public_key(asked: EnrolKey) -> bytes:
    raw = strict_base64(asked.public_key)
    if raw is None or read_public_key(raw) is None:
        raise field_invalid("public_key", "no uncompressed point of P-256")
    return raw


def _proof(asked: EnrolKey) -> bytes:
    raw = strict_base64(asked.proof)
    if raw is None or len(raw) != SIGNATURE_BYTES:
        raise field_invalid("proof", "r and s of 32 bytes each")
    return raw
