"""Files of the front end and the certificate's page, over a real server."""

from __future__ import annotations

import plistlib

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509

from web.certificates import TlsFolder, ensure_certificates
from web.static import add_static_routes, find_file
from web.verify.assemble import PAGE

pytestmark = pytest.mark.integration


@pytest.fixture
def dist(tmp_path):
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>pages</title>")
    (folder / "assets" / "index-Ab3dEf9_.js").write_text("1")
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
async def browser(dist, tmp_path):
    tls = TlsFolder(tmp_path / "tls")
    ensure_certificates(tls, ["localhost"])
    async with client_of(dist, tls.ca_certificate) as client:
        yield client


def client_of(dist, ca_path) -> TestClient:
    app = web.Application()
    add_static_routes(app, dist, ca_path)
    return TestClient(TestServer(app))


@pytest.mark.parametrize("path", ["/", "/i/ahd83hd", "/office/inspections/x/sessions/y", "/index.html"])
async def test_every_page_of_the_single_page_is_its_index_and_is_not_kept(browser, path):
    answer = await browser.get(path)
    assert answer.status == 200 and "pages" in await answer.text()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_hashed_assets_are_kept_for_ever_with_a_type_that_browsers_run(browser):
    answer = await browser.get("/assets/index-Ab3dEf9_.js")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_other_files_are_asked_for_again(browser):
    answer = await browser.get("/favicon.svg")
    assert (answer.headers["Cache-Control"], answer.headers["Content-Type"]) == ("no-cache", "image/svg+xml")


@pytest.mark.parametrize("path", ["/assets/gone-12345678.js", "/assets/", "/api/unknown", "/socket.io"])
async def test_what_is_no_page_is_not_found(browser, path):
    assert (await browser.get(path)).status == 404


@pytest.mark.parametrize(
    "path", ["../secret.txt", "assets/../../secret.txt", "", "/etc/passwd", ".env", "a\0b", "a//b"]
)
def test_no_name_leads_out_of_the_folder(dist, path):
    assert find_file(dist, path) is None


def test_a_symbolic_link_does_not_lead_out_of_the_folder(dist, tmp_path):
    (dist / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert find_file(dist, "link.txt") is None


async def test_without_a_front_end_a_page_says_how_to_build_it(tmp_path):
    async with client_of(tmp_path / "none", tmp_path / "none.crt") as client:
        answer = await client.get("/")
        assert answer.status == 503
        assert "make ui" in await answer.text()


async def test_the_certificate_page_explains_every_system_in_both_languages(browser, tmp_path):
    text = await (await browser.get("/ca")).text()
    for system in (
        "iPhone",
        "安卓",
        "Android",
        "鸿蒙",
        "HarmonyOS",
        "Windows",
        "macOS",
        "微信",
        "WeChat",
        "证书信任设置",
    ):
        assert system in text
    authority = x509.load_pem_x509_certificate((tmp_path / "tls" / "ca.crt").read_bytes())
    assert authority.fingerprint(authority.signature_hash_algorithm).hex(":").upper() in text
    assert "<script" not in text


async def test_the_certificate_can_be_downloaded_as_file_and_as_apple_profile(browser, tmp_path):
    authority = x509.load_pem_x509_certificate((tmp_path / "tls" / "ca.crt").read_bytes())
    file = await browser.get("/ca.crt")
    assert file.content_type == "application/x-x509-ca-cert"
    assert x509.load_pem_x509_certificate(await file.read()) == authority
    profile = await browser.get("/ca.mobileconfig")
    assert profile.content_type == "application/x-apple-aspen-config"
    root = plistlib.loads(await profile.read())["PayloadContent"][0]
    assert root["PayloadType"] == "com.apple.security.root"
    assert x509.load_der_x509_certificate(root["PayloadContent"]) == authority


async def test_a_server_with_a_certificate_of_its_own_has_nothing_to_install(dist, tmp_path):
    async with client_of(dist, tmp_path / "none.crt") as client:
        assert "不需要安装证书" in await (await client.get("/ca")).text()
        assert (await client.get("/ca.crt")).status == 404
        assert (await client.get("/ca.mobileconfig")).status == 404


async def test_the_verifier_is_handed_out_as_a_file_to_keep(browser):
    response = await browser.get("/verify.html")
    assert (response.status, response.content_type) == (200, "text/html")
    assert response.headers["Content-Disposition"] == 'attachment; filename="verify.html"'
    assert await response.text() == PAGE.read_text("utf-8")
