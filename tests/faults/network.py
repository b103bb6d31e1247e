"""Sites in network namespaces of their own, joined by a hub of ours that loses, delays and blocks as it is told.

    with Network([Site("phone"), Site("office")], seed=1) as network:
        network.set("phone", up=LegProfile(loss=0.05, delay_ms=50), down=LegProfile(delay_ms=50))
        network.start("office", ["yuntakan", "serve", ...])

Needs root and /dev/net/tun (`why_not`). What was left by a run that was killed is removed by the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tests.faults.hub import INTERFACE, enter_namespace
from tests.faults.leg import LegProfile

PREFIX = "ytk-"
NAMESPACES = Path("/run/netns")
ROOT = Path(__file__).resolve().parents[2]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Site:
    """A place with a line of its own. Its address is 10.77.N.2 in 10.77.N.0/24 for the Nth site.

    public_address: how the others know it (1:1 translation, the site itself does not know it).
    """

    name: str
    public_address: str | None = None


def why_not() -> str | None:
    """Why networks cannot be made here, None where they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun is not there"
    try:
        probe = f"{PREFIX}{os.getpid()}-probe"
        _ip("netns", "add", probe)
        _ip("netns", "del", probe)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"network namespaces are not permitted: {error}"
    return None


class Network:
    """Owner of the namespaces and the hub. `start`, `run`, `within` do things at a site; `set` changes its line."""

    def __init__(self, sites: list[Site], seed: int = 1) -> None:
        self._sites = {site.name: number for number, site in enumerate(sites, 1)}
        self._public = {site.name: site.public_address for site in sites}
        self._seed = seed
        self._hub: subprocess.Popen[str] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="ytk-net")
        self._lock = threading.Lock()

    def __enter__(self) -> Network:
        remove_stale()
        try:
            for name in self._sites:
                _ip("netns", "add", self.namespace(name))
                _ip("-n", self.namespace(name), "link", "set", "lo", "up")
            self._start_hub()
            for name in self._sites:
                self._configure(name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the hub, whoever still runs at a site, and the namespaces. Idempotent."""
        hub, self._hub = self._hub, None
        if hub is not None and hub.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                hub.stdin.close()
            hub.wait(10)
            if hub.stdout is not None:
                hub.stdout.close()
        for name in self._sites:
            if (NAMESPACES / self.namespace(name)).exists():
                _remove(self.namespace(name))
        self._folder.cleanup()

    def namespace(self, site: str) -> str:
        return f"{PREFIX}{os.getpid()}-{site}"

    def address(self, site: str) -> str:
        """How the site knows itself, at the start."""
        return f"10.77.{self._sites[site]}.2"

    def seen_as(self, site: str) -> str:
        """How the others know it."""
        return self._public[site] or self.address(site)

    def set(self, site: str, up: LegProfile | None = None, down: LegProfile | None = None) -> None:
        """From the next packet on. `up`: from the site into the network; None leaves a leg as it is."""
        for leg, profile in (("up", up), ("down", down)):
            if profile is not None:
                self._ask({"site": site, "leg": leg, "profile": profile.to_json()})

    def counts(self, reset: bool = False) -> dict[str, Any]:
        """Per leg (`phone.up`): packets passed and dropped by reason; `hub`: latest delivery after its time in µs."""
        return self._ask({"reset": reset})

    def move(self, site: str, host: int) -> str:
        """Takes the site's address away and gives it 10.77.N.`host`; open TCP connections are lost, as on a phone."""
        namespace, new = self.namespace(site), f"10.77.{self._sites[site]}.{host}"
        _ip("-n", namespace, "addr", "flush", "dev", INTERFACE)
        _ip("-n", namespace, "addr", "add", f"{new}/24", "dev", INTERFACE)
        _ip("-n", namespace, "route", "replace", "default", "dev", INTERFACE)
        return new

    def command(self, site: str, *arguments: str) -> list[str]:
        """The same command, run at that site; the process id stays that of the command."""
        return ["ip", "netns", "exec", self.namespace(site), *arguments]

    def start(self, site: str, arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command(site, *arguments), **options)

    def wrapper(self, site: str, executable: str) -> Path:
        """A program that runs `executable` at that site with the arguments it gets (for what starts browsers)."""
        path = Path(self._folder.name) / f"{site}-{Path(executable).name}"
        command = " ".join(self.command(site, executable))
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        return path

    def within(self, site: str, function: Callable[[], Answer]) -> Answer:
        """Calls it in a thread that is at that site: sockets made there stay there. Waits for the answer."""
        answers: list[Answer] = []
        errors: list[BaseException] = []

        def call() -> None:
            try:
                enter_namespace(self.namespace(site))
                answers.append(function())
            except BaseException as error:  # handed to the caller's thread
                errors.append(error)

        thread = threading.Thread(target=call, name=f"at {site}")
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return answers[0]

    def _start_hub(self) -> None:
        sites = [
            {
                "name": name,
                "namespace": self.namespace(name),
                "network": f"10.77.{number}.0/24",
                "seed": self._seed * 1000 + 10 * number,
                "private": self.address(name) if self._public[name] else None,
                "public": self._public[name],
            }
            for name, number in self._sites.items()
        ]
        self._hub = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.hub"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        self._ask(sites)

    def _configure(self, name: str) -> None:
        namespace = self.namespace(name)
        _ip("-n", namespace, "addr", "add", f"{self.address(name)}/24", "dev", INTERFACE)
        _ip("-n", namespace, "link", "set", INTERFACE, "up")
        _ip("-n", namespace, "route", "add", "default", "dev", INTERFACE)

    def _ask(self, command: Any) -> dict[str, Any]:
        hub = self._hub
        assert hub is not None and hub.stdin is not None and hub.stdout is not None, "the network is not up"
        with self._lock:
            hub.stdin.write(json.dumps(command) + "\n")
            hub.stdin.flush()
            line = hub.stdout.readline()
        assert line, "the hub has ended; see standard error"
        answer: dict[str, Any] = json.loads(line)
        return answer


def remove_stale() -> None:
    """Namespaces of processes that are gone, and whoever was left in them."""
    for path in NAMESPACES.glob(f"{PREFIX}*-*"):
        owner = path.name.removeprefix(PREFIX).split("-", 1)[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(subprocess.CalledProcessError):  # another run removes it at the same time
                _remove(path.name)


def _remove(namespace: str) -> None:
    for pid in _ip("netns", "pids", namespace).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    _ip("netns", "del", namespace)


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout
