"""Which packets of a stream are missing, when to ask for them again, and when to give them up."""

from __future__ import annotations

from dataclasses import dataclass

#: A jump of the sequence beyond this is asked for by nobody: the packets count as lost at once.
MAX_NACK_SPAN = 512
GIVE_UP_US = 1_000_000
MAX_TRIES = 10
FIRST_RETRY_US = 100_000
SHORTEST_RETRY_US = 30_000
LONGEST_RETRY_US = 300_000
#: Below the first sequence number there is room for packets that come late.
FIRST_CYCLE = 0x10000
DUPLICATE = -1


@dataclass(slots=True)
class Missing:
    before_us: int
    noticed_us: int
    ask_us: int
    tries: int = 0


@dataclass(slots=True)
class LossRun:
    """Packets that nobody will repair any more: from the arrival before the first to the arrival after the last."""

    started_us: int
    ended_us: int
    packets: int

    def extend(self, started_us: int, ended_us: int, packets: int) -> None:
        self.started_us = min(self.started_us, started_us)
        self.ended_us = max(self.ended_us, ended_us)
        self.packets += packets


class LossTracker:
    """Sequence and loss state of one RTP stream. Times are any monotonic microseconds.

    `receive` is the hot path: the unwrapped sequence number, or DUPLICATE. `urgent` is set when something new is
    missing, so that the caller asks at once; `asks_due` also serves the retry timer.
    """

    __slots__ = (
        "_last",
        "_last_us",
        "given_up",
        "highest",
        "lost",
        "missing",
        "received",
        "repaired",
        "rtt_us",
        "started_at",
        "urgent",
    )

    def __init__(self) -> None:
        self.started_at = DUPLICATE
        self.highest = DUPLICATE
        self.received = 0
        self.repaired = 0
        self.lost = 0
        self.missing: dict[int, Missing] = {}
        self.given_up: LossRun | None = None
        self.rtt_us = 0
        self.urgent = False
        self._last = 0
        self._last_us = 0

    def receive(self, sequence: int, now_us: int) -> int:
        if (sequence - self._last) & 0xFFFF == 1 and self.received:
            self._last = sequence
            self._last_us = now_us
            self.received += 1
            self.highest += 1
            return self.highest
        return self._receive_irregular(sequence, now_us)

    def asks_due(self, now_us: int) -> list[int]:
        """16-bit sequence numbers to ask for now, in order. Gives up what has waited too long."""
        self.urgent = False
        due: list[int] = []
        for sequence, entry in list(self.missing.items()):
            if now_us - entry.noticed_us > GIVE_UP_US or entry.tries >= MAX_TRIES:
                self._give_up(entry, sequence)
            elif now_us >= entry.ask_us:
                entry.tries += 1
                entry.ask_us = now_us + self._retry_us()
                due.append(sequence & 0xFFFF)
        return due

    def take_given_up(self) -> LossRun | None:
        """What was given up since the last call."""
        run, self.given_up = self.given_up, None
        return run

    def _receive_irregular(self, sequence: int, now_us: int) -> int:
        if not self.received:
            self.highest = self.started_at = FIRST_CYCLE + sequence
            return self._advance(sequence, now_us)
        delta = (sequence - self._last) & 0xFFFF
        if delta == 0:
            return DUPLICATE
        if delta >= 0x8000:
            return self._repair(self.highest - (0x10000 - delta), now_us)
        self._miss(self.highest + 1, self.highest + delta, now_us)
        self.highest += delta
        return self._advance(sequence, now_us)

    def _advance(self, sequence: int, now_us: int) -> int:
        self._last = sequence
        self._last_us = now_us
        self.received += 1
        return self.highest

    def _miss(self, first: int, end: int, now_us: int) -> None:
        if end - first > MAX_NACK_SPAN:
            self._add_lost(self._last_us, now_us, end - first)
            return
        for sequence in range(first, end):
            self.missing[sequence] = Missing(self._last_us, now_us, now_us)
        while len(self.missing) > MAX_NACK_SPAN:
            oldest = next(iter(self.missing))
            self._give_up(self.missing[oldest], oldest)
        self.urgent = True

    def _repair(self, sequence: int, now_us: int) -> int:
        entry = self.missing.pop(sequence, None)
        if entry is None:
            return DUPLICATE
        self.received += 1
        if entry.tries:
            self.repaired += 1
        if entry.tries == 1:
            sample_us = now_us - entry.noticed_us
            self.rtt_us = sample_us if not self.rtt_us else (7 * self.rtt_us + sample_us) // 8
        return sequence

    def _retry_us(self) -> int:
        if not self.rtt_us:
            return FIRST_RETRY_US
        return min(max(self.rtt_us * 3 // 2, SHORTEST_RETRY_US), LONGEST_RETRY_US)

    def _give_up(self, entry: Missing, sequence: int) -> None:
        del self.missing[sequence]
        self._add_lost(entry.before_us, entry.noticed_us, 1)

    def _add_lost(self, started_us: int, ended_us: int, packets: int) -> None:
        self.lost += packets
        if self.given_up is None:
            self.given_up = LossRun(started_us, ended_us, packets)
        else:
            self.given_up.extend(started_us, ended_us, packets)
