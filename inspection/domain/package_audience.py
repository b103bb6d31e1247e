"""What a package leaves out: what was erased, and what is not for those whom it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from inspection.domain.commitments import pointer
from inspection.domain.entry import Entry
from inspection.domain.package_members import MEDIA_CLASS
from inspection.domain.package_withheld import AUDIENCES, Withheld
from inspection.domain.verification import Code
from inspection.domain.verification_artefacts import Attested

#: Notes that officers make for themselves and each other: by kind, the last step of the pointer.
_OFFICE_NOTES = {"check": "note", "site_visit": "note", "opinion": "text", "hold": "reason", "reveal": "reason"}


def is_for(audience: str, kind: str, path: str) -> bool:
    """Whether a personal value is for them. The applicant gets no notes that officers made for themselves."""
    if audience not in AUDIENCES:
        raise ValueError(f"no such audience: {audience}")
    return (
        audience != "applicant"
        or not path.startswith("/payload/")
        or _OFFICE_NOTES.get(kind) != path[path.rfind("/") + 1 :]
    )


def withheld_of(entries: Sequence[Entry], attested: Attested, audience: str) -> tuple[Withheld, ...]:
    """Everything that such a package has to leave out, as its manifest lists it."""
    return (*_erased_media(attested), *_openings(entries, audience))


def _erased_media(attested: Attested) -> Iterator[Withheld]:
    until = max((entry.seq for entry in attested.told.get("erased", ()) if _is_of_media(entry)), default=0)
    for claim in attested.recorded():
        if max(segment.seq for segment in claim.segments) < until:
            yield Withheld("track", "erased", session=claim.session_id, track=claim.track_id)
    for file in attested.files.values():
        if file.seq < until and file.code is not Code.TIMESTAMP_DIGEST:
            if file.still_id is not None:
                yield Withheld("still", "erased", still=file.still_id)
            else:
                yield Withheld("file", "erased", name=file.member)


def _openings(entries: Iterable[Entry], audience: str) -> Iterator[Withheld]:
    for entry in entries:
        for path in sorted((pointer(place.path) for place in entry.personal_places()), key=str.encode):
            if path not in entry.openings:
                yield Withheld("opening", "erased", seq=entry.seq, path=path)
            elif not is_for(audience, entry.kind, path):
                yield Withheld("opening", "audience", seq=entry.seq, path=path)


def _is_of_media(entry: Entry) -> bool:
    return MEDIA_CLASS in entry.payload["classes"]
