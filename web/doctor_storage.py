"""The doctor's look at certificate, disk and database."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from web.certificates import local_names, names_of, read_certificate, server_context
from web.doctor_turn import Finding
from web.settings import Settings

VIDEO_BPS = 1_500_000
VOICE_BPS = 40_000
VOICES = 3
VIEWING_COPIES = 2  # the journal, and a copy of about the same size for looking at it
HOURS_A_DAY = 8
SOON_DAYS = 21


def check_certificate(settings: Settings) -> Iterator[tuple[str, str]]:
    """Whether it loads with its key, for whom it is, and for how long."""
    if settings.behind_proxy:
        proxies = ", ".join(str(network) for network in settings.trusted_proxies)
        yield "ok", f"held by the proxy; headers are believed from {proxies}"
        return
    if settings.tls_cert is None or settings.tls_key is None:
        yield from _check_own_authority(settings)
        return
    server_context(settings.tls_cert, settings.tls_key)
    certificate = read_certificate(settings.tls_cert)
    yield from _check_life(certificate)
    yield from _check_names(settings, certificate)


def _check_own_authority(settings: Settings) -> Iterator[tuple[str, str]]:
    path = settings.data / "tls" / "server.crt"
    if not path.is_file():
        yield "ok", "none yet: the first start makes one for this machine's addresses"
        return
    certificate = read_certificate(path)
    server_context(path, path.with_name("server.key"))
    yield from _check_life(certificate)
    missing = sorted(set(local_names()) - names_of(certificate))
    if missing:
        yield "note", f"does not cover {', '.join(missing)} yet: the next start makes a new one"
    yield "note", "of the office's own authority: every phone installs it once from /ca; WeChat needs a public one"


def _check_life(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    if left.total_seconds() < 0:
        yield "BAD", f"ran out on {certificate.not_valid_after_utc:%Y-%m-%d}"
    elif certificate.not_valid_before_utc > datetime.now(UTC):
        yield "BAD", f"valid only from {certificate.not_valid_before_utc:%Y-%m-%d}: is this machine's clock right?"
    else:
        yield ("note" if left.days < SOON_DAYS else "ok"), f"valid for {left.days} days"


def _check_names(settings: Settings, certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    names = names_of(certificate)
    wanted = urlsplit(settings.public_url).hostname if settings.public_url else None
    if not names:
        yield "BAD", "names no host in its subject alternative names: browsers refuse it"
    elif wanted and not any(_fits(wanted, name) for name in names):
        yield "BAD", f"is for {', '.join(sorted(names))}, not for {wanted}"
    else:
        yield "ok", f"for {', '.join(sorted(names))}"


def _fits(host: str, name: str) -> bool:
    """RFC 6125: a star stands for one whole label on the left."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return host.lower() == name.lower()


def check_disk(settings: Settings) -> Iterator[tuple[str, str]]:
    """Whether the folder can be written, how much an hour takes, and how many days are left."""
    folder = _nearest(settings.data)
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"x")
    free_bytes = max(0, shutil.disk_usage(folder).free - settings.free_space_floor_bytes)
    gb_per_hour = bytes_per_hour() / 1e9
    hours = free_bytes / bytes_per_hour()
    level = "BAD" if hours < 1 else "note" if hours < 5 * HOURS_A_DAY else "ok"
    yield level, (
        f"{free_bytes / 1e9:.1f} GB to use, {gb_per_hour:.2f} GB/h for one session at 1.5 Mb/s with {VOICES} voices "
        f"and its viewing copy: {hours:.0f} h, {hours / HOURS_A_DAY:.1f} days of {HOURS_A_DAY} h"
    )


def bytes_per_hour() -> int:
    """What one session leaves on the disk in an hour."""
    return (VIDEO_BPS + VOICES * VOICE_BPS) // 8 * 3600 * VIEWING_COPIES


def check_database(settings: Settings) -> Iterator[tuple[str, str] | Finding]:
    """Whether it can be read, is sound and of a version that can be taken over."""
    from inspection.store.database import journal_mode_for
    from inspection.store.migration import is_too_old

    path = settings.data / "yuntakan.db"
    wanted = journal_mode_for(sqlite3.sqlite_version_info).lower()
    if not path.is_file():
        yield "ok", f"none yet: the first start makes it (SQLite {sqlite3.sqlite_version}, {wanted})"
        return
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    finally:
        connection.close()
    if said != "ok":
        yield "BAD", f"damaged: {said}"
        return
    if is_too_old(path):
        yield "BAD", "database_too_old", {"path": str(path)}
        return
    # TRUNCATE is a connection's own choice and reads as `delete` from another one.
    fits = (mode == "wal") == (wanted == "wal")
    yield ("ok" if fits else "BAD"), (
        f"sound, schema {version[0] if version else 'unknown'}, SQLite {sqlite3.sqlite_version}, "
        + (f"journal mode {wanted}" if fits else f"journal mode {mode}, but this SQLite needs {wanted}")
    )


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.is_dir())
