"""PAdES signatures on documents, with the office's certificate (ETSI EN 319 142-1, baseline B-B)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner

FIELD = "YunTaKan"


def pdf_signer(chain_pem: bytes, key_pem: bytes) -> Callable[[bytes], bytes]:
    """Signs a document as a whole; blocks for some 30 ms, asks nobody. `chain_pem`: the signer's certificate first.

    Raises ValueError where key and certificates cannot be read.
    """
    from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    first, *others = load_certs_from_pemder_data(chain_pem)
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # its constructor says no types
    registry.register_multiple(others)
    signer = SimpleSigner(
        signing_cert=first, signing_key=load_private_key_from_pemder_data(key_pem, None), cert_registry=registry
    )
    how = PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    return lambda document: _signed(document, how, signer)


def _signed(document: bytes, how: PdfSignatureMetadata, signer: SimpleSigner) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    out = io.BytesIO()
    signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(document)), how, signer=signer, output=out)
    return out.getvalue()
