"""Certificates of a time-stamp token: which signed it, and whether it leads to a given root.

Only certificates that the token's own bytes, the package or the caller brought are used; nothing is fetched, and
no revocation is looked up. What cannot be read is passed over, and so leads nowhere.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

HashKind = SHA256 | SHA384 | SHA512

MAX_CHAIN = 6
_MAX_STEPS = 64
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_HASHES = (SHA256, SHA384, SHA512)
_CURVES = (ec.SECP256R1, ec.SECP384R1)
_KNOWN_CRITICAL = (
    x509.BasicConstraints.oid,
    x509.KeyUsage.oid,
    x509.ExtendedKeyUsage.oid,
    x509.CertificatePolicies.oid,
)

#: What reading or using somebody else's certificate may raise.
CERTIFICATE_FAULTS = (
    ValueError, TypeError, OverflowError, UnsupportedAlgorithm, InvalidSignature,
    x509.InvalidVersion, x509.DuplicateExtension, x509.ExtensionNotFound, x509.UnsupportedGeneralNameType,
)  # fmt: skip


def load_all(ders: Iterable[bytes]) -> list[x509.Certificate]:
    """Those that can be read."""
    found: list[x509.Certificate] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for der in ders:
            try:
                found.append(x509.load_der_x509_certificate(der))
            except CERTIFICATE_FAULTS:
                continue
    return found


def is_timestamp_signer(certificate: x509.Certificate, at: datetime) -> bool:
    """Whether it was made for time stamps alone (RFC 3161 2.3), may sign, and was good at that instant."""
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    alone = list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    return purposes.critical and alone and _may(certificate, "digital_signature") and _is_valid(certificate, at)


def verifies(key: object, signature: bytes, message: bytes, kind: HashKind, salt_bytes: int | None) -> bool:
    """Whether the signature fits. `salt_bytes`: RSASSA-PSS with that salt; None: PKCS #1 v1.5, or ECDSA by the key."""
    if not is_usable_key(key):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pad = padding.PKCS1v15() if salt_bytes is None else padding.PSS(padding.MGF1(kind), salt_bytes)
            key.verify(signature, message, pad, kind)
        elif isinstance(key, ec.EllipticCurvePublicKey) and salt_bytes is None:
            key.verify(signature, message, ec.ECDSA(kind))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def is_usable_key(key: object) -> bool:
    """RSA of 2048 to 8192 bits, ECDSA on P-256 or P-384."""
    if isinstance(key, rsa.RSAPublicKey):
        return _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)


def find_root(
    leaf: x509.Certificate, given: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate | None:
    """The root that the leaf leads to by way of the given ones, all of them good at that instant."""
    return _Search(given, roots, at).find(leaf, 0)


class _Search:
    """Depth first, bounded in steps: certificates come from whoever wrote the package."""

    def __init__(self, given: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime) -> None:
        self._given = given
        self._roots = roots
        self._at = at
        self._steps_left = _MAX_STEPS

    def find(self, child: x509.Certificate, above_leaf: int) -> x509.Certificate | None:
        """`above_leaf`: how many certificates authorities stand below the issuer that is wanted."""
        for root in self._roots:
            if _same(child, root) or (self._signed_by(child, root) and _was_valid(root, self._at)):
                return root
        if above_leaf + 2 >= MAX_CHAIN:
            return None
        for issuer in self._given:
            if self._signed_by(child, issuer) and _is_authority(issuer, above_leaf, self._at):
                found = self.find(issuer, above_leaf + 1)
                if found is not None:
                    return found
        return None

    def _signed_by(self, child: x509.Certificate, issuer: x509.Certificate) -> bool:
        try:
            if self._steps_left == 0 or child.issuer != issuer.subject or _same(child, issuer):
                return False
            self._steps_left -= 1
            if not isinstance(child.signature_hash_algorithm, _HASHES) or not is_usable_key(issuer.public_key()):
                return False
            child.verify_directly_issued_by(issuer)
        except CERTIFICATE_FAULTS:
            return False
        return True


def _is_authority(certificate: x509.Certificate, below: int, at: datetime) -> bool:
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        long_enough = basic.path_length is None or basic.path_length >= below
        known = all(one.oid in _KNOWN_CRITICAL for one in certificate.extensions if one.critical)
        return basic.ca and long_enough and known and _may(certificate, "key_cert_sign") and _is_valid(certificate, at)
    except CERTIFICATE_FAULTS:
        return False


def _may(certificate: x509.Certificate, what: str) -> bool:
    """Where the certificate does not restrict its use, it may."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool(getattr(usage, what))


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    """Raises one of CERTIFICATE_FAULTS where its times cannot be read."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _was_valid(root: x509.Certificate, at: datetime) -> bool:
    try:
        return _is_valid(root, at)
    except CERTIFICATE_FAULTS:
        return False


def _same(one: x509.Certificate, other: x509.Certificate) -> bool:
    return one.public_bytes(Encoding.DER) == other.public_bytes(Encoding.DER)
