"""The office's certificate for pictures and documents: an ECDSA P-256 key with a chain, in one PEM file.

Made once under a root of the office's own, whose key is thrown away after it has signed this one certificate, so that
nobody can issue another in its name. An office with a certificate of its own names its file instead.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from inspection.store.durable_files import write_once

VALID_FOR = timedelta(days=20 * 365)
#: A clock that runs a little late has to accept it too.
VALID_BEFORE = timedelta(days=1)
_MOST_COMMON_NAME = 64


class CertificateFileError(Exception):
    """The file is damaged, open to others, or of another kind; nothing is signed with it. The message says why."""


@dataclass(frozen=True, slots=True)
class OfficeCertificate:
    """key_pem: PKCS #8. chain_pem: the certificate, then those above it; the last is the root where the file has it."""

    key_pem: bytes = field(repr=False)
    chain_pem: bytes

    @property
    def root_pem(self) -> bytes:
        """The last of the chain: what others are asked to trust."""
        return x509.load_pem_x509_certificates(self.chain_pem)[-1].public_bytes(Encoding.PEM)


def load_or_create_certificate(path: Path, unit_name: str, now: datetime) -> OfficeCertificate:
    """The certificate of `path` (mode 0600), which is made, durably, where there is none yet.

    Its root is laid beside it as `<name>-root.pem`, to be handed out. Raises CertificateFileError, OSError.
    """
    if not path.exists():
        made = _make(unit_name, now)
        _write_unless_there(path, made.key_pem + made.chain_pem)
    certificate = load_certificate(path)
    root = path.with_name(f"{path.stem}-root.pem")
    if not root.exists():
        _write_unless_there(root, certificate.root_pem, 0o644)
    return certificate


def load_certificate(path: Path) -> OfficeCertificate:
    """A key and its chain from one PEM file. Raises CertificateFileError, OSError."""
    if path.stat().st_mode & 0o077:
        raise CertificateFileError(f"{path} may be read by others; it must have mode 0600")
    content = path.read_bytes()
    try:
        key = load_pem_private_key(content, None)
        chain = x509.load_pem_x509_certificates(content)
    except (ValueError, TypeError) as error:
        raise CertificateFileError(f"{path} holds no key with certificates in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateFileError(f"{path} needs a key on the curve P-256")
    if chain[0].public_key() != key.public_key():
        raise CertificateFileError(f"the first certificate of {path} is not that of its key")
    return _certificate(key, chain)


def _certificate(key: ec.EllipticCurvePrivateKey, chain: list[x509.Certificate]) -> OfficeCertificate:
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return OfficeCertificate(key_pem, b"".join(each.public_bytes(Encoding.PEM) for each in chain))


def _make(unit_name: str, now: datetime) -> OfficeCertificate:
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = _name(unit_name, "YunTaKan root"), _name(unit_name, "YunTaKan pictures")
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    root = (
        _builder(issuer, issuer, root_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(usage, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    own = (
        _builder(subject, issuer, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(above, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return _certificate(key, [own, root])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID_BEFORE)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(unit_name: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, unit_name[:_MOST_COMMON_NAME]),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_unless_there(path: Path, content: bytes, mode: int = 0o600) -> None:
    with suppress(FileExistsError):  # another process made it just now
        write_once(path, content, mode)
