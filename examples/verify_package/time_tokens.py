"""Time-stamp tokens (RFC 3161 in CMS, RFC 5652) and challenge codes; DER is read here, certificates by `cryptography`.

The rules, and what each fault is called, are in docs/evidence.md, "Time stamps".
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from .basics import Broken, need, sha256
from .record import Record

INTEGER, OCTETS, NULL, OID, SEQUENCE, SET, TIME, BOOLEAN = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31, 0x18, 0x01
SHA2 = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512"}
HASHES: dict[str, Any] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
RSA, PSS, MGF1 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
WITH_HASH = {f"1.2.840.113549.1.1.{11 + n}": name for n, name in enumerate(HASHES)} | {
    f"1.2.840.10045.4.3.{2 + n}": name for n, name in enumerate(HASHES)
}
ANSWERS = (ValueError, TypeError, KeyError, IndexError, UnsupportedAlgorithm, InvalidSignature, x509.ExtensionNotFound,
           x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion)  # fmt: skip
MAX_BYTES = 65_536


# --- DER: tags of one byte, definite lengths in their shortest form -----------------------------------------------


@dataclass(frozen=True)
class Der:
    tag: int
    content: bytes
    whole: bytes

    def items(self) -> Items:
        return Items(self.content)


class Items:
    """Values one after another. ValueError where one is missing or another than expected."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def next(self, *tags: int) -> Der:
        found = self.find(*tags)
        if found is None:
            raise ValueError("another value")
        return found

    def find(self, *tags: int) -> Der | None:
        """The next value where it has one of the tags (any, if none is given)."""
        if not self.data or (tags and self.data[0] not in tags):
            return None
        found, self.data = read(self.data)
        return found

    def end(self) -> None:
        if self.data:
            raise ValueError("more than expected")


def read(data: bytes) -> tuple[Der, bytes]:
    """The first value and what follows."""
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise ValueError("no value")
    length, at = data[1], 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
        if not 0 < size <= 4 or at > len(data) or length < 0x80 or data[2] == 0:
            raise ValueError("a length in another form")
    if at + length > len(data):
        raise ValueError("ends within a value")
    return Der(data[0], data[at : at + length], data[: at + length]), data[at + length :]


def whole(data: bytes, tag: int) -> Der:
    found, rest = read(data)
    if rest or found.tag != tag:
        raise ValueError("another value, or more of it")
    return found


def integer(value: Der) -> int:
    raw = value.content
    longer = len(raw) > 1 and ((raw[0] == 0 and raw[1] < 0x80) or (raw[0] == 0xFF and raw[1] >= 0x80))
    if value.tag not in (INTEGER, 0x80, 0x81) or not 0 < len(raw) <= 64 or longer:
        raise ValueError("no integer")
    return int.from_bytes(raw, "big", signed=True)


def object_id(value: Der) -> str:
    raw = value.content
    if value.tag != OID or not raw or raw[-1] & 0x80:
        raise ValueError("no object identifier")
    arcs, arc, begins = [], 0, True
    for byte in raw:
        if begins and byte == 0x80:
            raise ValueError("an arc in another form")
        arc, begins = arc << 7 | byte & 0x7F, not byte & 0x80
        if begins:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def algorithm(value: Der) -> tuple[str, Der | None]:
    """Object identifier and parameters."""
    items = value.items()
    oid, parameters = object_id(items.next(OID)), items.find(NULL, SEQUENCE, OID)
    items.end()
    return oid, parameters


# --- the token ----------------------------------------------------------------------------------------------------


@dataclass
class Token:
    info: bytes
    imprint_hash: str
    imprint: bytes
    at: datetime
    accuracy: timedelta
    certificates: list[bytes]
    issuer: tuple[bytes, int] | None
    key_id: bytes | None
    digest: str
    attributes: dict[str, Der]
    signed: bytes
    signing: tuple[str, Der | None]
    signature: bytes


