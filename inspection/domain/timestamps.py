"""Whether a time-stamp token (RFC 3161) holds for some bytes, and what it then says.

Checked: the form, the imprint, the signed attributes with the digest of the content and of the signer's certificate
(RFC 5035, RFC 5816), the signature, the signer's purpose, and the way to a root where roots are given. Nothing is
fetched; revocation is not looked up. docs/evidence.md has the same rules for other verifiers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from inspection.domain.der import SEQUENCE, DerError, Fields, Item, context, integer, object_id, octets, read_one
from inspection.domain.instants import rfc3339_ms
from inspection.domain.timestamp_chains import (
    CERTIFICATE_FAULTS,
    HashKind,
    find_root,
    is_timestamp_signer,
    load_all,
    verifies,
)
from inspection.domain.timestamp_tokens import TST_INFO, Algorithm, Signer, Token, parse_token, read_algorithm

_HASHES: dict[str, HashKind] = {
    "2.16.840.1.101.3.4.2.1": SHA256(),
    "2.16.840.1.101.3.4.2.2": SHA384(),
    "2.16.840.1.101.3.4.2.3": SHA512(),
}
_SHA256 = "2.16.840.1.101.3.4.2.1"
_RSA_PLAIN, _RSA_PSS, _MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_WITH_HASH = {
    "1.2.840.113549.1.1.11": "sha256", "1.2.840.113549.1.1.12": "sha384", "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256", "1.2.840.10045.4.3.3": "sha384", "1.2.840.10045.4.3.4": "sha512",
}  # fmt: skip
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


class TokenCode(StrEnum):
    """What may be wrong with a token."""

    UNPARSABLE = "timestamp_unparsable"
    IMPRINT = "timestamp_imprint"
    SIGNATURE = "timestamp_signature"
    CHAIN = "timestamp_chain"


class TokenFault(Exception):
    """A token that does not hold."""

    def __init__(self, code: TokenCode, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a token that holds says. Instants are RFC 3339 texts; `root` is None where no roots were given.

    The authority's clock stood between `not_before` and `not_after`: `gen_time` less and plus its accuracy.
    """

    gen_time: str
    accuracy_us: int
    not_before: str
    not_after: str
    policy: str
    serial: int
    nonce: int | None
    signer: str
    signer_sha256: str
    root: str | None
    root_sha256: str | None


def check_token(
    token: bytes, data: bytes, roots: Sequence[x509.Certificate], extra: Sequence[x509.Certificate] = ()
) -> TokenFacts:
    """What the DER TimeStampToken says of `data`. Raises TokenFault, nothing else, whatever the bytes are.

    `roots`: whom the caller trusts; without any, the signer is whoever the token says. `extra`: certificates that
    may stand between, trusted by nobody.
    """
    try:
        parsed = parse_token(token)
    except DerError as error:
        raise TokenFault(TokenCode.UNPARSABLE, str(error)) from error
    _check_imprint(parsed, data)
    given = [*load_all(parsed.certificates), *extra]
    signer = _find_signer(parsed, given)
    _check_signature(parsed, signer)
    root = find_root(signer, given, roots, parsed.info.gen_time) if roots else None
    if roots and root is None:
        raise TokenFault(TokenCode.CHAIN, "its signer leads to no given root")
    return _facts(parsed, signer, root)


def _check_imprint(parsed: Token, data: bytes) -> None:
    if parsed.info.imprint_algorithm != _SHA256 or parsed.info.imprint != hashlib.sha256(data).digest():
        raise TokenFault(TokenCode.IMPRINT, "it stamps something else")


def _find_signer(parsed: Token, given: Sequence[x509.Certificate]) -> x509.Certificate:
    """The first certificate that the signed attributes name by digest, and the signer by name or key."""
    try:
        names = _certificate_digests(parsed.signer)
        found = next((one for one in given if _is_named(one, names)), None)
        if found is None or not _fits(parsed.signer, found):
            raise TokenFault(TokenCode.SIGNATURE, "its signer's certificate is not there")
        if not is_timestamp_signer(found, parsed.info.gen_time):
            raise TokenFault(TokenCode.SIGNATURE, "its signer may not sign time stamps, or not then")
    except (DerError, *CERTIFICATE_FAULTS) as error:
        raise TokenFault(TokenCode.SIGNATURE, f"its signer's certificate: {error}") from error
    return found


def _check_signature(parsed: Token, certificate: x509.Certificate) -> None:
    signer = parsed.signer
    try:
        kind = _HASHES.get(signer.digest.oid)
        if kind is None or not _states_content(signer, parsed.content, kind):
            raise TokenFault(TokenCode.SIGNATURE, "its signed attributes are not of its content")
        salt_bytes = _salt_bytes(signer.signature_algorithm, signer.digest.oid, kind)
        fits = verifies(certificate.public_key(), signer.signature, signer.signed_bytes, kind, salt_bytes)
    except (DerError, *CERTIFICATE_FAULTS) as error:
        raise TokenFault(TokenCode.SIGNATURE, f"its signature: {error}") from error
    if not fits:
        raise TokenFault(TokenCode.SIGNATURE, "its signature does not fit")


