"""Joins where UDP is blocked and nothing but TCP 443 gets out: from opening the page to the first picture.

`python -m tests.reach.tls443 --count 20 --json`. A phone and an inspector, both behind such a line, join again and
again over a coturn with TLS on port 443; the phone's picture has to leave, and to be decoded at the inspector's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.e2e import acts
from tests.e2e.browsers import Screen, open_desk, open_phone
from tests.e2e.office import Office
from tests.faults.leg import LegProfile
from tests.faults.network import Network, Site, why_not
from tests.reach.browser import TIMES, browser_at
from tests.reach.coturn import coturn, make_certificate, spki_digest, why_no_coturn
from tests.reach.place import FarOffice

LIMIT_MS = 5_000
PATIENCE_MS = 15_000
ONE_WAY_MS = 20


@dataclass(frozen=True)
class Join:
    """One join; times in ms from asking for the page. `connect_ms`: from the connection's making to its being up."""

    who: str
    connected_ms: float | None
    picture_ms: float | None
    connect_ms: float | None
    relayed_by: str | None

    @property
    def is_in_time(self) -> bool:
        return self.picture_ms is not None and self.picture_ms <= LIMIT_MS and self.relayed_by is not None


@dataclass
class Scene:
    network: Network
    office: FarOffice
    certificate: Path


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Phone, office and TURN server, each in a network of its own; the phone's line passes TCP 443 alone."""
    with Network([Site("phone"), Site("office"), Site("turn")]) as network:
        narrow = LegProfile(delay_ms=ONE_WAY_MS, blocks_udp=True, tcp_ports=(443,))
        network.set("phone", up=narrow, down=narrow)
        certificate, key = make_certificate(folder / "turn-tls", network.address("turn"))
        office = FarOffice(folder / "data", 443, network=network, variables={
            "YUNTAKAN_TURN__URLS": f"turns:{network.address('turn')}:443?transport=tcp",
            "YUNTAKAN_TURN__LISTEN": network.address("turn"),
            "YUNTAKAN_TURN__TLS_CERT": str(certificate),
            "YUNTAKAN_TURN__TLS_KEY": str(key),
        })  # fmt: skip
        office.add_people()
        conf = folder / "turnserver.conf"
        office.at_site("turn-config", "-o", str(conf))
        with coturn(network, "turn", conf, folder / "coturn.log"):
            office.start()
            try:
                yield Scene(network, office, certificate)
            finally:
                office.stop()


async def measure(scene: Scene, count: int) -> list[Join]:
    """`count` joins of each of both."""
    office: Office = scene.office
    joins: list[Join] = []
    trusted = f"--ignore-certificate-errors-spki-list={spki_digest(scene.certificate)}"
    async with browser_at(scene.network, "phone", trusted) as browser:
        desk = await open_desk(browser, f"{office.url}/office/login")
        await desk.context.add_init_script(path=TIMES)
        await acts.sign_in(desk, office.inspectors[0])
        await acts.open_inspection(desk, None)
        invited = await acts.invite(desk, "guidance")
        phone = await open_phone(browser, invited.link)
        await phone.context.add_init_script(path=TIMES)
        await acts.come_in(phone, office)
        for number in range(count):
            joins.append(await _join(phone, "phone", phone.page.url))
            joins.append(await _join(desk, "inspector", invited.console_url))
            print(f"{number + 1}/{count}: {joins[-2]} {joins[-1]}", file=sys.stderr, flush=True)
    return joins


async def _join(screen: Screen, who: str, url: str) -> Join:
    await screen.page.goto("about:blank")
    await screen.page.goto(url, wait_until="commit")
    deadline_s = time.monotonic() + PATIENCE_MS / 1000
    times: list[dict[str, float | str | bool | None]] = []
    while time.monotonic() < deadline_s:
        times = await screen.page.evaluate("window.reachTimes ?? []")
        done = [one for one in times if one and one["picture_ms"] is not None]
        if done:
            one = done[0]
            connected, made = float(one["connected_ms"] or 0), float(one["made_ms"] or 0)
            relayed_by = str(one["protocol"]) if one["relayed"] else None
            return Join(who, connected, float(one["picture_ms"] or 0), connected - made, relayed_by)
        await asyncio.sleep(0.1)
    print(f"{who}: no picture; {times}", file=sys.stderr)
    return Join(who, None, None, None, None)


def summary(joins: list[Join]) -> dict[str, object]:
    pictures = sorted(join.picture_ms for join in joins if join.picture_ms is not None)
    connects = sorted(join.connect_ms for join in joins if join.connect_ms is not None)

    def at(values: list[float], share: float) -> float | None:
        return round(values[min(len(values) - 1, int(share * len(values)))]) if values else None

    return {
        "joins": len(joins),
        "in_time": sum(join.is_in_time for join in joins),
        "limit_ms": LIMIT_MS,
        "picture_ms": {"p50": at(pictures, 0.5), "p95": at(pictures, 0.95), "max": at(pictures, 1)},
        "connect_ms": {"p50": at(connects, 0.5), "p95": at(connects, 0.95), "max": at(connects, 1)},
        "each": [asdict(join) for join in joins],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="joins of each of phone and inspector")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    reason = why_not() or why_no_coturn()
    if reason is not None:
        print(f"not measured: {reason}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ytk-reach") as folder, scene(Path(folder)) as place:
        found = summary(asyncio.run(measure(place, arguments.count)))
    if arguments.json:
        print(json.dumps(found))
    else:
        print(f"{found['in_time']} of {found['joins']} within {LIMIT_MS} ms; picture {found['picture_ms']} ms")
    return 0 if found["in_time"] == found["joins"] else 1


if __name__ == "__main__":
    sys.exit(main())