def parse_token(data: bytes) -> Token:
    """ValueError for anything of another form."""
    if len(data) > MAX_BYTES:
        raise ValueError("too long")
    items = whole(data, SEQUENCE).items()
    is_cms = object_id(items.next(OID)) == "1.2.840.113549.1.7.2"
    cms = whole(items.next(0xA0).content, SEQUENCE).items()
    items.end()
    if not is_cms or integer(cms.next(INTEGER)) != 3:
        raise ValueError("no signed data of version 3")
    digests = cms.next(SET).items()
    while digests.data:
        algorithm(digests.next(SEQUENCE))
    content = cms.next(SEQUENCE).items()
    is_info = object_id(content.next(OID)) == "1.2.840.113549.1.9.16.1.4"
    info = whole(content.next(0xA0).content, OCTETS).content
    content.end()
    shipped = cms.find(0xA0)
    cms.find(0xA1)
    signers = cms.next(SET).items()
    cms.end()
    signer = signers.next(SEQUENCE)
    signers.end()
    if not is_info:
        raise ValueError("no time stamp")
    certificates: list[bytes] = []
    held = shipped.items() if shipped is not None else Items(b"")
    count = 0
    while held.data:
        one = held.next()
        count += 1
        if one.tag == SEQUENCE:
            certificates.append(one.whole)
    if count > 16:
        raise ValueError("too many certificates")
    return Token(*parse_info(info), certificates, *parse_signer(signer))


def parse_info(data: bytes) -> tuple[bytes, str, bytes, datetime, timedelta]:
    items = whole(data, SEQUENCE).items()
    version = integer(items.next(INTEGER))
    object_id(items.next(OID))
    imprint = items.next(SEQUENCE).items()
    kind, _ = algorithm(imprint.next(SEQUENCE))
    digest = imprint.next(OCTETS).content
    imprint.end()
    integer(items.next(INTEGER))
    at = generalized_time(items.next(TIME).content)
    said = items.find(SEQUENCE)
    accuracy = parse_accuracy(said.items()) if said is not None else timedelta()
    ordering = items.find(BOOLEAN)
    nonce = items.find(INTEGER)
    if nonce is not None:
        integer(nonce)
    items.find(0xA0)
    items.find(0xA1)
    items.end()
    if version != 1 or (ordering is not None and ordering.content != b"\xff"):
        raise ValueError("another version")
    return data, kind, digest, at, accuracy


def parse_accuracy(items: Items) -> timedelta:
    found = [items.find(tag) for tag in (INTEGER, 0x80, 0x81)]
    items.end()
    seconds, millis, micros = (0 if one is None else integer(one) for one in found)
    if not (0 <= seconds <= 86_400 and 0 <= millis <= 999 and 0 <= micros <= 999):
        raise ValueError("no possible accuracy")
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)


def generalized_time(raw: bytes) -> datetime:
    found = re.fullmatch(r"([0-9]{14})(?:\.([0-9]{0,8}[1-9]))?Z", raw.decode("ascii"))
    if found is None:
        raise ValueError("no time")
    at = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if not 1970 <= at.year <= 2200:
        raise ValueError("no possible year")
    return at + timedelta(microseconds=int((found[2] or "0").ljust(9, "0")[:6]))


def parse_signer(value: Der) -> tuple[Any, ...]:
    items = value.items()
    version, named = integer(items.next(INTEGER)), items.next(SEQUENCE, 0x80)
    issuer, key = None, None
    if version == 1 and named.tag == SEQUENCE:
        names = named.items()
        issuer = (names.next(SEQUENCE).whole, integer(names.next(INTEGER)))
        names.end()
    elif version == 3 and named.tag == 0x80:
        key = named.content
    else:
        raise ValueError("a signer of another form")
    digest, _ = algorithm(items.next(SEQUENCE))
    held = items.next(0xA0)
    signing = algorithm(items.next(SEQUENCE))
    signature = items.next(OCTETS).content
    items.find(0xA1)
    items.end()
    attributes: dict[str, Der] = {}
    rest = held.items()
    while rest.data:
        one = rest.next(SEQUENCE).items()
        oid, values = object_id(one.next(OID)), one.next(SET)
        one.end()
        only, more = read(values.content)
        if oid in attributes or more:
            raise ValueError("an attribute stands twice")
        attributes[oid] = only
    return issuer, key, digest, attributes, b"\x31" + held.whole[1:], signing, signature


# --- checks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stamp:
    """A token that holds: over so many entries, entered as `seq`; within these instants; `root`: it leads to one."""

    seq: int
    size: int
    not_before: datetime
    not_after: datetime
    root: x509.Certificate | None
    is_test: bool


