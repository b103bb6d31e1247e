"""kill -9 of the server or of its relay at random moments of a call, and what is left of the record.

`python -m tests.e2e.kills --what server|relay --count 50 --seed 1 [--json]`: a real `yuntakan serve`, people on its
public interface, light peers that send real VP8 and Opus. Each time: the call comes back, at most a second is lost,
`check` fits, the package is whole, one gap of cause `restart` says what is missing. Exit status 1 where that did not
hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from inspection.domain.verification import State
from inspection.store.package_files import verify_file
from media.bench.material import Material, make_material
from media.bench.peers import LoadReceiver, LoadSender
from media.peer import PeerIdentity
from tests.e2e.office import Office, free_port
from tests.signaling.served import case_body
from web.client import Json, PublicClient, Refused, public_client

LOST_TAIL_S = 1.0
BACK_S = 40.0
#: By the clock of an entry a segment may end a moment after the kill: they are two processes.
CLOCKS_S = 0.05


@dataclass
class Outcome:
    seed: int
    what: str
    killed_after_s: float
    lost_s: float = 0.0
    back_s: float = 0.0
    recovered: int = 0
    torn_bytes: int = 0
    problems: list[str] = field(default_factory=list)


class SocketPort:
    """As much of the relay's port as the light peers use, over a person's session socket."""

    def __init__(self, person: PublicClient) -> None:
        self._person = person

    async def add_up_peer(self, session_id: str, peer_id: str, participant_id: str, role: str, sdp: str) -> Json:
        return await self._person.call("peer:publish", {"sdp": sdp})

    async def add_down_peer(self, session_id: str, peer_id: str, participant_id: str, role: str) -> Json:
        self._peer_id = await self._person.call("peer:subscribe", {})
        return self._peer_id

    async def accept_answer(self, session_id: str, peer_id: str, sdp: str) -> None:
        await self._person.call("peer:answer", {"peer_id": self._peer_id["peer_id"], "sdp": sdp})


class LightCall:
    """An applicant who sends and an inspector who receives; `rebuild` is what their pages do after an outage."""

    def __init__(self, applicant: PublicClient, inspector: PublicClient, session_id: str, material: Material) -> None:
        self._people = (applicant, inspector)
        self._session_id = session_id
        self._material = material
        self.sender: LoadSender | None = None
        self.receiver: LoadReceiver | None = None

    async def rebuild(self) -> None:
        await self.aclose()
        applicant, inspector = self._people
        self.sender = LoadSender(self._identity("applicant", "up"), self._material)
        await self.sender.publish(cast(Any, SocketPort(applicant)))
        self.receiver = await LoadReceiver.subscribe(
            self._identity("inspector", "down"), cast(Any, SocketPort(inspector))
        )
        async with asyncio.timeout(20):
            await self.sender.is_connected.wait()
        self.sender.play()

    async def wait_frames(self, timeout_s: float) -> None:
        assert self.receiver is not None
        async with asyncio.timeout(timeout_s):
            await self.receiver.first_frame.wait()

    async def aclose(self) -> None:
        for peer in (self.sender, self.receiver):
            if peer is not None:
                await peer.aclose()
        self.sender = self.receiver = None

    def _identity(self, role: Any, direction: Any) -> PeerIdentity:
        return PeerIdentity(self._session_id, f"light-{role}", role, role, direction)


class Bench:
    """An office with two inspectors and an auditor who stay signed in, whatever is killed."""

    def __init__(self, folder: Path) -> None:
        os.environ["YUNTAKAN_RELAY_LOOPBACK"] = "true"
        self.office = Office(folder / "data", free_port())
        self.material = make_material()
        self._folder = folder
        self._stack = AsyncExitStack()
        self._phones = 0

    async def start(self) -> None:
        self.office.add_people()
        self.office.start()
        self._stack.callback(self.office.stop)
        first = self.office.inspectors[0]
        self.inspector = await self._person("inspector", first.username, first.password)
        self.auditor = await self._person("auditor", self.office.auditor.username, self.office.auditor.password)

    async def aclose(self) -> None:
        await self._stack.aclose()

    async def round(self, what: str, seed: int) -> Outcome:
        chance = random.Random(seed)
        async with AsyncExitStack() as stack:
            case_id, session_id, applicant = await self._case(stack)
            people = (applicant, self.inspector)
            call = LightCall(applicant, self.inspector, session_id, self.material)
            stack.push_async_callback(call.aclose)
            await self._join(people, session_id)
            await call.rebuild()
            await self._recording(session_id, True, 20)
            await asyncio.sleep(chance.uniform(0.0, 4.0))
            outcome = Outcome(seed, what, 0.0)
            killed_s = await self._kill(what)
            try:
                await self._come_back(people, session_id, call, killed_s)
                outcome.back_s = time.time() - killed_s
                await asyncio.sleep(1.0)
                await applicant.act("session:stop", {})
            except (TimeoutError, Refused) as error:
                outcome.problems.append(f"the call did not come back: {error!r}")
            await self._leave()
        await self._judge(outcome, case_id, session_id, killed_s)
        return outcome

    async def _person(self, role: str, username: str, password: str) -> PublicClient:
        client = await self._stack.enter_async_context(public_client(self.office.url, role, self.office.ca_path))
        await client.sign_in(username, password)
        return client

    async def _case(self, stack: AsyncExitStack) -> tuple[str, str, PublicClient]:
        self._phones += 1
        phone = str(13900000000 + self._phones)
        colleagues = (await self.inspector.get("/api/inspector/colleagues"))["users"]
        opened = await self.inspector.post("/api/inspector/inspections", case_body(phone, colleagues[0]["id"]))
        created = await self.inspector.post(
            f"/api/inspector/inspections/{opened['id']}/sessions", {"nature": "guidance"}
        )
        token = created["invitation"]["link"].rsplit("/", 1)[1]
        applicant = await stack.enter_async_context(public_client(self.office.url, "applicant", self.office.ca_path))
        asked_s = time.time()
        await applicant.post("/api/applicant/invitations/send-code", {"token": token})
        body = {
            "token": token, "code": await self.office.code_for(phone, asked_s), "told_at": "2026-05-06T01:29:00Z",
            "agreed_position": True,
        }  # fmt: skip
        applicant.csrf = (await applicant.post("/api/applicant/invitations/redeem", body))["csrf"]
        return opened["id"], created["session"]["id"], applicant

    async def _join(self, people: tuple[PublicClient, ...], session_id: str) -> None:
        self.inspector.log.entries.clear()
        self.inspector.last_seq = 0
        for person in people:
            if not person.socket.connected:
                await person.connect()
            await person.join(session_id)

    async def _leave(self) -> None:
        await self.inspector.socket.disconnect()

    async def _recording(self, session_id: str, on: bool, timeout_s: float, after_seq: int = 0) -> Json:
        def fits(entry: Json) -> bool:
            said = entry["payload"]
            mine = entry["kind"] == "recording" and said["session_id"] == session_id
            return mine and said["on"] is on and entry["seq"] > after_seq

        return await self.inspector.log.wait_for(fits, timeout_s)

    async def _kill(self, what: str) -> float:
        killed_s = time.time()
        if what == "relay":
            os.kill(self.office.relay_pid(), signal.SIGKILL)
            return killed_s
        self.office.kill()
        await asyncio.to_thread(self.office.start)
        return killed_s

    async def _come_back(
        self, people: tuple[PublicClient, ...], session_id: str, call: LightCall, killed_s: float
    ) -> None:
        """Joins and connections again and again, as pages do, until media flows and is recorded."""
        before = max((entry["seq"] for entry in self.inspector.log.entries), default=0)
        async with asyncio.timeout(BACK_S):
            while True:
                try:
                    for person in people:
                        await self._wait_connected(person)
                        await person.join(session_id)
                    await call.rebuild()
                    await call.wait_frames(5)
                    await self._recording(session_id, False, 5, before)
                    off = await self._recording(session_id, False, 5, before)
                    await self._recording(session_id, True, 10, off["seq"])
                    return
                except (Refused, ConnectionError, OSError, TimeoutError, ValueError) as problem:
                    if asyncio.current_task() and time.time() - killed_s > BACK_S:
                        raise TimeoutError from problem
                    await asyncio.sleep(0.3)
                except Exception as problem:  # the socket library's own
                    if "socketio" not in type(problem).__module__:
                        raise
                    await asyncio.sleep(0.3)

    async def _wait_connected(self, person: PublicClient) -> None:
        """The socket comes back by itself, as in a page."""
        while not person.socket.connected:  # noqa: ASYNC110  (the library's own attempts: nothing to wait on)
            await asyncio.sleep(0.05)

    async def _judge(self, outcome: Outcome, case_id: str, session_id: str, killed_s: float) -> None:
        entries = await self._settled_entries(case_id)
        spans = [e["payload"] for e in entries if e["kind"] in ("segment", "recovered")]
        films = {e["payload"]["track_id"] for e in entries if e["kind"] == "track" and e["payload"]["kind"] == "video"}
        ends = [seconds(span["ended_at"]) for span in spans if span["track_id"] in films]
        before = [end for end in ends if end <= killed_s + CLOCKS_S]
        starts = [seconds(span["started_at"]) for span in spans if span["track_id"] in films]
        outcome.killed_after_s = killed_s - min(starts, default=killed_s)
        outcome.lost_s = killed_s - max(before, default=min(starts, default=killed_s))
        outcome.recovered = sum(entry["kind"] == "recovered" for entry in entries)
        outcome.torn_bytes = sum(entry["payload"]["bytes"] for entry in entries if entry["kind"] == "torn")
        if outcome.lost_s > LOST_TAIL_S:
            outcome.problems.append(f"{outcome.lost_s:.2f} s before the kill are lost")
        if not any(start > killed_s for start in starts):
            outcome.problems.append("the recording did not go on")
        gaps = [e["payload"] for e in entries if e["kind"] == "gap" and e["payload"]["cause"] == "restart"]
        if len(gaps) != 1:
            outcome.problems.append(f"{len(gaps)} gaps of cause restart")
        outcome.problems += await self._check(case_id, outcome.torn_bytes)
        outcome.problems += await self._verify(case_id)

    async def _settled_entries(self, case_id: str) -> list[Json]:
        """The ledger once nothing follows any more."""
        entries: list[Json] = []
        async with asyncio.timeout(20):
            while True:
                page = await self.auditor.get(f"/api/auditor/inspections/{case_id}/entries?limit=1000")
                last = [entry for entry in page["entries"] if entry["kind"] != "view"]
                if len(last) == len(entries):
                    return entries
                entries = last
                await asyncio.sleep(0.5)

    async def _check(self, case_id: str, torn_bytes: int) -> list[str]:
        done = await asyncio.to_thread(self.office.run, "check", case_id, expected=None)
        problems = [] if done.returncode == 0 else [f"check: {done.stdout.strip()}"]
        if torn_bytes and "torn_" not in done.stdout:
            problems.append("check does not name what was cut")
        return problems

    async def _verify(self, case_id: str) -> list[str]:
        package = self._folder / "package.zip"
        package.write_bytes(await self.auditor.get_bytes(f"/api/auditor/inspections/{case_id}/package"))
        verdict = await asyncio.to_thread(verify_file, package)
        return (
            [] if verdict.state is State.WHOLE else [f"the package is {verdict.state.value}: {verdict.first_problem}"]
        )


def seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


async def kill_often(plan: Sequence[tuple[str, int]], folder: Path, *, show: bool = False) -> list[Outcome]:
    """One office for all of the plan's (what, seed)."""
    bench = Bench(folder)
    outcomes = []
    try:
        await bench.start()
        for what, seed in plan:
            outcomes.append(await bench.round(what, seed))
            if show:
                print(line_of(outcomes[-1]), flush=True)
    finally:
        await bench.aclose()
    return outcomes


def line_of(one: Outcome) -> str:
    return (
        f"seed {one.seed}: {one.what} killed {one.killed_after_s:.2f} s into the recording, {one.lost_s:.2f} s lost, "
        f"back after {one.back_s:.1f} s, {one.recovered} recovered, {one.torn_bytes} bytes torn: "
        + ("; ".join(one.problems) or "ok")
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.kills", description=__doc__)
    parser.add_argument("--what", choices=("server", "relay"), default="server")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        plan = [(args.what, args.seed + number) for number in range(args.count)]
        outcomes = asyncio.run(kill_often(plan, Path(folder), show=not args.json))
    failed = [one for one in outcomes if one.problems]
    if args.json:
        print(json.dumps({"results": [asdict(one) for one in outcomes], "failed": len(failed)}))
    else:
        print(
            f"{len(outcomes)} kills of the {args.what}, {len(failed)} failed, at most "
            f"{max(one.lost_s for one in outcomes):.2f} s lost, back after at most "
            f"{max(one.back_s for one in outcomes):.1f} s"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
