"""The office's own certificate authority, for a LAN and for trying out, and the certificate that it gives this server.

Phones film over HTTPS only. An office with a real certificate passes it and none of this is used.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from web.lan import lan_addresses

CA_LIFE = timedelta(days=3652)
LEAF_LIFE = timedelta(days=397)  # what browsers accept at most from a public authority; iOS asks it of any
RENEW_BEFORE = timedelta(days=30)
BACKDATED = timedelta(hours=1)  # phones whose clock is a little behind


class CertificateError(Exception):
    """A certificate or key that cannot be used; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class TlsFolder:
    """DATA/tls: the authority (`ca.crt` is public, `ca.key` never leaves the machine) and the server's own."""

    root: Path

    @property
    def ca_certificate(self) -> Path:
        return self.root / "ca.crt"

    @property
    def ca_key(self) -> Path:
        return self.root / "ca.key"

    @property
    def certificate(self) -> Path:
        return self.root / "server.crt"

    @property
    def key(self) -> Path:
        return self.root / "server.key"


def local_names() -> list[str]:
    """Every name and address by which this machine is called, now."""
    host = socket.gethostname()
    return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", *_as_dns(host), *lan_addresses()]))


def ensure_certificates(folder: TlsFolder, names: list[str], now: datetime | None = None) -> None:
    """Makes the authority once, and the server's certificate whenever a name is missing or it runs out soon.

    Raises CertificateError where the folder holds something unreadable, OSError where it cannot be written.
    """
    now = now or datetime.now(UTC)
    folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder.ca_certificate.exists() and folder.ca_key.exists()):
        _make_authority(folder, now)
    authority, key = _load_certificate(folder.ca_certificate), _load_key(folder.ca_key)
    if authority.not_valid_after_utc - RENEW_BEFORE < now:
        raise CertificateError(f"{folder.ca_certificate} has run out: remove it with ca.key, and install the new one")
    if not _still_good(folder, authority, names, now):
        _issue(folder, authority, key, names, now)


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and later with that certificate (PEM, with its chain). Raises CertificateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except FileNotFoundError as error:
        missing = certificate if not certificate.exists() else key
        raise CertificateError(f"{missing}: no such file") from error
    except (OSError, ssl.SSLError, ValueError) as error:
        raise CertificateError(f"{certificate} with {key}: {_reason(error)}") from error
    return context


def local_context(root: Path, more_names: tuple[str, ...] = ()) -> ssl.SSLContext:
    """The context of DATA/tls, everything missing made. `more_names`: a public address or host name."""
    folder = TlsFolder(root)
    ensure_certificates(folder, [*local_names(), *more_names])
    return server_context(folder.certificate, folder.key)


def names_of(certificate: x509.Certificate) -> set[str]:
    """DNS names and addresses that the certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return addresses | set(names.get_values_for_type(x509.DNSName))


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file. Raises CertificateError."""
    return _load_certificate(path)


def _make_authority(folder: TlsFolder, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # The date keeps two authorities apart in a phone's list.
    name = _name(f"YunTaKan {socket.gethostname()[:30]} {now:%Y-%m-%d}")
    usage = _key_usage(key_cert_sign=True, crl_sign=True)
    builder = (
        _builder(name, name, key.public_key(), now, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    _write_key(folder.ca_key, key)
    _write(folder.ca_certificate, _pem(builder.sign(key, hashes.SHA256())), 0o644)


def _issue(
    folder: TlsFolder, authority: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, names: list[str], now: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    life = min(LEAF_LIFE - BACKDATED, authority.not_valid_after_utc - now)
    ca_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_name(names[0]), authority.subject, key.public_key(), now, life)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
    )
    _write_key(folder.key, key)
    _write(folder.certificate, _pem(builder.sign(ca_key, hashes.SHA256())) + _pem(authority), 0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
    )


def _still_good(folder: TlsFolder, authority: x509.Certificate, names: list[str], now: datetime) -> bool:
    if not (folder.certificate.exists() and folder.key.exists()):
        return False
    try:
        certificate, key = _load_certificate(folder.certificate), _load_key(folder.key)
        certificate.verify_directly_issued_by(authority)
    except (CertificateError, InvalidSignature, ValueError, TypeError):
        return False  # a torn file of an earlier start, or one of an earlier authority: a new one is issued
    covers = set(names) <= names_of(certificate)
    fits = key.public_key() == certificate.public_key()
    return covers and fits and certificate.not_valid_after_utc - RENEW_BEFORE > now


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "YunTaKan"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _as_dns(host: str) -> list[str]:
    """The host's name where a certificate can carry it, with the `.local` of multicast DNS."""
    if not host.isascii() or not all(char.isalnum() or char in "-." for char in host):
        return []
    return [host.lower()] if "." in host else [host.lower(), f"{host.lower()}.local"]


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateError(f"{path}: {_reason(error)}") from error


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CertificateError(f"{path}: {_reason(error)}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{path}: not a key that was made here")
    return key


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, pem, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others for a moment."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one without a password, readable by this user only")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not a certificate and key that fit together"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error).splitlines()[0] if str(error) else "not readable"
