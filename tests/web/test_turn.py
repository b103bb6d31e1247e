"""TURN credentials against the scheme's own arithmetic, the secret's file, and what coturn is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from web.cli import main
from web.cli_turn import media_addresses
from web.ice import ice_servers_of
from web.settings import Settings, SettingsError, read_settings
from web.turn import TurnCredentials, TurnError, load_or_create_secret, parse_turn_url, read_secret
from web.turn_config import SPECIAL_RANGES

pytestmark = pytest.mark.unit

TLS_443 = "turns:turn.example:443?transport=tcp"
SECRET = "a-secret-of-this-test-alone"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_text(SECRET + "\n")
    return path


def settings(secret_file: Path, **turn: object) -> Settings:
    return read_settings({"turn": {"urls": TLS_443, "secret_file": str(secret_file), **turn}}, {})


def test_a_name_says_when_it_runs_out_and_the_password_is_its_hmac() -> None:
    made = TurnCredentials((TLS_443,), SECRET, 600).ice_server("abc", 1_800_000_000.9)
    assert made["urls"] == [TLS_443]
    assert made["username"] == "1800000600:abc"
    digest = hmac.new(SECRET.encode(), b"1800000600:abc", hashlib.sha1).digest()
    assert base64.b64decode(made["credential"]) == digest


def test_each_participant_has_credentials_of_their_own(secret_file: Path) -> None:
    servers = ice_servers_of(settings(secret_file), now_s=lambda: 1000.0)
    (one,), (other,) = servers.make("a"), servers.make("b")
    assert one["credential"] != other["credential"] and one["username"] == "1600:a"
    assert servers.refresh_s == 200


def test_without_a_turn_server_browsers_get_what_is_set_and_nothing_is_refreshed(tmp_path: Path) -> None:
    fixed = {"urls": "stun:stun.example:3478"}
    servers = ice_servers_of(read_settings({"ice_servers": (fixed,), "data": tmp_path}, {}))
    assert servers.make("a") == [fixed] and servers.refresh_s is None


def test_the_secret_shows_in_no_representation(secret_file: Path) -> None:
    made = settings(secret_file)
    assert SECRET not in repr(made) + repr(made.find_turn_credentials())


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "turn-secret"
    first = load_or_create_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_secret(path) == first and len(first) >= 40


@pytest.mark.parametrize(("mode", "text", "said"), [(0o644, SECRET, "chmod 600"), (0o600, "short", "16 characters")])
def test_a_secret_that_others_can_read_or_guess_is_refused(tmp_path: Path, mode: int, text: str, said: str) -> None:
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(TurnError, match=said):
        read_secret(path)


def test_a_missing_secret_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TurnError, match="turn-config"):
        ice_servers_of(settings(tmp_path / "none"))


@pytest.mark.parametrize(
    ("text", "host", "port", "transport"),
    [
        (TLS_443, "turn.example", 443, "tls"),
        ("turn:203.0.113.8", "203.0.113.8", 3478, "udp"),
        ("turn:[2001:db8::1]:3478?transport=tcp", "2001:db8::1", 3478, "tcp"),
        ("turns:turn.example", "turn.example", 5349, "tls"),
    ],
)
def test_turn_addresses_are_read(text: str, host: str, port: int, transport: str) -> None:
    url = parse_turn_url(text)
    assert (url.host, url.port, url.transport) == (host, port, transport)


@pytest.mark.parametrize(
    "text", ["stun:a.example", "turn:", "turn:a.example:0", "turns:a.example?transport=udp", "turn:a.example\nno-auth"]
)
def test_anything_else_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(SettingsError):
        read_settings({"turn": {"urls": (text,)}}, {})


def test_credentials_cannot_outlive_a_session_by_more_than_ten_minutes() -> None:
    with pytest.raises(SettingsError, match="ttl_s"):
        read_settings({"turn": {"ttl_s": 601}}, {})


def test_settings_come_from_variables_with_lists_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNTAKAN_TURN__URLS", f"{TLS_443}, turn:turn.example:3478")
    monkeypatch.setenv("YUNTAKAN_TURN__RELAY_PORTS", "50000-50099")
    monkeypatch.setenv("YUNTAKAN_TURN__LISTEN", "203.0.113.8,2001:db8::8")
    turn = read_settings({}).turn
    assert turn.urls == (TLS_443, "turn:turn.example:3478") and turn.relay_ports == (50000, 50099)
    assert turn.listen == ("203.0.113.8", "2001:db8::8") and turn.realm_or_host == "turn.example"


def test_the_written_file_denies_everything_and_allows_this_server_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "URLS": TLS_443, "TLS_CERT": "/etc/turn.crt", "TLS_KEY": "/etc/turn.key", "LISTEN": "203.0.113.8",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"YUNTAKAN_TURN__{name}", value)
    monkeypatch.setenv("YUNTAKAN_RELAY_LOOPBACK", "false")
    output = tmp_path / "conf" / "turnserver.conf"
    asked = ["turn-config", "--data", str(tmp_path), "-o", str(output), "--public-address", "203.0.113.7"]
    assert main(asked) == 0
    lines = output.read_text().splitlines()
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    secret = read_secret(tmp_path / "keys" / "turn-secret")
    assert f"static-auth-secret={secret}" in lines and secret not in capsys.readouterr().out
    assert "allowed-peer-ip=203.0.113.7" in lines and "allowed-peer-ip=127.0.0.1" not in lines
    assert {f"denied-peer-ip={one}" for one in ("0.0.0.0-255.255.255.255", *SPECIAL_RANGES)} <= set(lines)
    for line in (
        "use-auth-secret", "no-tcp-relay", "no-cli", "no-multicast-peers", "fingerprint", "tls-listening-port=443",
        "listening-ip=203.0.113.8", "relay-ip=203.0.113.8", "min-port=49152", "user-quota=32", "no-udp", "no-tcp",
    ):  # fmt: skip
        assert line in lines
    assert main(asked) == 0 and f"static-auth-secret={secret}" in output.read_text()


def test_tls_without_a_certificate_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNTAKAN_TURN__URLS", TLS_443)
    assert main(["turn-config", "--data", str(tmp_path)]) == 2
    assert not (tmp_path / "turnserver.conf").exists()


def test_the_example_of_the_operations_page_is_read_and_makes_the_file_that_it_describes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    block = page.split("<!-- checked by tests/web/test_turn.py -->\n```\n")[1].split("```")[0]
    for line in block.splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    assert main(["turn-config", "--data", str(tmp_path)]) == 0
    written = (tmp_path / "turnserver.conf").read_text().splitlines()
    for expected in ("listening-ip=203.0.113.8", "tls-listening-port=443", "listening-port=3478", "no-tcp",
                     "realm=turn.example.gov.cn", "cert=/etc/yuntakan/turn.crt"):  # fmt: skip
        assert expected in written
    monkeypatch.setenv("YUNTAKAN_TURN__TLS_PORT", "5349")
    assert main(["turn-config", "--data", str(tmp_path)]) == 0
    assert "tls-listening-port=5349" in (tmp_path / "turnserver.conf").read_text()


def test_media_at_coturns_own_address_is_left_out_where_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.cli_turn.host_addresses", lambda _config: ["203.0.113.7", "203.0.113.8"])
    assert media_addresses(read_settings({"turn": {"listen": "203.0.113.8"}}, {})) == ["203.0.113.7"]
    assert media_addresses(read_settings({"turn": {"listen": "203.0.113.7,203.0.113.8"}}, {})) == [
        "203.0.113.7", "203.0.113.8",
    ]  # fmt: skip
