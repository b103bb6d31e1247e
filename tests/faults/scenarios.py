"""The bad networks and accidents a call has to live through, each with what is required of it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.faults.call import Call
from tests.faults.figures import Row, quantile, summary
from tests.faults.leg import LegProfile
from tests.faults.marked_clip import marked_frames
from tests.faults.sharpness import SHARP, Seen, quality_of, sharp_seconds

Figures = dict[str, Any]
Play = Callable[[Call, float], Awaitable[Figures]]
SETTLE_S = 5.0
MOVES = 20
LOOKS_PER_S = 3
ABSENT = ("silent", "reconnect", "restart")


@dataclass(frozen=True)
class Scenario:
    """`play` does it for about so many minutes; `required` says of the figures what falls short, if anything."""

    says: str
    play: Play
    required: Callable[[Figures], list[str]]
    pans: bool = True


def line(up: LegProfile, detail: bool = False) -> Play:
    """A call over a phone's line that stays as it is. `detail`: the inspector asks for it, up to 2.5 Mb/s."""

    async def play(call: Call, minutes: float) -> Figures:
        call.network.set("phone", up=up, down=LegProfile(delay_ms=up.delay_ms))
        if detail:
            await call.desk.tap("console-detail")
            await call.watch(2 * SETTLE_S)
        peers = await call.peers_made()
        await call.watch(SETTLE_S)
        call.forget()
        await call.watch(minutes * 60)
        figures = summary(call.samples, call.filmed, call.shown)
        return {**figures, "reconnections": await call.peers_made() - peers, "gaps": gaps_of(await call.entries())}

    return play


def outage(seconds: float) -> Play:
    """Nothing passes for so long, neither media nor signaling."""

    async def play(call: Call, minutes: float) -> Figures:
        await call.watch(SETTLE_S)
        dark = LegProfile(blackout=True)
        began_ms = time.time() * 1000
        call.network.set("phone", up=dark, down=dark)
        await call.watch(seconds)
        call.network.set("phone", up=LegProfile(), down=LegProfile())
        return await _aftermath(call, began_ms, time.time() * 1000, deadline_s=30)

    return play


def kill(victim: Callable[[Call], None]) -> Play:
    async def play(call: Call, minutes: float) -> Figures:
        await call.watch(SETTLE_S)
        began_ms = time.time() * 1000
        await asyncio.to_thread(victim, call)
        return await _aftermath(call, began_ms, time.time() * 1000, deadline_s=40)

    return play


async def _aftermath(call: Call, began_ms: float, ended_ms: float, deadline_s: float) -> Figures:
    shown_ms = await call.until_newer(ended_ms, deadline_s)
    await call.watch(SETTLE_S)
    gaps = [gap for gap in gaps_of(await call.entries()) if gap["ended_ms"] >= began_ms]
    return {
        "back_after_s": None if shown_ms is None else round((shown_ms - ended_ms) / 1000, 3),
        "outage_s": round((ended_ms - began_ms) / 1000, 3),
        "same_session": call.is_live(),
        "gaps": gaps,
    }


async def moves(call: Call, minutes: float) -> Figures:
    """The phone changes its address, again and again; each time until a picture filmed after it is seen."""
    call.network.set("phone", up=LegProfile(delay_ms=20), down=LegProfile(delay_ms=20))
    await call.watch(SETTLE_S)
    count = MOVES if minutes >= 1 else max(1, round(MOVES * minutes))
    times: list[float] = []
    for number in range(count):
        moved_ms = time.time() * 1000
        call.network.move("phone", 3 + number)
        shown_ms = await call.until_newer(moved_ms, 20)
        times.append(20.0 if shown_ms is None else (shown_ms - moved_ms) / 1000)
        await call.watch(3)
    return {
        "moves": count,
        "back_after_s": [round(one, 2) for one in times],
        "p50_s": round(quantile(times, 0.5), 3),
        "p95_s": round(quantile(times, 0.95), 3),
        "same_session": call.is_live(),
        "gaps": gaps_of(await call.entries()),
    }


def narrow(pans: bool) -> Play:
    """300 kb/s up: pictures are looked at and compared with what was filmed."""

    async def play(call: Call, minutes: float) -> Figures:
        return await _look(call, minutes, pans)

    return play


async def _look(call: Call, minutes: float, pans: bool) -> Figures:
    up = LegProfile(rate_kbps=300, queue_ms=400, delay_ms=30)
    call.network.set("phone", up=up, down=LegProfile(delay_ms=30))
    await call.watch(4 * SETTLE_S)
    call.forget()
    seconds, seen = round(minutes * 60), []
    started_ms = time.time() * 1000
    while time.time() * 1000 < started_ms + seconds * 1000:
        await call.sample()
        found = await call.desk.page.evaluate("testPicture()")
        if found and found["number"] is not None:
            seen.append(Seen(time.time() * 1000, found["number"], found["jpeg"]))
        await asyncio.sleep(1 / LOOKS_PER_S)
    values = await asyncio.to_thread(quality_of, seen, marked_frames(pans=pans))
    sharp = sharp_seconds(values, started_ms, seconds)
    return {
        **summary(call.samples, call.filmed, call.shown),
        "looked_at": len(values),
        "ssim_p50": round(quantile([value for _, value in values], 0.5), 3),
        "sharp_frames": sum(value >= SHARP for _, value in values),
        "sharp_seconds_share": round(sharp / seconds, 3),
    }


