"""An office at a site of a test network: `yuntakan serve` on its port 443, with or without a TURN server."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.office import START_TIMEOUT_S, YUNTAKAN, Office
from tests.faults.network import Network

SITE = "office"


@dataclass
class FarOffice(Office):
    """`variables`: settings of the server, beside those of its folder and port."""

    network: Network = field(kw_only=True)
    variables: dict[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def url(self) -> str:
        address = self.network.seen_as(SITE)
        return f"https://{address}" if self.port == 443 else f"https://{address}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}

    def at_site(self, *arguments: str, expected: int | None = 0) -> subprocess.CompletedProcess[str]:
        """A console command on this office's folder, run where the office is."""
        command = self.network.command(SITE, str(YUNTAKAN), *arguments, "--data", str(self.folder))
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )  # fmt: skip
        assert expected is None or done.returncode == expected, done.stdout + done.stderr
        return done

    def start(self) -> None:
        command = [str(YUNTAKAN), "serve", "--port", str(self.port), "--data", str(self.folder)]
        with (self.folder.parent / "server.log").open("ab") as log:
            self.server = self.network.start(
                SITE, command, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        self._wait_until_reachable()

    def _wait_until_reachable(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self.network.within(SITE, self._answers):
            assert self.server is not None and self.server.poll() is None, "the server ended; see server.log"
            assert time.monotonic() < deadline_s, "the server did not answer in time; see server.log"
            time.sleep(0.1)

    def _answers(self) -> bool:
        address = f"https://{self.network.address(SITE)}:{self.port}/healthz"
        try:
            trust = ssl.create_default_context(cafile=str(self.ca_path))
            with urllib.request.urlopen(address, context=trust, timeout=2):
                return True
        except OSError:
            return False


def doctor(office: FarOffice, site: str, *arguments: str, stdin: str = "") -> tuple[int, dict[str, str]]:
    """What `yuntakan doctor` finds there: (exit status, level by code)."""
    done = subprocess.run(
        office.network.command(site, str(YUNTAKAN), "doctor", "--json", *arguments),
        input=stdin, env=office.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, {one["code"]: one["level"] for one in json.loads(done.stdout)["results"]}


def visit(office: FarOffice, site: str, ca: Path) -> tuple[int, dict[str, str]]:
    """What it finds of the office from that site, as a member of staff."""
    person = office.inspectors[0]
    asked = ("--server", office.url, "--ca", str(ca), "--username", person.username, "--password-stdin")
    return doctor(office, site, *asked, stdin=person.password + "\n")
