"""How every package of an office is made: planned from the ledger, with its report and signed copies, then written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from inspection.domain.errors import InspectionError
from inspection.services.packages import PackagePlan, plan_package
from inspection.services.ports import Office
from inspection.store.content_credentials import StillCopier
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.office_certificate import OfficeCertificate
from inspection.store.package_export import Exported, export_file
from inspection.store.package_progress import Progress
from media.fonts import open_font
from web.pdf_signing import pdf_signer
from web.report import with_report

_log = logging.getLogger(__name__)


def product() -> str:
    """The name under which packages say who made them."""
    return f"yuntakan {version('yuntakan')}"


@dataclass(frozen=True, slots=True)
class PackageMaker:
    """`fonts`: where the stamp's font is kept, in which reports are set too.

    `authorities`: members with the certificates of the time-stamping authorities.
    """

    office: Office
    evidence: EvidenceFiles
    certificate: OfficeCertificate
    fonts: Path
    authorities: Mapping[str, bytes] = field(default_factory=dict)

    async def make(
        self,
        inspection_id: str,
        out: Path,
        audience: str = "office",
        progress: Progress = lambda done, whole: None,
    ) -> Exported:
        """The package at `out`. Raises what `plan_package` and `export_file` raise."""
        plan = await plan_package(self.office, inspection_id, audience, certificates=self._handed_out())
        return await asyncio.to_thread(self._write, plan, out, progress)

    def _handed_out(self) -> list[tuple[str, bytes]]:
        """Claimed by the package, to be trusted only where the office gave it by another way."""
        return [("certificates/pictures-root.pem", self.certificate.root_pem), *self.authorities.items()]

    def _write(self, plan: PackagePlan, out: Path, progress: Progress) -> Exported:
        now = self.office.clock.now()
        copier = StillCopier(self.certificate, product(), plan.entries)
        whole = self._with_report(plan)
        write = partial(export_file, whole, self.evidence, self.office.signer, out, now, product())
        return write(progress=progress, copy_still=copier)

    def _with_report(self, plan: PackagePlan) -> PackagePlan:
        """The record is handed out in any case: a report can be made again, and the log says why there is none."""
        sign = pdf_signer(self.certificate.chain_pem, self.certificate.key_pem)
        zone = ZoneInfo(self.office.rules.timezone)
        try:
            return with_report(plan, self.evidence, open_font(self.fonts).path, sign, zone)
        except InspectionError as error:
            _log.warning("the package of %s has no report: %s (%s)", plan.number, error.code, error)
            return plan