def check_token(
    data: bytes, stamped: bytes, roots: Sequence[x509.Certificate], extra: Sequence[x509.Certificate]
) -> tuple[datetime, datetime, x509.Certificate | None]:
    """Not before, not after, and the root. Broken without a place."""
    try:
        token = parse_token(data)
    except (*ANSWERS, OverflowError, UnicodeDecodeError):
        raise Broken("timestamp_unparsable") from None
    if SHA2.get(token.imprint_hash) != "sha256" or token.imprint != sha256(stamped):
        raise Broken("timestamp_imprint")
    given = [*load(token.certificates), *extra]
    try:
        signer = find_signer(token, given)
        fits = signer is not None and check_signature(token, signer)
    except ANSWERS:
        fits = False
    if not fits or signer is None:
        raise Broken("timestamp_signature")
    root = find_root(signer, given, roots, token.at) if roots else None
    if roots and root is None:
        raise Broken("timestamp_chain")
    return token.at - token.accuracy, token.at + token.accuracy, root


def load(ders: Sequence[bytes]) -> list[x509.Certificate]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is odd about somebody else's certificate is no news
        for der in ders:
            try:
                found.append(x509.load_der_x509_certificate(der))
            except ANSWERS:
                continue
    return found


def find_signer(token: Token, given: Sequence[x509.Certificate]) -> x509.Certificate | None:
    named: list[tuple[str, bytes]] = []
    for oid, kind in (("1.2.840.113549.1.9.16.2.12", "sha1"), ("1.2.840.113549.1.9.16.2.47", "sha256")):
        if oid in token.attributes:
            first = token.attributes[oid].items().next(SEQUENCE).items().next(SEQUENCE).items()
            said = first.find(SEQUENCE) if kind == "sha256" else None
            named.append((SHA2[algorithm(said)[0]] if said is not None else kind, first.next(OCTETS).content))
    if not named:
        return None
    for one in given:
        der = one.public_bytes(Encoding.DER)
        if all(hashlib.new(kind, der, usedforsecurity=False).digest() == digest for kind, digest in named):
            return one if is_named(token, one) and may_stamp(one, token.at) else None
    return None


def is_named(token: Token, certificate: x509.Certificate) -> bool:
    if token.key_id is not None:
        held = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return held.digest == token.key_id
    items = whole(certificate.tbs_certificate_bytes, SEQUENCE).items()
    items.find(0xA0)
    serial = integer(items.next(INTEGER))
    items.next(SEQUENCE)
    return token.issuer == (items.next(SEQUENCE).whole, serial)


def may_stamp(certificate: x509.Certificate, at: datetime) -> bool:
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    alone = usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    key_usage = [one.value for one in extensions if isinstance(one.value, x509.KeyUsage)]
    return alone and all(one.digital_signature for one in key_usage) and is_valid(certificate, at)


def is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def check_signature(token: Token, certificate: x509.Certificate) -> bool:
    kind = SHA2[token.digest]
    content_type = object_id(token.attributes["1.2.840.113549.1.9.3"])
    stated = token.attributes["1.2.840.113549.1.9.4"]
    same = stated.tag == OCTETS and stated.content == hashlib.new(kind, token.info).digest()
    if content_type != "1.2.840.113549.1.9.16.1.4" or not same:
        return False
    oid, parameters = token.signing
    salt = None
    if oid == PSS:
        salt = pss_salt(parameters, token.digest)
    elif oid != RSA and WITH_HASH.get(oid) != kind:
        return False
    is_rsa = oid.startswith("1.2.840.113549.1.1.")
    if is_rsa != isinstance(certificate.public_key(), rsa.RSAPublicKey):
        return False
    return verifies(certificate.public_key(), token.signature, token.signed, kind, salt)


def pss_salt(parameters: Der | None, digest: str) -> int:
    items = parameters.items() if parameters is not None else Items(b"")
    hashed, mask, salt = items.next(0xA0), items.next(0xA1), items.next(0xA2)
    items.end()
    oid, inner = algorithm(whole(mask.content, SEQUENCE))
    names = [algorithm(whole(hashed.content, SEQUENCE))[0], algorithm(inner)[0] if inner is not None else ""]
    length = integer(whole(salt.content, INTEGER))
    if names != [digest, digest] or oid != MGF1 or not 0 <= length <= 64:
        raise ValueError("other parameters")
    return length


