"""What a package leaves out: what was erased, and what is not for those whom it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from inspection.domain.commitments import pointer
from inspection.domain.entry import Entry
from inspection.domain.package_withheld import MEDIA_CLASS, Withheld, is_for
from inspection.domain.verification import Code
from inspection.domain.verification_artefacts import Attested


def withheld_of(entries: Sequence[Entry], attested: Attested, audience: str) -> tuple[Withheld, ...]:
    """Everything that such a package has to leave out, as its manifest lists it."""
    return (*_erased_media(attested), *_openings(entries, audience))


def _erased_media(attested: Attested) -> Iterator[Withheld]:
    until = attested.erased_at.get(MEDIA_CLASS, 0)
    for claim in attested.recorded():
        if claim.last_seq < until:
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
