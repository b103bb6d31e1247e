"""Copies of stills with a manifest: only the office's root makes them trusted, and they stay the ledger's JPEG."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection.domain.entry import Entry
from inspection.domain.verification_deep import CredentialFinding
from inspection.store.content_credentials import (
    CredentialReader,
    CredentialWriter,
    StillCopier,
    inspection_assertion,
    without_manifest,
)
from inspection.store.office_certificate import (
    CertificateFileError,
    OfficeCertificate,
    load_certificate,
    load_or_create_certificate,
)

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)
TRUSTED, UNTRUSTED, INVALID = CredentialFinding.TRUSTED, CredentialFinding.UNTRUSTED, CredentialFinding.INVALID


def picture(seed: int = 1) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", noise)[1].tobytes()


def assertion_of(jpeg: bytes) -> dict[str, object]:
    said = {
        "still_id": "still1",
        "jpeg_sha256": sha256(jpeg).hexdigest(),
        "encoded_sha256": "b" * 64,
        "i420_sha256": "c" * 64,
    }
    return inspection_assertion("inspection1", 7, "a" * 64, {**said, "width": 160})


@pytest.fixture
def certificate(tmp_path: Path) -> OfficeCertificate:
    return load_or_create_certificate(tmp_path / "keys" / "c2pa.pem", "示范县行政审批局", NOW)


def test_only_with_the_offices_root_a_copy_is_trusted(certificate: OfficeCertificate, tmp_path: Path) -> None:
    jpeg = picture()
    signed = CredentialWriter(certificate, "yuntakan 0.1").sign(jpeg, assertion_of(jpeg))
    other = load_or_create_certificate(tmp_path / "other.pem", "别的局", NOW)
    assert CredentialReader([certificate.root_pem]).check(signed, assertion_of(jpeg)) is TRUSTED
    assert CredentialReader([other.root_pem, certificate.root_pem]).check(signed, assertion_of(jpeg)) is TRUSTED
    assert CredentialReader([other.root_pem]).check(signed, assertion_of(jpeg)) is UNTRUSTED
    assert CredentialReader([]).check(signed, assertion_of(jpeg)) is UNTRUSTED


def test_without_its_manifest_a_copy_is_the_stamped_jpeg(certificate: OfficeCertificate) -> None:
    jpeg = picture()
    signed = CredentialWriter(certificate, "yuntakan 0.1").sign(jpeg, assertion_of(jpeg))
    assert signed != jpeg and without_manifest(signed) == jpeg
    assert without_manifest(jpeg) == jpeg


def test_what_was_changed_is_invalid(certificate: OfficeCertificate) -> None:
    jpeg, other = picture(1), picture(2)
    writer, reader = CredentialWriter(certificate, "yuntakan 0.1"), CredentialReader([certificate.root_pem])
    signed = writer.sign(jpeg, assertion_of(jpeg))
    for place in range(2, len(signed), len(signed) // 60):
        if signed[place] == 0:
            continue  # the signature's own padding (COSE) is covered by nothing but the package's manifest
        bent = bytearray(signed)
        bent[place] ^= 0x10
        assert reader.check(bytes(bent), assertion_of(jpeg)) is INVALID, place
    assert reader.check(jpeg, assertion_of(jpeg)) is INVALID
    assert reader.check(b"", assertion_of(jpeg)) is INVALID
    assert reader.check(writer.sign(other, assertion_of(jpeg)), assertion_of(jpeg)) is INVALID
    assert reader.check(signed, {**assertion_of(jpeg), "seq": 8}) is INVALID


def test_the_certificate_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "c2pa.pem"
    first = load_or_create_certificate(path, "示范县行政审批局" * 20, NOW)
    assert load_or_create_certificate(path, "别的局", NOW) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(path.parent)) == ["c2pa-root.pem", "c2pa.pem"]
    assert (path.parent / "c2pa-root.pem").read_bytes() == first.root_pem
    path.chmod(0o640)
    with pytest.raises(CertificateFileError, match="others"):
        load_certificate(path)


def test_a_file_of_something_else_is_no_certificate(tmp_path: Path, certificate: OfficeCertificate) -> None:
    other = load_or_create_certificate(tmp_path / "other.pem", "别的局", NOW)
    mixed = replace(certificate, chain_pem=other.chain_pem)
    for content in (b"", b"-----BEGIN", certificate.key_pem, certificate.chain_pem, mixed.key_pem + mixed.chain_pem):
        path = tmp_path / "given.pem"
        path.unlink(missing_ok=True)
        path.touch(0o600)
        path.write_bytes(content)
        with pytest.raises(CertificateFileError):
            load_certificate(path)


def test_a_certificate_that_ran_out_leaves_the_copies_out_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jpeg = picture()
    old = load_or_create_certificate(tmp_path / "old.pem", "示范县行政审批局", NOW - timedelta(days=30 * 365))
    said = {key: value for key, value in assertion_of(jpeg).items() if key.endswith(("_sha256", "_id"))}
    entry = cast(Entry, SimpleNamespace(kind="still", inspection="i", seq=7, hash="a" * 64, payload=said))
    copier = StillCopier(old, "yuntakan 0.1", [entry])
    assert copier("stills/still1.jpg", jpeg) is None and copier("stills/still1.jpg", jpeg) is None
    assert [record.levelname for record in caplog.records] == ["ERROR"] and "not valid" in caplog.text


def test_the_made_root_is_for_pictures_and_never_for_time(certificate: OfficeCertificate) -> None:
    root = x509.load_pem_x509_certificate(certificate.root_pem)
    usage = root.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    assert root.not_valid_after_utc - NOW > timedelta(days=19 * 365)
