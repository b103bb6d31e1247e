"""The local authority: real files, real handshakes."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from web.certificates import (
    CertificateError,
    TlsFolder,
    ensure_certificates,
    local_context,
    local_names,
    names_of,
    read_certificate,
    server_context,
)

pytestmark = pytest.mark.integration

NAMES = ["localhost", "127.0.0.1", "::1", "office.example", "192.168.3.7"]


@pytest.fixture
def folder(tmp_path):
    made = TlsFolder(tmp_path / "tls")
    ensure_certificates(made, NAMES)
    return made


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    """A TLS handshake over a socket pair; the client's socket, connected."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as accepted:
                accepted.recv(1)
        except (ssl.SSLError, OSError):
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        return client.wrap_socket(ours, server_hostname=name)
    except BaseException:
        ours.close()
        raise
    finally:
        if not thread.is_alive():
            thread.join()


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_connects_by_every_name(folder, name):
    client = ssl.create_default_context(cafile=str(folder.ca_certificate))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    with shake_hands(server_context(folder.certificate, folder.key), client, name) as connected:
        assert connected.version() == "TLSv1.3"


def test_a_client_that_does_not_trust_it_refuses(folder):
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_context(folder.certificate, folder.key), ssl.create_default_context(), "localhost")


def test_a_name_that_was_not_asked_for_is_refused(folder):
    client = ssl.create_default_context(cafile=str(folder.ca_certificate))
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(server_context(folder.certificate, folder.key), client, "elsewhere.example")


def test_tls_1_1_is_refused(folder):
    client = ssl.create_default_context(cafile=str(folder.ca_certificate))
    with pytest.warns(DeprecationWarning):
        client.minimum_version = ssl.TLSVersion.TLSv1
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        shake_hands(server_context(folder.certificate, folder.key), client, "localhost")


def test_keys_are_readable_by_their_owner_only(folder):
    for key in (folder.ca_key, folder.key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def test_the_server_certificate_is_what_browsers_ask_for(folder):
    leaf = read_certificate(folder.certificate)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=397)
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH]
    authority = read_certificate(folder.ca_certificate)
    own_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == own_id
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)


def test_nothing_is_made_anew_while_it_is_good(folder):
    before = folder.certificate.read_bytes(), folder.ca_certificate.read_bytes()
    ensure_certificates(folder, NAMES)
    assert (folder.certificate.read_bytes(), folder.ca_certificate.read_bytes()) == before


def test_a_new_address_gets_a_new_certificate_from_the_same_authority(folder):
    authority = folder.ca_certificate.read_bytes()
    ensure_certificates(folder, [*NAMES, "10.1.2.3"])
    assert "10.1.2.3" in names_of(read_certificate(folder.certificate))
    assert folder.ca_certificate.read_bytes() == authority


def test_a_certificate_is_renewed_a_month_before_it_runs_out(folder):
    old = read_certificate(folder.certificate)
    ensure_certificates(folder, NAMES, datetime.now(UTC) + timedelta(days=370))
    assert read_certificate(folder.certificate).not_valid_after_utc > old.not_valid_after_utc


def test_a_torn_certificate_is_replaced(folder):
    folder.certificate.write_bytes(folder.certificate.read_bytes()[:100])
    ensure_certificates(folder, NAMES)
    assert names_of(read_certificate(folder.certificate)) == set(NAMES)


def test_an_authority_that_runs_out_is_not_replaced_silently(folder):
    with pytest.raises(CertificateError, match="run out"):
        ensure_certificates(folder, NAMES, datetime.now(UTC) + timedelta(days=3650))


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_file_that_is_no_certificate_is_named(tmp_path, folder, content):
    bad = tmp_path / "bad.pem"
    bad.write_bytes(content)
    with pytest.raises(CertificateError, match=r"bad\.pem"):
        server_context(bad, folder.key)


def test_a_missing_key_is_named(tmp_path, folder):
    with pytest.raises(CertificateError, match=r"gone\.key: no such file"):
        server_context(folder.certificate, tmp_path / "gone.key")


def test_a_key_of_another_certificate_is_refused(folder):
    with pytest.raises(CertificateError, match="KEY_VALUES_MISMATCH"):
        server_context(folder.certificate, folder.ca_key)


def test_this_machine_is_covered_by_all_its_names(tmp_path):
    local_context(tmp_path / "tls", ("203.0.113.9",))
    covered = names_of(read_certificate(tmp_path / "tls" / "server.crt"))
    assert covered == {*local_names(), "203.0.113.9"}
    assert {"localhost", "127.0.0.1", "::1"} <= covered
