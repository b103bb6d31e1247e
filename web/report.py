"""The report of a package: its entries as a signed PDF. Everything here blocks: call it off the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.commitments import Opening
from inspection.domain.entry import Entry
from inspection.domain.package_manifest import REPORT
from inspection.domain.package_withheld import Withheld, hidden_openings
from inspection.domain.receipts import code_of, groups_of
from inspection.domain.report_facts import report_facts
from inspection.services.packages import PackagePlan, PackageSource, PackageText
from inspection.store.evidence_files import EvidenceFiles
from web.pdf import make_pdf
from web.qr import qr_svg
from web.report_page import QR_PICTURE, Receipt, chosen_stills, report_html

_STILLS = "stills/"

SignPdf = Callable[[bytes], bytes]


def with_report(plan: PackagePlan, evidence: EvidenceFiles, font: Path, sign: SignPdf, zone: ZoneInfo) -> PackagePlan:
    """The plan with `report.pdf` for its audience: what that may not see, the report does not say either.

    Raises what `make_pdf` raises.
    """
    facts = report_facts(_for_audience(plan.entries, plan.withheld))
    stills = {_still_id(source): source for source in plan.sources if source.member.startswith(_STILLS)}
    chosen = chosen_stills(facts, stills)
    pictures = {still_id: _content(plan, evidence, stills[still_id]) for still_id in chosen}
    html = report_html(facts, _receipt(plan.head), {still_id: still_id for still_id in chosen}, zone)
    document = sign(make_pdf(html, font, {**pictures, QR_PICTURE: _qr(plan.head)}))
    return replace(plan, texts=(*plan.texts, PackageText(REPORT, document)))


def _for_audience(entries: Iterable[Entry], withheld: Sequence[Withheld]) -> list[Entry]:
    hidden = hidden_openings(tuple(withheld))
    return [replace(entry, openings=_kept(entry, hidden)) for entry in entries]


def _kept(entry: Entry, hidden: Callable[[int, str], bool]) -> Mapping[str, Opening]:
    return {path: opening for path, opening in entry.openings.items() if not hidden(entry.seq, path)}


def _still_id(source: PackageSource) -> str:
    return source.member.removeprefix(_STILLS).partition(".")[0]


def _content(plan: PackagePlan, evidence: EvidenceFiles, source: PackageSource) -> bytes:
    size = source.size_bytes or evidence.find_size(plan.inspection_id, source.source) or 0
    return b"".join(evidence.chunks(plan.inspection_id, source.source, size, source.offset))


def _receipt(head: Checkpoint) -> Receipt:
    return Receipt("-".join(groups_of(code_of(head))), head.size, head.at, head.key)


def _qr(head: Checkpoint) -> bytes:
    return qr_svg(head.to_line().decode("utf-8")).encode("ascii")
