"""`yuntakan export`, `verify` and `check`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from web.console import FAILED, MISUSED, CommandFailed, language, progress, require_office

if TYPE_CHECKING:
    from inspection.domain.verification import Verdict
    from inspection.services.check import CheckReport
    from inspection.services.ports import Office
    from inspection.store.package_export import Exported
    from web.settings import Settings


def export(arguments: argparse.Namespace) -> int:
    import asyncio

    settings = _settings(arguments)
    if arguments.output.is_dir() or not arguments.output.resolve().parent.is_dir():
        raise CommandFailed(f"{arguments.output}: not a file in a folder that is there", MISUSED)
    exported = asyncio.run(_export(settings, arguments.inspection, arguments.output, arguments.audience))
    if (how := _beginning(exported)) is not None:
        print(how, file=sys.stderr)
    print(f"{exported.path}  {exported.size_bytes} bytes  sha256 {exported.sha256}")
    return 0


def _beginning(exported: Exported) -> str | None:
    """How it began, where that is worth a line."""
    from inspection.store.package_partial import Beginning

    if exported.beginning is Beginning.RESUMED:
        return f"went on with an interrupted export: {exported.kept_members} members were there already"
    if exported.beginning is Beginning.ANEW:
        return "an interrupted export was there, of another state of the record: began anew"
    return None


def verify(arguments: argparse.Namespace) -> int:
    from inspection.domain.verification import State, Verdict
    from inspection.domain.verification_words import render_text

    path: Path = arguments.file
    verdict = _verify(arguments, path) if path.is_file() else Verdict(State.UNREADABLE, None)
    spoken = arguments.language or language()
    if arguments.json:
        print(json.dumps(verdict.to_json(spoken), ensure_ascii=False, indent=2))
    else:
        print(render_text(verdict, spoken))
    return verdict.exit_status


def _verify(arguments: argparse.Namespace, path: Path) -> Verdict:
    """Hands are made before anything that runs beside: they are forks."""
    from inspection.domain.verification_package import Asked
    from inspection.store.package_files import verify_file
    from inspection.store.package_given import read_receipts, read_trust
    from inspection.store.package_workers import open_workers
    from web.deep_check import deep_check
    from web.frame_check import FrameCheck

    try:
        trusted = read_trust(arguments.trust)
    except (ValueError, OSError) as error:
        raise CommandFailed(f"--trust: {error}", MISUSED) from error
    with open_workers(arguments.jobs) as workers, FrameCheck(arguments.jobs) as frames:
        asked = Asked(
            trusted.keys,
            trusted.roots,
            read_receipts(arguments.receipt),
            count_frames=frames,
            deep=deep_check(path, trusted.pems, arguments.jobs) if arguments.deep else None,
            workers=workers,
        )
        with progress("verifying") as line:
            return verify_file(path, None, line.count, asked)


def check(arguments: argparse.Namespace) -> int:
    import asyncio

    report = asyncio.run(_check(_settings(arguments), arguments.inspection))
    for one in (*report.torn, *report.mismatches):
        print(f"{one.inspection_id}  {one.code}  {one.where}")
    print(
        f"{report.inspections} inspections, {report.entries} entries, {report.files} files, {report.size_bytes} bytes: "
        + ("everything fits" if report.is_sound else f"{len(report.mismatches)} do not fit")
    )
    return 0 if report.is_sound else FAILED


def _settings(arguments: argparse.Namespace) -> Settings:
    from web.settings import read_settings

    settings = read_settings({"data": arguments.data})
    require_office(settings.data)
    return settings


async def _export(settings: Settings, name: str, out: Path, audience: str) -> Exported:
    from inspection.domain.actor import SYSTEM
    from inspection.services import audit
    from web.office import open_office
    from web.package_making import PackageMaker
    from web.timestamps import certificate_members

    async with open_office(settings) as opened:
        inspection_id = await find_inspection_id(opened.office, name)
        shipped = certificate_members(settings)
        maker = PackageMaker(opened.office, opened.evidence, opened.certificate, opened.folder.fonts, shipped)
        with progress("exporting") as line:
            exported = await maker.make(inspection_id, out, audience, line.count)
        await audit.record_export(opened.office, SYSTEM, inspection_id, exported.sha256)
    return exported


async def _check(settings: Settings, name: str | None) -> CheckReport:
    from inspection.services.check import check as check_data
    from inspection.store.signer import verify_ed25519
    from web.office import open_office

    async with open_office(settings) as opened:
        inspection_id = await find_inspection_id(opened.office, name) if name is not None else None
        with progress("checking") as line:
            key = opened.signer.public_key()
            reading = opened.office.reading
            return await check_data(reading, opened.evidence, key, verify_ed25519, inspection_id, line.count)


async def find_inspection_id(office: Office, name: str) -> str:
    """The id behind a number or an id. Raises CommandFailed."""
    async with office.reading() as uow:
        if await uow.inspections.find(name) is not None:
            return name
        for inspection in await uow.inspections.list(None):
            if inspection.number == name:
                return inspection.id
    raise CommandFailed(f"{name}: no such inspection", MISUSED)
