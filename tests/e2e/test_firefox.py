"""A second engine: stock Firefox as the applicant's and the inspector's browser, voice both ways, picture and still."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e import acts
from tests.e2e.browsers import OUTPUT, SITE, chromium, open_desk
from tests.e2e.office import Office

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
UI = HERE.parents[1] / "web" / "ui"
FIREFOX = "/usr/bin/firefox-esr"


async def invite(office: Office) -> acts.Invited:
    async with chromium() as desks:
        desk = await open_desk(desks, f"{office.url}/office/login")
        await acts.sign_in(desk, office.inspectors[0])
        await acts.open_inspection(desk, None)
        return await acts.invite(desk, "guidance")


def test_firefox_joins_speaks_shows_and_takes_a_still(office: Office, tmp_path: Path) -> None:
    invited = asyncio.run(invite(office))
    case = tmp_path / "case.json"
    case.write_text(json.dumps(job(office, invited)))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["node", str(HERE / "firefox_call.mjs"), str(case), str(OUTPUT)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    assert "firefox" in seen["browser"].lower()
    assert seen["frames"] >= 60 and seen["voice_at_desk"] >= 100 and seen["voice_at_phone"] >= 100
    assert seen["still"].endswith(".jpg")
    assert seen["signed_share"] >= 80, "Firefox signs its frames too"


def job(office: Office, invited: acts.Invited) -> dict[str, object]:
    parts = invited.console_url.split("/")
    return {
        "ui": str(UI),
        "firefox": FIREFOX,
        "url": office.url,
        "link": invited.link.removeprefix(office.url),
        "phone": acts.PHONE,
        "sms_outbox": str(office.sms_outbox),
        "inspection_id": parts[-3],
        "session_id": parts[-1],
        "inspector": {"username": office.inspectors[0].username, "password": office.inspectors[0].password},
        "latitude": SITE["latitude"],
        "longitude": SITE["longitude"],
    }
