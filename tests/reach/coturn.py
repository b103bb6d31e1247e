"""A coturn of ours at a site of a test network, started from what `yuntakan turn-config` wrote."""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.faults.network import Network
from web.certificates import TlsFolder, ensure_certificates

START_TIMEOUT_S = 10.0
PORT = 443


def why_no_coturn() -> str | None:
    """Why there is none, None where Debian's package `coturn` is installed."""
    return None if shutil.which("turnserver") else "coturn is not installed (apt-get install coturn)"


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """(certificate, key) of an authority of its own."""
    tls = TlsFolder(folder)
    ensure_certificates(tls, [name])
    return tls.certificate, tls.key


def spki_digest(certificate: Path) -> str:
    """What Chromium takes in place of trust: base64 of the SHA-256 of the public key."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    return base64.b64encode(
        hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    ).decode()


@contextmanager
def coturn(network: Network, site: str, conf: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs within the block."""
    command = [
        "turnserver",
        "-c",
        str(conf),
        "--pidfile",
        str(log.with_suffix(".pid")),
        "--db",
        str(log.with_suffix(".db")),
    ]
    with log.open("wb") as output:
        server = network.start(site, command, stdout=output, stderr=output)
    try:
        _wait_until_reachable(network, site, server)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_reachable(network: Network, site: str, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while True:
        assert server.poll() is None, "coturn ended at once; see its log"
        try:
            network.within(site, lambda: socket.create_connection((network.address(site), PORT), 1).close())
            return
        except OSError:
            assert time.monotonic() < deadline_s, "coturn does not listen; see its log"
            time.sleep(0.05)
