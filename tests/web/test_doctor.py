"""The doctor on real ports, files and certificates."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from inspection.store.migration import upgrade
from web.certificates import TlsFolder, ensure_certificates
from web.doctor_network import check_port, check_public_address, check_udp_ports, comes_back
from web.doctor_storage import bytes_per_hour, check_certificate, check_database, check_disk
from web.doctor_words import say
from web.settings import Settings

pytestmark = pytest.mark.integration

YUNTAKAN = Path(sys.executable).with_name("yuntakan")


@pytest.fixture
def taken():
    """A TCP port on which a stranger listens."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        yield stranger.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def levels(results) -> list[str]:
    return [found[0] for found in results]


def words(results) -> str:
    return "\n".join(found[1] if len(found) == 2 else say(found[1], "en", **found[2]) for found in results)


def test_a_fresh_machine_is_well_and_nothing_is_made(tmp_path):
    done = subprocess.run(
        [str(YUNTAKAN), "doctor", "--data", str(tmp_path / "data"), "--port", str(free_port())],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if "is not built" not in line]
    assert [line for line in lines if line.startswith("BAD")] == []
    subjects = ("certificate", "TCP port", "UDP ports", "public address", "disk", "database", "stamp font", "relay")
    for subject in subjects:
        assert any(subject in line for line in lines), subject
    assert "GB/h" in done.stdout and "days" in done.stdout
    assert not (tmp_path / "data").exists()


def test_something_bad_is_exit_status_1(taken, tmp_path):
    done = subprocess.run(
        [str(YUNTAKAN), "doctor", "--data", str(tmp_path), "--port", str(taken), "--host", "127.0.0.1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"port {taken}: Address already in use" in done.stdout


def test_a_port_that_a_stranger_holds_is_bad(taken):
    assert levels(check_port(Settings(host="127.0.0.1", port=taken))) == ["BAD"]


def test_udp_ports_that_others_hold_are_counted():
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with held:
        held.bind(("0.0.0.0", 0))
        port = held.getsockname()[1]
        found = list(check_udp_ports(Settings(udp_ports=(port, port))))
        assert levels(found) == ["BAD"] and words(found).startswith(f"0 of 1 in {port}-{port} can")
    assert levels(check_udp_ports(Settings(udp_ports=(48200, 48299)))) == ["ok"]


def test_a_datagram_to_ourselves_comes_back_and_one_to_nowhere_does_not():
    assert comes_back("127.0.0.1")
    assert not comes_back("192.0.2.250")


def test_a_public_address_without_a_fixed_range_is_bad():
    assert "set --udp-ports" in words(check_public_address(Settings(public_address="127.0.0.1")))
    assert "BAD" in levels(check_public_address(Settings(public_address="127.0.0.1")))


def given(tmp_path, names: list[str], **more: object) -> Settings:
    tls = TlsFolder(tmp_path / "given")
    ensure_certificates(tls, names)
    return Settings(tls_cert=tls.certificate, tls_key=tls.key, **more)


def test_a_certificate_for_another_host_is_bad(tmp_path):
    found = list(check_certificate(given(tmp_path, ["a.example"], public_url="https://b.example")))
    assert "BAD" in levels(found) and "not for b.example" in words(found)


def test_a_star_covers_one_label(tmp_path):
    for host, level in (("tk.office.example", "ok"), ("a.tk.office.example", "BAD"), ("office.example", "BAD")):
        found = list(check_certificate(given(tmp_path, ["*.office.example"], public_url=f"https://{host}")))
        assert levels(found)[-1] == level, host


def test_disk_is_told_in_gigabytes_an_hour_and_days(tmp_path):
    [(level, said)] = check_disk(Settings(data=tmp_path / "not" / "there"))
    assert f"{bytes_per_hour() / 1e9:.2f} GB/h" in said and "days" in said
    assert bytes_per_hour() == (1_500_000 + 3 * 40_000) // 8 * 3600 * 2
    assert levels(check_disk(Settings(data=tmp_path, free_space_floor_bytes=2**60))) == ["BAD"]
    assert level in ("ok", "note")


def test_a_sound_database_is_told_from_a_damaged_one(tmp_path):
    path = tmp_path / "yuntakan.db"
    upgrade(path)
    [(level, said)] = check_database(Settings(data=tmp_path))
    assert level == "ok" and "sound, schema 0" in said
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)
    path.write_bytes(content)
    try:
        found = list(check_database(Settings(data=tmp_path)))
    except sqlite3.DatabaseError:
        return
    assert levels(found) == ["BAD"]


def test_a_journal_mode_that_this_sqlite_must_not_have_is_bad(tmp_path):
    path = tmp_path / "yuntakan.db"
    upgrade(path)
    with sqlite3.connect(path) as connection:
        wanted = connection.execute("PRAGMA journal_mode").fetchone()[0]
        connection.execute(f"PRAGMA journal_mode={'delete' if wanted == 'wal' else 'wal'}")
    connection.close()
    assert levels(check_database(Settings(data=tmp_path))) == ["BAD"]
