"""A test authority: `openssl ts -reply` behind a small server on loopback, with certificates of its own.

What it stamps proves nothing to anybody: its keys are made for one run. `ServedAuthority.mode` makes it fail.
"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HAS_OPENSSL = shutil.which("openssl") is not None
POLICY = "1.2.3.4.1"
HOUR = dt.timedelta(hours=1)

_CONFIG = """\
[tsa]
default_tsa = t
[t]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
{certificates}signer_digest = {digest}
default_policy = {policy}
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def ec_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def named(common: str) -> x509.Name:
    office = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "测试机构")
    return x509.Name([office, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def issue(
    common: str,
    by: Issued | None = None,
    *,
    ca: bool = False,
    path_length: int | None = None,
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    critical: bool = True,
    since: dt.timedelta = -HOUR,
    until: dt.timedelta = 24 * HOUR,
    key: Key | None = None,
) -> Issued:
    """A certificate by another, or by itself."""
    key = key or ec_key()
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(common))
        .issuer_name(by.certificate.subject if by else named(common))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca, path_length if ca else None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), True)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical)
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)


class Authority:
    """Signs time stamps by openssl in `folder`."""

    def __init__(
        self,
        folder: Path,
        signer: Issued,
        root: Issued,
        between: tuple[Issued, ...] = (),
        digest: str = "sha256",
        ess: str = "sha256",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.signer, self.root = folder, signer, root
        self._turn = threading.Lock()
        (folder / "serial").write_text("01\n")
        (folder / "signer.pem").write_bytes(signer.pem)
        (folder / "between.pem").write_bytes(b"".join(one.pem for one in between))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "signer.key").write_bytes(signer.key.private_bytes(*form))
        certificates = f"certs = {folder}/between.pem\n" if between else ""
        text = _CONFIG.format(folder=folder, digest=digest, ess=ess, policy=POLICY, certificates=certificates)
        (folder / "tsa.cnf").write_text(text)

    @classmethod
    def make(cls, folder: Path, **options: Any) -> Authority:
        root = issue("测试根证书", ca=True)
        return cls(folder, issue("测试时间戳机构", root, purposes=STAMPING), root, **options)

    def reply(self, query: bytes) -> bytes:
        """The DER TimeStampResp of a DER TimeStampReq."""
        return self._run(query, "-out", "/dev/stdout")

    def token(self, data: bytes) -> bytes:
        """A DER TimeStampToken over some bytes."""
        (self.folder / "data").write_bytes(data)
        command = ["openssl", "ts", "-query", "-data", str(self.folder / "data"), "-sha256", "-cert"]
        query = subprocess.run(command, capture_output=True, check=True, timeout=10).stdout
        return self._run(query, "-token_out", "-out", "/dev/stdout")

    def _run(self, query: bytes, *out: str) -> bytes:
        with self._turn:
            (self.folder / "query").write_bytes(query)
            command = ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf")]
            command += ["-queryfile", str(self.folder / "query"), *out]
            return subprocess.run(command, capture_output=True, check=True, timeout=10).stdout


class ServedAuthority:
    """An authority behind HTTP.

    `mode`: `ok`, `down` (status 503), `unknown` (404), `garbage`, `huge`, `other` (a stamp of something else), `mute`.
    """

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.mode = "ok"
        self.asked = 0
        self.url = ""
        self.let_go = threading.Event()

    def answer(self, query: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.mode == "mute":
            self.let_go.wait(10)
        if self.mode == "other":
            return 200, self.authority.reply(_query_of(self.authority, b"something else"))
        made = {
            "down": (503, b""),
            "unknown": (404, b""),
            "garbage": (200, b"\x30\x03abc"),
            "huge": (200, bytes(10_000_000)),
        }
        return made[self.mode] if self.mode in made else (200, self.authority.reply(query))


def _query_of(authority: Authority, data: bytes) -> bytes:
    (authority.folder / "other").write_bytes(data)
    command = ["openssl", "ts", "-query", "-data", str(authority.folder / "other"), "-sha256", "-cert"]
    return subprocess.run(command, capture_output=True, check=True, timeout=10).stdout


@contextmanager
def serving(authority: Authority) -> Iterator[ServedAuthority]:
    """Listens on a free port of loopback until the end."""
    served = ServedAuthority(authority)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = served.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return  # the client had enough

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
