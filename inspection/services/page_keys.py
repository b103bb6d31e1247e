"""Keys with which pages of the applicant sign their video frames; see docs/evidence.md."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from inspection.domain.actor import SYSTEM, Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.package_manifest import strict_base64
from inspection.domain.text import clean_text
from inspection.services import audit
from inspection.services.access import get_participant, get_session_for, require_role
from inspection.services.ledger import append
from inspection.services.ports import Office
from inspection.services.results import Recorded

ALGORITHM = "ES256"
_BROWSER_CHARACTERS = 80
_PAGE = 1000


async def enrol(
    office: Office, actor: Actor, session_id: str, *, public_key: bytes, nonce: str, browser: str
) -> Recorded:
    """A key whose holder has signed the nonce, which the caller has checked. Raises `session_not_open`."""
    require_role(actor, Role.APPLICANT)
    kept = clean_text("browser", browser, _BROWSER_CHARACTERS, least=0, one_line=True)
    async with office.uow() as uow:
        inspection, session = await get_session_for(uow, actor, session_id)
        session.require_open()
        person = await get_participant(uow, actor, session.id)
        payload = {
            "session_id": session.id,
            "participant_id": person.id,
            "algorithm": ALGORITHM,
            "public_key": base64.b64encode(public_key).decode("ascii"),
            "fingerprint": hashlib.sha256(public_key).hexdigest(),
            "nonce": nonce,
            "browser": kept,
        }
        entries = await append(uow, inspection.id, [EntryDraft("page_key", actor, session.id, payload)])
        await uow.commit()
    return Recorded(inspection.id, entries)


@dataclass(slots=True)
class EnrolledKeys:
    """The keys on record of one inspection; `refresh` reads what was added since."""

    inspection_id: str
    after_seq: int = 0
    _keys: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)

    async def refresh(self, office: Office) -> None:
        """Raises `unavailable`."""
        while True:
            page = await audit.entries(office, SYSTEM, self.inspection_id, self.after_seq, _PAGE)
            for entry in page.entries:
                if entry.kind == "page_key":
                    self._take(
                        entry.payload["session_id"], entry.payload["participant_id"], entry.payload["public_key"]
                    )
            if not page.entries:
                return
            self.after_seq = page.entries[-1].seq

    def of(self, session_id: str, participant_id: str) -> Iterable[bytes]:
        """Raw public keys."""
        return self._keys.get((session_id, participant_id), ())

    def _take(self, session_id: str, participant_id: str, public_key: str) -> None:
        raw = strict_base64(public_key)
        if raw is not None:
            self._keys.setdefault((session_id, participant_id), []).append(raw)