def _states_content(signer: Signer, content: bytes, kind: HashKind) -> bool:
    stated, digest = signer.attributes.get(_CONTENT_TYPE), signer.attributes.get(_MESSAGE_DIGEST)
    if stated is None or digest is None:
        return False
    return object_id(stated) == TST_INFO and octets(digest) == hashlib.new(kind.name, content).digest()


def _certificate_digests(signer: Signer) -> list[tuple[str, bytes]]:
    """(hash, digest) of the signer's certificate, from each of the two attributes that is there; one has to be."""
    found: list[tuple[str, bytes]] = []
    for kind, default in ((_SIGNING_CERTIFICATE, "sha1"), (_SIGNING_CERTIFICATE_V2, "sha256")):
        attribute = signer.attributes.get(kind)
        if attribute is not None:
            found.append(_first_digest(attribute, default))
    if not found:
        raise DerError("no attribute names the signer's certificate")
    return found


def _first_digest(attribute: Item, default: str) -> tuple[str, bytes]:
    first = Fields.of(Fields.of(Fields.of(attribute).next()).next())
    algorithm = first.find(SEQUENCE) if default == "sha256" else None
    if algorithm is not None:
        kind = _HASHES.get(read_algorithm(algorithm).oid)
        if kind is None:
            raise DerError("a digest of another kind")
        default = kind.name
    return default, octets(first.next())


def _is_named(certificate: x509.Certificate, names: Sequence[tuple[str, bytes]]) -> bool:
    der = certificate.public_bytes(Encoding.DER)
    return all(hashlib.new(kind, der, usedforsecurity=False).digest() == digest for kind, digest in names)


def _fits(signer: Signer, certificate: x509.Certificate) -> bool:
    if signer.key_id is not None:
        held = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return held.digest == signer.key_id
    return (signer.issuer, signer.serial) == _issuer_and_serial(certificate)


def _issuer_and_serial(certificate: x509.Certificate) -> tuple[bytes, int]:
    """As they stand in its bytes (RFC 5280 4.1: version, serial number, signature, issuer, …)."""
    fields = Fields.of(read_one(certificate.tbs_certificate_bytes, SEQUENCE))
    fields.find(context(0))
    serial = integer(fields.next())
    fields.next()
    return fields.next().whole, serial


def _salt_bytes(algorithm: Algorithm, digest: str, kind: HashKind) -> int | None:
    """The salt of RSASSA-PSS, None for the others. Raises DerError where the hash is not that of the digest."""
    if algorithm.oid == _RSA_PSS:
        return _pss_salt_bytes(algorithm, digest)
    if algorithm.oid != _RSA_PLAIN and _WITH_HASH.get(algorithm.oid) != kind.name:
        raise DerError("an algorithm that is not known, or of another hash")
    return None


def _pss_salt_bytes(algorithm: Algorithm, digest: str) -> int:
    if algorithm.parameters is None:
        raise DerError("no parameters")
    fields = Fields.of(algorithm.parameters)
    hashed, masked, salt, trailer = (fields.find(context(number)) for number in range(4))
    fields.end()
    if hashed is None or masked is None or salt is None:
        raise DerError("not the parameters of SHA-256 or better")
    mask = read_algorithm(read_one(masked.content, SEQUENCE))
    inner = None if mask.parameters is None else read_algorithm(mask.parameters).oid
    names = (read_algorithm(read_one(hashed.content, SEQUENCE)).oid, mask.oid, inner)
    length = integer(read_one(salt.content, 0x02))
    if names != (digest, _MGF1, digest) or trailer is not None or not 0 <= length <= 64:
        raise DerError("parameters of another hash")
    return length


def _facts(parsed: Token, signer: x509.Certificate, root: x509.Certificate | None) -> TokenFacts:
    info = parsed.info
    accuracy = timedelta(microseconds=info.accuracy_us)
    return TokenFacts(
        gen_time=rfc3339_ms(info.gen_time),
        accuracy_us=info.accuracy_us,
        not_before=rfc3339_ms(info.gen_time - accuracy),
        not_after=rfc3339_ms(_up_to_ms(info.gen_time + accuracy)),
        policy=info.policy,
        serial=info.serial,
        nonce=info.nonce,
        signer=name_of(signer),
        signer_sha256=_sha256(signer),
        root=None if root is None else name_of(root),
        root_sha256=None if root is None else _sha256(root),
    )


def name_of(certificate: x509.Certificate) -> str:
    """A name for people: the common name, or the whole as RFC 4514 writes it; the digest where it cannot be read."""
    try:
        common: list[Any] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(common[0].value) if common else certificate.subject.rfc4514_string()
    except CERTIFICATE_FAULTS:
        return _sha256(certificate)


def _up_to_ms(at: datetime) -> datetime:
    return at + timedelta(microseconds=-at.microsecond % 1000)


def _sha256(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
