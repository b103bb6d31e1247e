"""The shared objects of the HTTP application. `web/app.py` makes them; routes take them from the application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from inspection.services.media_ledger import MediaLedger
from inspection.services.ports import Office
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.office_certificate import OfficeCertificate
from media.relay_supervisor import RelaySupervisor
from signaling.feed import EntryFeed
from signaling.namespace import SessionNamespace

if TYPE_CHECKING:
    from web.looks import Looks
    from web.packages import Packages
    from web.probes import Probes
    from web.rate_limit import RateLimits
    from web.receipt_pages import ReceiptPages
    from web.replay_jobs import ReplayJobs
    from web.security import OwnOrigin
    from web.settings import Settings

SETTINGS: web.AppKey[Settings] = web.AppKey("settings")
OFFICE = web.AppKey("office", Office)
FEED = web.AppKey("feed", EntryFeed)
NAMESPACES: web.AppKey[tuple[SessionNamespace, ...]] = web.AppKey("namespaces")
MEDIA_LEDGER = web.AppKey("media_ledger", MediaLedger)
EVIDENCE = web.AppKey("evidence", EvidenceFiles)
CERTIFICATE = web.AppKey("certificate", OfficeCertificate)
EVIDENCE_ROOT = web.AppKey("evidence_root", Path)
REPLAY_JOBS: web.AppKey[ReplayJobs] = web.AppKey("replay_jobs")
RATE_LIMITS: web.AppKey[RateLimits] = web.AppKey("rate_limits")
OWN_ORIGIN: web.AppKey[OwnOrigin] = web.AppKey("own_origin")
RELAY = web.AppKey("relay", RelaySupervisor)
PROBES: web.AppKey[Probes] = web.AppKey("probes")
LOOKS: web.AppKey[Looks] = web.AppKey("looks")
PACKAGES: web.AppKey[Packages] = web.AppKey("packages")
RECEIPT_PAGES: web.AppKey[ReceiptPages] = web.AppKey("receipt_pages")
