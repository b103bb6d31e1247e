"""What a bad network does to packets in one direction of one line, as arithmetic: no clock, no socket."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

UDP, TCP = 17, 6


@dataclass(frozen=True, slots=True)
class LegProfile:
    """What happens to packets of one direction. The default passes everything at once.

    loss: share of packets that vanish, each on its own.
    burst_loss: long-term share lost in bursts of `burst_packets` on average (Gilbert-Elliott: everything is lost in the
    bad state, nothing in the good one).
    delay_ms: added to each; jitter_ms: up to so much more, without overtaking; reorder: share that comes
    `reorder_ms` late, after its successors.
    rate_kbps: of IP packets; what would wait longer than `queue_ms` is dropped at the tail.
    loss_only_udp: loss and reordering leave TCP alone. blackout: nothing passes. blocks_udp: no UDP passes.
    tcp_ports: where given, TCP passes only from or to one of these ports.
    """

    loss: float = 0.0
    burst_loss: float = 0.0
    burst_packets: float = 5.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    reorder: float = 0.0
    reorder_ms: float = 20.0
    rate_kbps: float = 0.0
    queue_ms: float = 300.0
    loss_only_udp: bool = False
    blackout: bool = False
    blocks_udp: bool = False
    tcp_ports: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> LegProfile:
        ports = fields.get("tcp_ports")
        return cls(**{**fields, "tcp_ports": None if ports is None else tuple(ports)})


class Leg:
    """Decides for each packet of one direction: when it leaves, or that it never does. `dropped` counts by reason."""

    def __init__(self, seed: int, profile: LegProfile | None = None) -> None:
        self.profile = profile or LegProfile()
        self.passed = 0
        self.bytes = 0
        self.dropped: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._is_bad = False
        self._line_free_us = 0
        self._last_us = 0

    def decide(self, protocol: int, ports: tuple[int, int], size: int, now_us: int) -> int | None:
        """When the packet is to be delivered, None where it is lost. `protocol`: of IP; `size` in bytes."""
        reason = self._why_dropped(protocol, ports)
        if reason is None:
            sent_us = self._through_line(size, now_us)
            if sent_us is not None:
                self.passed += 1
                self.bytes += size
                return self._arrival(protocol, sent_us)
            reason = "queue"
        self.dropped[reason] += 1
        return None

    def counts(self) -> dict[str, Any]:
        return {"passed": self.passed, "bytes": self.bytes, "dropped": dict(self.dropped)}

    def _why_dropped(self, protocol: int, ports: tuple[int, int]) -> str | None:
        profile = self.profile
        if profile.blackout:
            return "blackout"
        if protocol == UDP and profile.blocks_udp:
            return "udp"
        if protocol == TCP and profile.tcp_ports is not None and not set(ports) & set(profile.tcp_ports):
            return "port"
        if protocol != UDP and profile.loss_only_udp:
            return None
        if self._chance.random() < profile.loss:
            return "loss"
        return "burst" if self._in_burst() else None

    def _in_burst(self) -> bool:
        share, leave = self.profile.burst_loss, 1 / max(1.0, self.profile.burst_packets)
        if share <= 0:
            self._is_bad = False
            return False
        if self._is_bad:
            self._is_bad = self._chance.random() >= leave
        else:
            self._is_bad = self._chance.random() < leave * share / (1 - share)
        return self._is_bad

    def _through_line(self, size: int, now_us: int) -> int | None:
        """When its last bit is on the wire, None where the queue is full."""
        if self.profile.rate_kbps <= 0:
            return now_us
        start_us = max(now_us, self._line_free_us)
        if start_us - now_us > self.profile.queue_ms * 1000:
            return None
        self._line_free_us = start_us + round(size * 8000 / self.profile.rate_kbps)
        return self._line_free_us

    def _arrival(self, protocol: int, sent_us: int) -> int:
        profile = self.profile
        at_us = sent_us + round(1000 * (profile.delay_ms + self._chance.random() * profile.jitter_ms))
        is_late = self._chance.random() < profile.reorder
        if is_late and not (protocol != UDP and profile.loss_only_udp):
            return at_us + round(1000 * profile.reorder_ms)
        self._last_us = max(self._last_us, at_us)
        return self._last_us
