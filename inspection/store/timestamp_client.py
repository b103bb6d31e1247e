"""Time stamps over HTTP (RFC 3161 3.4): one request, one answer, both bounded; what does not hold is not kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import aiohttp
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    decode_timestamp_response,
)

from inspection.domain.timestamps import TokenFault, check_token
from inspection.services.stamping_ports import Stamped, StampFailed

ANSWER_S = 10.0
MAX_ANSWER_BYTES = 64 * 1024
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_BUSY = (408, 429)
_GRANTED = (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)


@dataclass(frozen=True, slots=True)
class AuthorityCertificates:
    """What the office got from an authority: roots to hold its tokens against, and certificates between."""

    roots: tuple[x509.Certificate, ...] = ()
    between: tuple[x509.Certificate, ...] = ()


def load_certificates(path: Path) -> AuthorityCertificates:
    """From a PEM file; those that name themselves as issuer are roots. Raises OSError, ValueError."""
    found = x509.load_pem_x509_certificates(path.read_bytes())
    roots = tuple(one for one in found if one.issuer == one.subject)
    return AuthorityCertificates(roots, tuple(one for one in found if one.issuer != one.subject))


class HttpTimestampAuthority:
    """One authority. `session` is closed by whoever made it. `certificates` without a root: any signer is taken."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        name: str,
        number: int,
        certificates: AuthorityCertificates = AuthorityCertificates(),
        *,
        is_test: bool = False,
        answer_s: float = ANSWER_S,
    ) -> None:
        self.name = name
        self.number = number
        self.is_test = is_test
        self._session = session
        self._url = url
        self._certificates = certificates
        self._answer_s = answer_s

    async def stamp(self, data: bytes) -> Stamped:
        """See `inspection.services.stamping_ports.TimestampAuthority`."""
        request = TimestampRequestBuilder(data, HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
        token = _token_of(request, await self._ask(request.as_bytes()))
        try:
            facts = check_token(token, data, self._certificates.roots, self._certificates.between)
        except TokenFault as fault:
            raise StampFailed("invalid", str(fault)) from fault
        return Stamped(token, facts)

    async def _ask(self, query: bytes) -> bytes:
        headers = {"Content-Type": _QUERY, "Accept": _REPLY}
        timeout = aiohttp.ClientTimeout(total=self._answer_s)
        try:
            async with self._session.post(
                self._url, data=query, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != 200:
                    cause = "unreachable" if response.status in _BUSY or response.status >= 500 else "refused"
                    raise StampFailed(cause, f"status {response.status}")
                return await _read_bounded(response.content)
        except TimeoutError as error:
            raise StampFailed("timeout", f"no answer within {self._answer_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise StampFailed("unreachable", str(error) or type(error).__name__) from error


def _token_of(request: TimeStampRequest, answer: bytes) -> bytes:
    response = _decoded(answer)
    if response.status not in _GRANTED:
        raise StampFailed("refused", f"PKI status {response.status}: {'; '.join(response.status_string)[:200]}")
    try:
        nonce = response.tst_info.nonce
        token = response.time_stamp_token()
    except ValueError as error:
        raise StampFailed("invalid", str(error)) from error
    if nonce != request.nonce:
        raise StampFailed("invalid", "the answer to another request")
    return token


def _decoded(answer: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(answer)
    except ValueError as error:
        raise StampFailed("invalid", f"no answer of the protocol: {error}") from error


async def _read_bounded(stream: aiohttp.StreamReader) -> bytes:
    content = bytearray()
    async for chunk in stream.iter_chunked(16 * 1024):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise StampFailed("too_large", f"more than {MAX_ANSWER_BYTES} bytes")
    return bytes(content)
