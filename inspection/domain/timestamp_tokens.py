"""A time-stamp token taken apart: CMS SignedData (RFC 5652) around a TSTInfo (RFC 3161).

Only the form is looked at here; `inspection.domain.timestamps` says whether it holds. docs/evidence.md has the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inspection.domain.der import (
    GENERALIZED_TIME,
    INTEGER,
    SEQUENCE,
    SET,
    DerError,
    Fields,
    Item,
    context,
    integer,
    object_id,
    octets,
    read_all,
    read_one,
)

MAX_TOKEN_BYTES = 64 * 1024
MAX_CERTIFICATES = 16
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
MAX_ACCURACY_S = 24 * 3600

_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]{0,8}[1-9]))?Z")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An AlgorithmIdentifier: its object identifier and its parameters."""

    oid: str
    parameters: Item | None


@dataclass(frozen=True, slots=True)
class TstInfo:
    """What the authority states. `gen_time` is cut to the microsecond; accuracy 0 where it names none."""

    policy: str
    imprint_algorithm: str
    imprint: bytes
    serial: int
    gen_time: datetime
    accuracy_us: int
    nonce: int | None


@dataclass(frozen=True, slots=True)
class Signer:
    """The SignerInfo. `issuer` (DER) and `serial`, or `key_id`, name the certificate; `attributes`: value by type."""

    issuer: bytes | None
    serial: int | None
    key_id: bytes | None
    digest: Algorithm
    attributes: dict[str, Item]
    signed_bytes: bytes
    signature_algorithm: Algorithm
    signature: bytes


@dataclass(frozen=True, slots=True)
class Token:
    """A token's parts. `content`: the DER of TSTInfo; `certificates`: each one's DER."""

    content: bytes
    info: TstInfo
    certificates: tuple[bytes, ...]
    signer: Signer


def parse_token(token: bytes) -> Token:
    """Raises DerError for anything that is not one token of the form that docs/evidence.md gives."""
    if len(token) > MAX_TOKEN_BYTES:
        raise DerError("longer than a token")
    outer = Fields.of(read_one(token, SEQUENCE))
    _require(object_id(outer.next()) == SIGNED_DATA, "no signed data")
    signed = Fields.of(read_one(_explicit(outer.next(), 0), SEQUENCE))
    outer.end()
    _require(integer(signed.next()) == 3, "signed data of another version")
    for algorithm in read_all(_tagged(signed.next(), SET)):
        _algorithm(algorithm)
    content = _content(signed.next())
    certificates = _certificates(signed.find(context(0)))
    signed.find(context(1))
    signers = read_all(_tagged(signed.next(), SET))
    signed.end()
    _require(len(signers) == 1, "not one signer")
    return Token(content, _tst_info(content), certificates, _signer(signers[0]))


def read_algorithm(item: Item) -> Algorithm:
    """An AlgorithmIdentifier. Raises DerError."""
    return _algorithm(item)


def _content(item: Item) -> bytes:
    fields = Fields.of(item)
    _require(object_id(fields.next()) == TST_INFO, "no time stamp inside")
    content = octets(read_one(_explicit(fields.next(), 0), 0x04))
    fields.end()
    return content


def _certificates(item: Item | None) -> tuple[bytes, ...]:
    found = [] if item is None else read_all(item.content)
    _require(len(found) <= MAX_CERTIFICATES, "too many certificates")
    return tuple(certificate.whole for certificate in found if certificate.tag == SEQUENCE)


def _signer(item: Item) -> Signer:
    fields = Fields.of(item)
    version = integer(fields.next())
    named = fields.next()
    issuer, serial, key_id = _named(named)
    _require(version == (3 if key_id is not None else 1), "a signer of another version")
    digest = _algorithm(fields.next())
    attributes = fields.next()
    held = _attributes(attributes)
    algorithm = _algorithm(fields.next())
    signature = octets(fields.next())
    fields.find(context(1))
    fields.end()
    signed_bytes = bytes([SET]) + attributes.whole[1:]
    return Signer(issuer, serial, key_id, digest, held, signed_bytes, algorithm, signature)


def _named(item: Item) -> tuple[bytes | None, int | None, bytes | None]:
    if item.tag == context(0, constructed=False):
        return None, None, item.content
    fields = Fields.of(item)
    issuer, serial = fields.next(), integer(fields.next())
    _require(issuer.tag == SEQUENCE, "no name")
    fields.end()
    return issuer.whole, serial, None


def _attributes(item: Item) -> dict[str, Item]:
    held: dict[str, Item] = {}
    for attribute in read_all(_tagged(item, context(0))):
        fields = Fields.of(attribute)
        kind, values = object_id(fields.next()), read_all(_tagged(fields.next(), SET))
        fields.end()
        _require(kind not in held and len(values) == 1, "an attribute with several values")
        held[kind] = values[0]
    return held


def _tst_info(content: bytes) -> TstInfo:
    fields = Fields.of(read_one(content, SEQUENCE))
    _require(integer(fields.next()) == 1, "a time stamp of another version")
    policy = object_id(fields.next())
    imprint = Fields.of(fields.next())
    algorithm, digest = _algorithm(imprint.next()), octets(imprint.next())
    imprint.end()
    serial, gen_time = integer(fields.next()), _time(fields.next())
    accuracy = fields.find(SEQUENCE)
    ordering = fields.find(0x01)
    _require(ordering is None or ordering.content == b"\xff", "ordering not in its shortest form")
    nonce = fields.find(INTEGER)
    fields.find(context(0))
    fields.find(context(1))
    fields.end()
    accuracy_us = 0 if accuracy is None else _accuracy_us(accuracy)
    asked = None if nonce is None else integer(nonce)
    return TstInfo(policy, algorithm.oid, digest, serial, gen_time, accuracy_us, asked)


def _time(item: Item) -> datetime:
    found = _TIME.fullmatch(_tagged(item, GENERALIZED_TIME))
    if found is None:
        raise DerError("no time in UTC")
    fraction_us = int((found[2] or b"").ljust(6, b"0")[:6])
    try:
        whole = datetime.strptime(found[1].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise DerError("no such time") from error
    _require(1970 <= whole.year <= 2200, "a time before 1970 or after 2200")
    return whole + timedelta(microseconds=fraction_us)


def _accuracy_us(item: Item) -> int:
    fields = Fields.of(item)
    seconds = fields.find(INTEGER)
    millis = fields.find(context(0, constructed=False))
    micros = fields.find(context(1, constructed=False))
    fields.end()
    whole = 0 if seconds is None else integer(seconds)
    parts = [0 if part is None else integer(Item(INTEGER, part.content, part.whole)) for part in (millis, micros)]
    _require(0 <= whole <= MAX_ACCURACY_S and all(0 <= part <= 999 for part in parts), "no accuracy")
    return whole * 1_000_000 + parts[0] * 1000 + parts[1]


def _algorithm(item: Item) -> Algorithm:
    fields = Fields.of(item)
    oid = object_id(fields.next())
    parameters = fields.find(0x05, SEQUENCE, 0x06)
    fields.end()
    return Algorithm(oid, parameters)


def _explicit(item: Item, number: int) -> bytes:
    return _tagged(item, context(number))


def _tagged(item: Item, tag: int) -> bytes:
    if item.tag != tag:
        raise DerError(f"tag {item.tag:#04x} instead of {tag:#04x}")
    return item.content


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise DerError(why)