def gaps_of(entries: list[Row]) -> list[Figures]:
    """Gap entries, shortened: cause, kind of track, from when to when (unix ms)."""
    return [
        {
            "cause": entry["payload"]["cause"],
            "of_track": entry["payload"].get("track_id") is not None,
            "began_ms": _unix_ms(entry["payload"]["started_at"]),
            "ended_ms": _unix_ms(entry["payload"]["ended_at"]),
            "packets": entry["payload"].get("packets", 0),
        }
        for entry in entries
        if entry["kind"] == "gap"
    ]


def _unix_ms(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def kill_server(call: Call) -> None:
    call.office.kill()
    call.office.start()


def kill_relay(call: Call) -> None:
    os.kill(call.office.relay_pid(), signal.SIGKILL)


def usable(figures: Figures) -> list[str]:
    """The call stayed up: the same connections, moving pictures, words that can be understood."""
    return _short_of(
        ("it reconnected", figures["reconnections"] == 0),
        ("the picture stood for more than 3 s", figures["longest_still_s"] <= 3),
        ("fewer than 5 of 15 frames a second", figures["frames_per_s"] >= 5),
        ("a tenth of the voice was made up", figures["voice"]["concealed_share"] < 0.1),
        ("the viewer was sent less than what came", figures["served_full_share"] >= 0.95),
    )


def smooth(figures: Figures) -> list[str]:
    return usable(figures) + _short_of(
        ("more than one freeze a minute", figures["freezes_per_minute"] <= 1),
        ("a freeze of more than 1.5 s", figures["longest_freeze_s"] <= 1.5),
        ("fewer than 12 of 15 frames a second", figures["frames_per_s"] >= 12),
    )


def trusted(figures: Figures) -> list[str]:
    """Random loss is no congestion: the sender's estimate may not collapse."""
    return smooth(figures) + _short_of(("the sender's estimate collapsed", figures["target_kbps_min_p50"][1] >= 1000))


def sharp(figures: Figures) -> list[str]:
    return voiced(figures) + _short_of(("seconds without a sharp frame", figures["sharp_seconds_share"] >= 0.95))


def voiced(figures: Figures) -> list[str]:
    return _short_of(
        ("the voice is not clean", figures["voice"]["concealed_share"] < 0.02),
        ("voice was lost", figures["voice"]["packets_lost"] <= 2),
    )


def back_within(limit_s: float) -> Callable[[Figures], list[str]]:
    def required(figures: Figures) -> list[str]:
        back_s = figures["back_after_s"]
        return _short_of(
            (f"not back within {limit_s} s", back_s is not None and back_s <= limit_s),
            ("another session", figures["same_session"]),
            ("not exactly one gap, an absence", [gap["cause"] in ABSENT for gap in figures["gaps"]] == [True]),
        )

    return required


def moved_well(figures: Figures) -> list[str]:
    return _short_of(
        ("p95 over 3 s", figures["p95_s"] <= 3),
        ("another session", figures["same_session"]),
        ("more gaps than moves", len(figures["gaps"]) <= figures["moves"]),
    )


def _short_of(*checks: tuple[str, bool]) -> list[str]:
    return [says for says, holds in checks if not holds]


SCENARIOS = {
    "clean": Scenario("nothing lost, 100 ms round trip", line(LegProfile(delay_ms=50)), smooth),
    "loss5": Scenario(
        "5 % random loss on the up leg, 100 ms round trip", line(LegProfile(loss=0.05, delay_ms=50)), smooth
    ),
    "loss5detail": Scenario(
        "the same in detail, up to 2.5 Mb/s", line(LegProfile(loss=0.05, delay_ms=50), detail=True), trusted
    ),
    "burst10": Scenario("10 % loss in bursts on the up leg", line(LegProfile(burst_loss=0.1, delay_ms=50)), usable),
    "jitter": Scenario("delay from 30 to 100 ms", line(LegProfile(delay_ms=30, jitter_ms=70)), usable),
    "reorder5": Scenario("5 % of packets overtaken", line(LegProfile(reorder=0.05, delay_ms=50)), usable),
    "cap300": Scenario("300 kb/s up, a view that is held", narrow(pans=False), sharp, pans=False),
    "cap300pan": Scenario("300 kb/s up, a view that wanders", narrow(pans=True), voiced),
    "blackout5": Scenario("nothing passes for 5 s", outage(5), back_within(2)),
    "blackout60": Scenario("nothing passes for 60 s", outage(60), back_within(5)),
    "address": Scenario("the phone's address changes 20 times", moves, moved_well),
    "relay_kill": Scenario("kill -9 of the relay", kill(kill_relay), back_within(10)),
    "server_kill": Scenario("kill -9 of the server, started anew", kill(kill_server), back_within(10)),
}
