"""What a call over a bad network comes to, from readings of both pages. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """A frame that was shown: when (unix ms), and the number it carries (None where it could not be read)."""

    at_ms: float
    number: int | None


@dataclass(frozen=True)
class Sample:
    """Both pages' statistics at one time (unix ms). Rows are those of `RTCPeerConnection.getStats`.

    served: what the relay says it sends this viewer: `full`, or less where it takes the viewer's own line for weak.
    """

    at_ms: float
    phone: list[Row]
    desk: list[Row]
    served: str = "full"


@dataclass(frozen=True)
class Freeze:
    at_ms: float
    seconds: float


def find_rows(rows: Iterable[Row], kind: str, media: str | None = None) -> list[Row]:
    return [row for row in rows if row["type"] == kind and (media is None or row.get("kind") == media)]


def total(rows: Iterable[Row], kind: str, media: str, figure: str) -> float:
    return sum(float(row.get(figure) or 0) for row in find_rows(rows, kind, media))


def freezes(samples: list[Sample]) -> list[Freeze]:
    """Freezes of the viewer's picture as its browser counts them, each with its length (equal parts of what one
    reading holds)."""
    found: list[Freeze] = []
    for before, after in zip(samples, samples[1:], strict=False):
        count = _grown(before, after, "freezeCount")
        seconds = _grown(before, after, "totalFreezesDuration")
        found += [Freeze(after.at_ms, seconds / count)] * round(count) if count > 0 else []
    return found


def _grown(before: Sample, after: Sample, figure: str) -> float:
    """Over streams that both readings hold: a connection that is new has counters of its own."""
    earlier = {_key(row): row for row in find_rows(before.desk, "inbound-rtp", "video")}
    return sum(
        float(row.get(figure) or 0) - float(earlier[_key(row)].get(figure) or 0)
        for row in find_rows(after.desk, "inbound-rtp", "video")
        if _key(row) in earlier
    )


def _key(row: Row) -> tuple[Any, Any]:
    return row.get("peer"), row.get("ssrc")


def longest_still_s(shown: list[Mark]) -> float:
    """The longest time between two frames that the viewer showed."""
    return max((b.at_ms - a.at_ms for a, b in zip(shown, shown[1:], strict=False)), default=0.0) / 1000


def ages_ms(filmed: list[Mark], shown: list[Mark]) -> list[tuple[float, float]]:
    """(shown at, how long before that it was filmed) of each frame that both sides could read, in ms."""
    latest: dict[int, float] = {}
    ages, at = [], 0
    source = [mark for mark in filmed if mark.number is not None]
    for mark in shown:
        while at < len(source) and source[at].at_ms <= mark.at_ms:
            latest[source[at].number or 0] = source[at].at_ms
            at += 1
        if mark.number is not None and mark.number in latest:
            ages.append((mark.at_ms, mark.at_ms - latest[mark.number]))
    return ages


def first_newer(filmed: list[Mark], shown: list[Mark], than_ms: float) -> float | None:
    """When the viewer first showed a frame that was filmed after `than_ms`."""
    return next((at for at, age in ages_ms(filmed, shown) if at - age > than_ms), None)


def quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def summary(samples: list[Sample], filmed: list[Mark], shown: list[Mark]) -> dict[str, Any]:
    """The figures of one stretch of a call."""
    first, last = samples[0], samples[-1]
    minutes = (last.at_ms - first.at_ms) / 60_000
    found = freezes(samples)
    ages = [age for _, age in ages_ms(filmed, shown)]
    targets = [total(sample.phone, "outbound-rtp", "video", "targetBitrate") for sample in samples]
    return {
        "minutes": round(minutes, 2),
        "freezes": len(found),
        "freezes_per_minute": round(len(found) / minutes, 2) if minutes else 0.0,
        "longest_freeze_s": round(max((freeze.seconds for freeze in found), default=0.0), 3),
        "longest_still_s": round(longest_still_s(shown), 3),
        "frames_per_s": round(_grown(first, last, "framesDecoded") / (minutes * 60), 2),
        "age_p50_ms": round(quantile(ages, 0.5)),
        "age_p95_ms": round(quantile(ages, 0.95)),
        "kbps": round(_grown(first, last, "bytesReceived") * 8 / (minutes * 60_000)),
        "viewer": {
            name: _grown(first, last, name)
            for name in ("nackCount", "pliCount", "packetsLost", "framesDropped", "keyFramesDecoded")
        },
        "sender": _sender(first, last),
        "target_kbps_min_p50": [round(min(targets) / 1000), round(quantile(targets, 0.5) / 1000)],
        "served_full_share": round(sum(sample.served == "full" for sample in samples) / len(samples), 3),
        "voice": voice(first, last),
    }


def _sender(first: Sample, last: Sample) -> dict[str, float]:
    names = ("nackCount", "pliCount", "retransmittedPacketsSent", "packetsSent", "framesEncoded", "keyFramesEncoded")
    return {
        name: total(last.phone, "outbound-rtp", "video", name) - total(first.phone, "outbound-rtp", "video", name)
        for name in names
    }


def voice(first: Sample, last: Sample) -> dict[str, float]:
    """The viewer's voice: packets lost for good, and the share of samples that were made up."""
    grown = {
        name: total(last.desk, "inbound-rtp", "audio", name) - total(first.desk, "inbound-rtp", "audio", name)
        for name in (
            "packetsLost",
            "packetsReceived",
            "concealedSamples",
            "silentConcealedSamples",
            "totalSamplesReceived",
        )
    }
    heard = grown["concealedSamples"] - grown["silentConcealedSamples"]
    return {
        "packets_lost": grown["packetsLost"],
        "packets_received": grown["packetsReceived"],
        "concealed_share": round(heard / max(1.0, grown["totalSamplesReceived"]), 4),
    }
