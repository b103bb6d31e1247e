"""C2PA manifests in copies of stamped stills: put in at export, and read again by a deep verification.

They say that the office's server signed this picture, nothing more. The stamped JPEG of the ledger is not changed: the
copy is that JPEG with the manifest's APP11 segments added, and without them it is the same file again.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from inspection.domain.entry import Entry
from inspection.domain.verification_deep import CredentialFinding
from inspection.store.office_certificate import CertificateFileError, OfficeCertificate

if TYPE_CHECKING:
    from c2pa import Context, Signer

logger = logging.getLogger(__name__)

ASSERTION = "org.yuntakan.inspection"
#: A frame of a video with a stamp below it; whether a camera saw it cannot be known here.
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/composite"
_JPEG = "image/jpeg"
_APP11, _START_OF_SCAN, _END_OF_IMAGE = 0xEB, 0xDA, 0xD9
MAX_JPEG_BYTES = 64 * 1024 * 1024


def inspection_assertion(inspection_id: str, seq: int, entry_hash: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Our assertion: which entry of which ledger the picture belongs to. `said`: the payload of the `still` entry."""
    digests = {key: said[key] for key in ("still_id", "jpeg_sha256", "encoded_sha256", "i420_sha256")}
    return {"v": 1, "inspection": inspection_id, "seq": seq, "entry_hash": entry_hash, **digests}


class CredentialWriter:
    """Signs copies with the office's certificate (ES256). Synchronous, a few milliseconds each; no network."""

    def __init__(self, certificate: OfficeCertificate, product: str) -> None:
        """Raises c2pa's C2paError where the certificate is none that may sign pictures."""
        from c2pa import C2paSignerInfo, C2paSigningAlg, Signer

        info = C2paSignerInfo(C2paSigningAlg.ES256, certificate.chain_pem, certificate.key_pem, None)
        self._signer: Signer = Signer.from_info(info)
        self._context = _context(())
        name, _, version = product.partition(" ")
        self._generator = {"name": name, "version": version or "0"}

    def sign(self, jpeg: bytes, assertion: Mapping[str, Any]) -> bytes:
        """The JPEG with a manifest that carries `assertion`. Different each time: identifiers in it are random.

        Raises CertificateFileError for a certificate that may not sign pictures now, such as one that ran out.
        """
        from c2pa import Builder, C2paError

        action = {"action": "c2pa.created", "digitalSourceType": _SOURCE_TYPE}
        manifest = {
            "claim_generator_info": [self._generator],
            "title": f"{assertion['still_id']}.jpg",
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
                {"label": ASSERTION, "data": dict(assertion)},
            ],
        }
        signed = io.BytesIO()
        try:
            Builder(json.dumps(manifest), context=self._context).sign(self._signer, _JPEG, io.BytesIO(jpeg), signed)
        except C2paError as error:
            raise CertificateFileError(f"the office's certificate signs no pictures: {error}") from error
        return signed.getvalue()


class StillCopier:
    """Makes the copies of one package: called with a member and its content, gives the copy's name and content.

    A certificate that ran out keeps nobody from their evidence: the copies are left out, and the log says why.
    """

    def __init__(self, certificate: OfficeCertificate, product: str, entries: Iterable[Entry]) -> None:
        stills = [entry for entry in entries if entry.kind == "still"]
        self._assertions = {
            f"stills/{entry.payload['still_id']}.jpg": inspection_assertion(
                entry.inspection, entry.seq, entry.hash, entry.payload
            )
            for entry in stills
        }
        self._writer = CredentialWriter(certificate, product) if stills else None

    def __call__(self, member: str, jpeg: bytes) -> tuple[str, bytes] | None:
        assertion = self._assertions.get(member)
        if assertion is None or self._writer is None or sha256(jpeg).hexdigest() != assertion["jpeg_sha256"]:
            return None  # a still that was damaged is no picture to sign for: the package shows the damage
        try:
            return f"stills_c2pa/{assertion['still_id']}.jpg", self._writer.sign(jpeg, assertion)
        except CertificateFileError as error:
            logger.error("stills go into the package without signed copies: %s", error)
            self._writer = None
            return None


class CredentialReader:
    """Reads copies. roots_pem: the certificates that are trusted; none: a sound copy is `UNTRUSTED`."""

    def __init__(self, roots_pem: Sequence[bytes]) -> None:
        self._context = _context(roots_pem)

    def check(self, signed: bytes, assertion: Mapping[str, Any]) -> CredentialFinding:
        """`INVALID` unless the signature holds, the assertion is the given one, and the picture its JPEG."""
        from c2pa import C2paError, Reader

        try:
            reader = Reader(_JPEG, io.BytesIO(signed), context=self._context)
            state, told = reader.get_validation_state(), json.loads(reader.json())
        except (C2paError, ValueError):
            return CredentialFinding.INVALID
        bound = _assertions(told) == [dict(assertion)] and _is_copy_of(signed, str(assertion["jpeg_sha256"]))
        if not bound or state not in ("Valid", "Trusted"):
            return CredentialFinding.INVALID
        return CredentialFinding.TRUSTED if state == "Trusted" else CredentialFinding.UNTRUSTED


def without_manifest(jpeg: bytes) -> bytes:
    """The JPEG without its APP11 segments (ISO 19566-5). ValueError for what is no JPEG."""
    if jpeg[:2] != b"\xff\xd8":
        raise ValueError("no JPEG")
    kept, at = bytearray(jpeg[:2]), 2
    while len(jpeg) >= at + 4 and jpeg[at] == 0xFF and jpeg[at + 1] not in (_START_OF_SCAN, _END_OF_IMAGE):
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] != _APP11:
            kept += jpeg[at:end]
        at = end
    return bytes(kept) + jpeg[at:]


def _is_copy_of(signed: bytes, jpeg_sha256: str) -> bool:
    try:
        return sha256(without_manifest(signed)).hexdigest() == jpeg_sha256
    except ValueError:
        return False


def _assertions(told: dict[str, Any]) -> list[Any]:
    """Ours, of the manifest that counts."""
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    return [each.get("data") for each in active.get("assertions", ()) if each.get("label") == ASSERTION]


def _context(roots_pem: Sequence[bytes]) -> Context:
    from c2pa import Context, Settings

    settings: dict[str, Any] = {
        "verify": {
            "verify_trust": True,
            "verify_after_sign": False,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        "builder": {"thumbnail": {"enabled": False}},
    }
    if roots_pem:
        settings["trust"] = {"user_anchors": b"".join(roots_pem).decode("ascii")}
    return Context(settings=Settings.from_dict(settings))
