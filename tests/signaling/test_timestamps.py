"""Time stamps, challenge codes and the phone's clock on a running server, with openssl as its authority."""

from __future__ import annotations

import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509

from inspection.domain.verification_package import Asked
from inspection.store.package_files import verify_file
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, Authority, ServedAuthority, serving
from tests.signaling.served import Case, Served, serve
from web.client import Refused
from web.timestamp_settings import AuthoritySettings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed: apt-get install openssl"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stamped(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Served, ServedAuthority]]:
    authority = Authority.make(tmp_path_factory.mktemp("authority"))
    root = authority.folder / "root.pem"
    root.write_bytes(authority.root.pem)
    with serving(authority) as server:
        given = AuthoritySettings(url=server.url, name="测试机构", certificates=root, is_test=True)
        more = {"timestamp_authorities": (given,), "timestamp_every_s": 1.0}
        async with serve(tmp_path_factory.mktemp("stamped"), **more) as running:
            yield running, server


@pytest_asyncio.fixture(loop_scope="module")
async def case(stamped: tuple[Served, ServedAuthority]) -> AsyncIterator[Case]:
    made = await stamped[0].case()
    yield made
    for person in (made.inspector, made.second, made.applicant):
        await person.aclose()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_code_is_shown_to_the_phone_and_the_package_holds_token_and_certificate(
    case: Case, stamped: tuple[Served, ServedAuthority], tmp_path: Path
) -> None:
    await case.go_live()
    stamp = await case.inspector.log.wait_for(lambda entry: entry["kind"] == "timestamp", 20.0)
    assert stamp["payload"]["is_test"] is True
    await case.inspector.act("chat:send", {"text": "请准备念口令"})
    await case.inspector.log.wait_for(lambda entry: entry["seq"] > stamp["seq"], 20.0)
    shown = await _show(case)
    heard = await case.applicant.log.wait_for(lambda entry: entry["kind"] == "challenge", 10.0)
    assert heard["payload"]["code"] == shown
    with pytest.raises(Refused):
        await case.applicant.act("challenge:show", {})
    await case.inspector.act("session:end", {"unfinished": True})
    auditor = await case.served.staff("zhao")
    package = tmp_path / "package.zip"
    package.write_bytes(await auditor.get_bytes(f"/api/auditor/inspections/{case.id}/package"))
    with zipfile.ZipFile(package) as members:
        assert stamp["payload"]["file"] in members.namelist()
        pem = members.read("certificates/authority-0.pem")
    verdict = verify_file(package, asked=Asked(roots=tuple(x509.load_pem_x509_certificates(pem))))
    assert verdict.first_problem is None
    assert "stamps_of_test" in {one.key for one in verdict.claimed}
    assert "stamps_unchecked" not in {one.key for one in verdict.claimed}


async def _show(case: Case) -> str:
    """The checkpoint that commits to the newest token may be a second away."""
    until_s = time.monotonic() + 10
    while True:
        try:
            return str((await case.inspector.act("challenge:show", {}))["code"])
        except Refused as refused:
            if refused.code != "challenge_no_timestamp" or time.monotonic() > until_s:
                raise


@pytest.mark.asyncio(loop_scope="module")
async def test_a_phones_clock_is_measured_when_it_comes_in(case: Case) -> None:
    await case.go_live()
    rounds = 0
    again = True
    while again:
        rounds += 1
        answer = await case.applicant.call("clock:measure", {"now_ms": round(time.time() * 1000) + 90_000})
        again = answer["again"]
    (entry,) = await case.entries("phone_clock")
    assert rounds == 5
    assert abs(entry["payload"]["offset_ms"] - 90_000) <= max(50, entry["payload"]["round_trip_ms"])
    (clock,) = await case.entries("clock")
    assert clock["payload"]["source"] in ("ntp", "unknown")
    for ahead_ms in [*[900_000] * 5, *[5000] * 5]:
        await case.applicant.call("clock:measure", {"now_ms": round(time.time() * 1000) + ahead_ms})
    assert len(await case.entries("phone_clock")) == 1, "one a minute"


@pytest.mark.asyncio(loop_scope="module")
async def test_nobody_but_an_applicant_has_a_clock_measured(case: Case) -> None:
    await case.go_live()
    with pytest.raises(Refused, match="not_allowed"):
        await case.inspector.call("clock:measure", {"now_ms": 0})
    assert await case.entries("phone_clock") == []
