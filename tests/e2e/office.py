"""A running server for browser tests: a process of its own, its data folder, its people."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from examples.robot_applicant.robot import read_code

START_TIMEOUT_S = 40.0
YUNTAKAN = Path(sys.executable).with_name("yuntakan")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Person:
    username: str
    name: str
    role: str
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))


@dataclass
class Office:
    """Starts, kills and restarts `yuntakan serve` on one data folder."""

    folder: Path
    port: int
    server: subprocess.Popen[bytes] | None = None
    inspectors: tuple[Person, Person] = field(
        default_factory=lambda: (Person("zhang", "张勘验", "inspector"), Person("li", "李勘验", "inspector"))
    )
    auditor: Person = field(default_factory=lambda: Person("shen", "沈审计", "auditor"))

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def ca_path(self) -> Path:
        return self.folder / "tls" / "ca.crt"

    @property
    def sms_outbox(self) -> Path:
        return self.folder / "outbox" / "sms.jsonl"

    def add_people(self) -> None:
        for person in (*self.inspectors, self.auditor):
            self.run(
                *("user", "add", person.username, "--name", person.name, "--role", person.role),
                *("--unit", "示范县行政审批局", "--badge", f"33{secrets.randbelow(10**6):06d}", "--password-stdin"),
                stdin=person.password,
            )

    def run(self, *arguments: str, stdin: str = "", expected: int | None = 0) -> subprocess.CompletedProcess[str]:
        """A console command on this office's data folder."""
        done = subprocess.run(
            [str(YUNTAKAN), *arguments, *(("--data", str(self.folder)) if arguments[0] != "verify" else ())],
            input=stdin, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert expected is None or done.returncode == expected, done.stdout + done.stderr
        return done

    def start(self) -> None:
        command = [str(YUNTAKAN), "serve", "--port", str(self.port), "--data", str(self.folder)]
        with (self.folder.parent / "server.log").open("ab") as log:
            self.server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._wait_until_reachable()

    def kill(self) -> None:
        """kill -9 of the main process alone; what it started has to notice by itself."""
        assert self.server is not None
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def stop(self) -> None:
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.server.pid, signal.SIGKILL)
                raise

    def relay_pid(self) -> int:
        """The relay process that the running server started."""
        assert self.server is not None
        for children in Path(f"/proc/{self.server.pid}/task").glob("*/children"):
            for child in children.read_text().split():
                if b"media.relay_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        raise AssertionError("the server has no relay process")

    async def code_for(self, phone: str, after_unix_s: float) -> str:
        """The six digits of the newest SMS; raises TimeoutError."""
        return await read_code(self.sms_outbox, phone, after_unix_s)

    def sms(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.sms_outbox.read_text(encoding="utf-8").splitlines()]

    def _wait_until_reachable(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                trust = ssl.create_default_context(cafile=str(self.ca_path))
                with urllib.request.urlopen(f"{self.url}/healthz", context=trust, timeout=2):
                    return
            except OSError:
                assert self.server is not None and self.server.poll() is None, "the server ended; see server.log"
                assert time.monotonic() < deadline_s, "the server did not answer in time; see server.log"
                time.sleep(0.1)
