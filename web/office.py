"""The office of one data folder: database, keys, ports. For the server and for console commands alike."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inspection.services.checkpoint_feed import CheckpointFeed
from inspection.services.ports import Office, Signer
from inspection.store.clock import SystemClock, SystemRandom
from inspection.store.database import Database, open_database
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.master_command import CommandMasterKey
from inspection.store.master_key import MasterKey, open_master_key
from inspection.store.migration import upgrade
from inspection.store.ntp import read_ntp
from inspection.store.office_certificate import OfficeCertificate, load_certificate, load_or_create_certificate
from inspection.store.passwords import Argon2Passwords
from inspection.store.pepper import load_or_create_pepper
from inspection.store.pictures import LimitedPictures
from inspection.store.reserve import LedgerReserve
from inspection.store.sms_outbox import ConsoleSms
from inspection.store.templates_file import load_templates
from media.fonts import StampFont, open_font
from web.settings import Settings
from web.signing import open_signer


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where everything of one office lies."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "yuntakan.db"

    @property
    def reserve(self) -> Path:
        """Space for the ledger on a volume that is full; it may be removed at any time."""
        return self.root / "yuntakan.reserve"

    @property
    def evidence(self) -> Path:
        return self.root / "evidence"

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def sms_outbox(self) -> Path:
        return self.root / "outbox" / "sms.jsonl"

    @property
    def signing_key(self) -> Path:
        return self.root / "keys" / "ledger.ed25519"

    @property
    def master_key(self) -> Path:
        """Wraps the keys under which personal data is sealed. Without it none of that opens."""
        return self.root / "keys" / "master.aes"

    @property
    def key_lock(self) -> Path:
        """Held by whoever signs with the key, and alone by whoever changes it."""
        return self.root / "run" / "key.lock"

    @property
    def office_certificate(self) -> Path:
        """Key and certificates for the pictures and documents that are handed out."""
        return self.root / "keys" / "c2pa.pem"

    @property
    def fonts(self) -> Path:
        """The stamp's font, cut out once of the system's collection."""
        return self.root / "cache" / "fonts"

    @property
    def pepper(self) -> Path:
        return self.root / "keys" / "pepper"

    def socket(self, name: str) -> Path:
        """Where a child process listens."""
        return self.root / "run" / f"{name}.sock"


@dataclass(frozen=True, slots=True)
class OpenOffice:
    office: Office
    database: Database
    evidence: EvidenceFiles
    signer: Signer
    certificate: OfficeCertificate
    folder: DataFolder


@asynccontextmanager
async def open_office(settings: Settings, *, changes_key: bool = False) -> AsyncIterator[OpenOffice]:
    """Makes what is missing, upgrades the database, closes it in the end.

    `changes_key`: nobody else may have it open. Raises SignerKeyError, MasterKeyError, CertificateFileError,
    InspectionError (`database_too_old`, `signer_unavailable`, `master_key_unavailable`).
    """
    folder = DataFolder(settings.data.resolve())
    font = await asyncio.to_thread(_prepare, folder)
    about_key = (settings.sign_command, folder.signing_key, folder.database, folder.key_lock)
    async with open_signer(*about_key, alone=changes_key) as signer, _opened(settings, folder, font, signer) as opened:
        yield opened


@asynccontextmanager
async def _opened(settings: Settings, folder: DataFolder, font: StampFont, signer: Signer) -> AsyncIterator[OpenOffice]:
    clock = SystemClock()
    certificate = open_certificate(settings, folder, clock.now())
    evidence = EvidenceFiles(folder.evidence, settings.free_space_floor_bytes)
    feed = CheckpointFeed()
    async with AsyncExitStack() as stack:
        master = await asyncio.to_thread(open_master, settings.master_command, folder)
        if isinstance(master, CommandMasterKey):
            stack.push_async_callback(asyncio.to_thread, master.close)
        reserve = LedgerReserve(folder.reserve)
        await asyncio.to_thread(reserve.hold)
        database = open_database(folder.database, signer, clock, master, reserve, feed)
        stack.push_async_callback(database.aclose)
        passwords = Argon2Passwords()
        stack.push_async_callback(passwords.aclose)
        office = Office(
            uow=database.uow,
            reading=database.reading,
            clock=clock,
            random=SystemRandom(),
            pepper=load_or_create_pepper(folder.pepper),
            sms=ConsoleSms(folder.sms_outbox, clock),
            passwords=passwords,
            evidence=evidence,
            pictures=LimitedPictures(),
            signer=signer,
            templates=load_templates(),
            rules=settings.rules,
            missing_characters=font.missing_characters,
            read_ntp=read_ntp,
            checkpoint_feed=feed,
        )
        yield OpenOffice(office, database, evidence, signer, certificate, folder)


def open_master(command: str, folder: DataFolder) -> MasterKey:
    """The key file, or the command that holds the key. Raises MasterKeyError, InspectionError."""
    if not command:
        return open_master_key(folder.database, folder.master_key)
    held = CommandMasterKey(shlex.split(command))
    _ = held.id  # a command that does not work is better known at the start
    return held


def open_certificate(settings: Settings, folder: DataFolder, now: datetime) -> OfficeCertificate:
    """The office's own where one is set, else ours, made at the first start. Raises CertificateFileError, OSError."""
    if settings.office_certificate is not None:
        return load_certificate(settings.office_certificate)
    return load_or_create_certificate(folder.office_certificate, settings.office.unit_name, now)


def _prepare(folder: DataFolder) -> StampFont:
    folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    upgrade(folder.database)
    return open_font(folder.fonts)