def verifies(key: Any, signature: bytes, message: bytes, kind: str, salt: int | None) -> bool:
    """RSA of 2048 to 8192 bits, P-256 and P-384; anything else does not fit."""
    chosen = HASHES[kind]
    try:
        if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192:
            plain: Any = padding.PKCS1v15()
            scheme = plain if salt is None else padding.PSS(padding.MGF1(chosen), salt)
            key.verify(signature, message, scheme, chosen)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1") and salt is None:
            decode_dss_signature(signature)
            key.verify(signature, message, ec.ECDSA(chosen))
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def find_root(
    signer: x509.Certificate, given: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate | None:
    """The root that the signer is, or leads to by at most four certificates between."""
    waiting: list[tuple[x509.Certificate, int]] = [(signer, 0)]
    seen = [signer]
    while waiting:
        child, between = waiting.pop(0)
        for root in roots:
            if root == child or (is_valid(root, at) and issued(root, child)):
                return root
        for one in given if between < 4 else ():
            if one not in seen and may_issue(one, between, at) and issued(one, child):
                seen.append(one)
                waiting.append((one, between + 1))
    return None


def issued(parent: x509.Certificate, child: x509.Certificate) -> bool:
    try:
        if parent.subject.public_bytes() != child.issuer.public_bytes():
            return False
        algorithm_hash = child.signature_hash_algorithm
        kind = algorithm_hash.name if algorithm_hash is not None else ""
        scheme: Any = child.signature_algorithm_parameters
        key: Any = parent.public_key()
        if kind not in HASHES:
            return False
        if isinstance(scheme, padding.PSS):
            key.verify(child.signature, child.tbs_certificate_bytes, scheme, algorithm_hash)
            return isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192
        if isinstance(scheme, ec.ECDSA) != isinstance(key, ec.EllipticCurvePublicKey):
            return False
        return verifies(key, child.signature, child.tbs_certificate_bytes, kind, None)
    except ANSWERS:
        return False


def may_issue(certificate: x509.Certificate, below: int, at: datetime) -> bool:
    """An authority, valid then; `below` certificates stand between it and the signer."""
    known = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies)
    try:
        extensions = certificate.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        was_valid = is_valid(certificate, at)
    except ANSWERS:
        return False
    usages = [one.value for one in extensions if isinstance(one.value, x509.KeyUsage)]
    strange = any(one.critical and not isinstance(one.value, known) for one in extensions)
    within = basic.path_length is None or below <= basic.path_length
    return bool(basic.ca) and within and all(one.key_cert_sign for one in usages) and not strange and was_valid


def stamping_roots(given: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """A root that says it is for other purposes only does not count."""
    kept = []
    for one in given:
        try:
            usage = list(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        except ANSWERS:
            usage = [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
        if {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
            kept.append(one)
    return kept


def check_times(record: Record, members: Any, listed: Any, roots: Sequence[x509.Certificate]) -> list[Stamp]:
    """The tokens that are there, and every challenge code."""
    extra: list[x509.Certificate] = []
    for name in listed:
        if name.startswith("certificates/") and len(members[name]) <= MAX_BYTES:
            try:
                extra += x509.load_pem_x509_certificates(bytes(members[name]))
            except ValueError:
                continue
    stamps = []
    for entry in record.of_kind("timestamp"):
        said = entry["payload"]
        if said["file"] not in listed:
            continue
        where, content = f"{said['file']} entry {entry['seq']}", bytes(members[said["file"]][: MAX_BYTES + 1])
        need(len(content) <= MAX_BYTES, "timestamp_unparsable", where)
        need(sha256(content).hex() == said["token_sha256"], "timestamp_digest", where)
        line = record.checkpoints.get((said["size"], said["root"]))
        need(line is not None, "timestamp_imprint", where)
        try:
            found = check_token(content, line or b"", stamping_roots(roots), extra)
        except Broken as broken:
            raise Broken(broken.args[0], where) from None
        stamps.append(Stamp(entry["seq"], said["size"], *found, is_test=said["is_test"]))
    for entry in record.of_kind("challenge"):
        said, where = entry["payload"], f"ledger.jsonl entry {entry['seq']}"
        need(0 < said["size"] < entry["seq"], "challenge_code", where)
        root = record.roots[said["size"] - 1]
        digest = sha256(b"yuntakan-challenge-v1\n" + root + said["challenge_id"].encode())
        code = f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"
        need((said["root"], said["code"]) == (root.hex(), code), "challenge_code", where)
    return stamps
