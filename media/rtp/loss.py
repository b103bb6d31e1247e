"""Which packets of a stream are missing, when to ask for them again, and when to give them up."""

from __future__ import annotations

from dataclasses import dataclass

#: A jump of the sequence beyond this is asked for by nobody: the packets count as lost at once.
MAX_NACK_SPAN = 512
#: Nor is what a line swallowed that was down so long: it would delay the key frame that shows the present.
OUTAGE_US = 1_500_000
GIVE_UP_US = 1_000_000
#: On a long way so many round trips are waited for, but no longer than this.
GIVE_UP_ROUND_TRIPS, LAST_GIVE_UP_US = 4, 2_000_000
MAX_TRIES = 16
#: Before the first answer the round trip is unknown; who asks too early is not heard.
FIRST_RETRY_US = 150_000
SHORTEST_RETRY_US = 20_000
LONGEST_RETRY_US = 600_000
#: From this try on the pace is halved: what so many answers did not bring is a line that is down.
PATIENT_TRIES = 5
#: Where packets overtake each other, a gap is given the time that late ones usually need, up to this.
LONGEST_HOLD_US = 30_000
#: With such a hold, a skipped number says nothing about a lost end.
SHAKY_HOLD_US = 4_000
#: Below the first sequence number there is room for packets that come late.
FIRST_CYCLE = 0x10000
DUPLICATE = -1
#: `ask_us` while nothing is missing.
NEVER_US = 1 << 62


@dataclass(slots=True)
class Missing:
    """`ask_us`: when to ask (again). `asked_us`, `earlier_us`: when it was asked for last, and the time before."""

    before_us: int
    noticed_us: int
    ask_us: int
    tries: int = 0
    asked_us: int = 0
    earlier_us: int = 0


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

    `receive` is the hot path: the unwrapped sequence number, or DUPLICATE. Call `asks_due` when `ask_us` has come,
    which for something newly missing is at once, unless packets are known to overtake each other here. `lost` has
    grown after that, or it has not; `lost_until` is the newest number that nobody will bring any more.

    `has_rtx`: retransmissions come on a stream of their own and are told by `resent`, so that a packet which the
    network merely delayed is no measure of the round trip.
    """

    __slots__ = (
        "_has_rtx",
        "_hold_us",
        "_last",
        "_last_us",
        "_resent",
        "_suspected",
        "_suspected_us",
        "_variation_us",
        "ask_us",
        "given_up",
        "highest",
        "lost",
        "lost_until",
        "missing",
        "received",
        "repaired",
        "rtt_us",
        "started_at",
    )

    def __init__(self, has_rtx: bool = False) -> None:
        self.started_at = DUPLICATE
        self.highest = DUPLICATE
        self.received = 0
        self.repaired = 0
        self.lost = 0
        self.lost_until = DUPLICATE
        self.missing: dict[int, Missing] = {}
        self.given_up: LossRun | None = None
        self.rtt_us = 0
        self.ask_us = NEVER_US
        self._has_rtx = has_rtx
        self._variation_us = 0
        self._hold_us = 0
        self._resent = DUPLICATE
        self._last = 0
        self._last_us = 0
        self._suspected = DUPLICATE
        self._suspected_us = 0

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
        due: list[int] = []
        next_us = NEVER_US
        give_up_us = min(max(GIVE_UP_US, GIVE_UP_ROUND_TRIPS * self.rtt_us), LAST_GIVE_UP_US)
        for sequence, entry in list(self.missing.items()):
            if now_us - entry.noticed_us > give_up_us or entry.tries >= MAX_TRIES:
                self._give_up(entry, sequence)
                continue
            if now_us >= entry.ask_us:
                entry.tries += 1
                entry.earlier_us, entry.asked_us = entry.asked_us, now_us
                entry.ask_us = now_us + self._retry_us(entry.tries)
                due.append(sequence & 0xFFFF)
            next_us = min(next_us, entry.ask_us)
        self.ask_us = next_us
        return due

    def suspect(self, now_us: int) -> int | None:
        """The number after the newest, when something of this stream seems to be lost that nothing has followed yet.

        To be asked for once at once; None where that was done already. If it was lost, what follows will tell, and
        the pace of retries counts from now.
        """
        if not self.received or self._suspected == self.highest + 1 or self._hold_us > SHAKY_HOLD_US:
            return None
        self._suspected, self._suspected_us = self.highest + 1, now_us
        return self._suspected & 0xFFFF

    def resent(self, sequence: int, now_us: int) -> None:
        """A retransmission of this packet has come; `receive` is to be told of it next."""
        self._resent = self.highest - ((self._last - sequence) & 0xFFFF)
        entry = self.missing.get(self._resent)
        if entry is not None:
            self._hold_us -= self._hold_us >> 4
            self._measure_answer(entry, now_us)

    def count_skipped(self, sequence: int) -> int:
        """How many packets would be newly missing if this one came next; 0 for what is not newer."""
        delta = (sequence - self._last) & 0xFFFF
        return delta - 1 if self.received and 0 < delta < 0x8000 else 0

    def take_given_up(self) -> LossRun | None:
        """What was given up since the last call."""
        run, self.given_up = self.given_up, None
        return run

    def take_all_lost(self) -> LossRun | None:
        """The stream is over: as `take_given_up`, with what was still being asked for."""
        for sequence, entry in list(self.missing.items()):
            self._give_up(entry, sequence)
        self.ask_us = NEVER_US
        return self.take_given_up()

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
        if end - first > MAX_NACK_SPAN or now_us - self._last_us > OUTAGE_US:
            self._add_lost(self._last_us, now_us, end - first, end - 1)
            self.ask_us = now_us
            return
        ask_us = now_us + self._hold_us
        for sequence in range(first, end):
            self.missing[sequence] = Missing(self._last_us, now_us, ask_us)
        if first == self._suspected:
            at_us = self._suspected_us
            self.missing[first] = Missing(self._last_us, at_us, at_us + self._retry_us(1), 1, at_us)
        while len(self.missing) > MAX_NACK_SPAN:
            oldest = next(iter(self.missing))
            self._give_up(self.missing[oldest], oldest)
        self.ask_us = min(self.ask_us, ask_us)

    def _repair(self, sequence: int, now_us: int) -> int:
        entry = self.missing.pop(sequence, None)
        if entry is None:
            return DUPLICATE
        self.received += 1
        if entry.tries:
            self.repaired += 1
        if sequence != self._resent:
            self._note_late(entry, now_us)
        if not self.missing:
            self.ask_us = NEVER_US
        return sequence

    def _note_late(self, entry: Missing, now_us: int) -> None:
        """It came without a retransmission's mark: it was overtaken, or is an answer where answers have no mark."""
        if not self._has_rtx and entry.tries and now_us - entry.asked_us >= self.rtt_us // 2:
            self._measure_answer(entry, now_us)
            return
        late_us = min(now_us - entry.noticed_us, LONGEST_HOLD_US)
        self._hold_us = max(late_us, self._hold_us - (self._hold_us >> 4))

    def _measure_answer(self, entry: Missing, now_us: int) -> None:
        """What comes too soon after a question answers the one before. Before the first measure any will do."""
        if entry.tries == 1 or not self.rtt_us:
            self._measure(now_us - entry.asked_us if entry.tries == 1 else now_us - entry.noticed_us)
        elif now_us - entry.asked_us < self.rtt_us * 3 // 4:
            self._measure(now_us - entry.earlier_us)

    def _measure(self, sample_us: int) -> None:
        """RFC 6298, section 2."""
        if not self.rtt_us:
            self.rtt_us, self._variation_us = sample_us, sample_us // 4
            return
        self._variation_us = (3 * self._variation_us + abs(self.rtt_us - sample_us)) // 4
        self.rtt_us = (7 * self.rtt_us + sample_us) // 8

    def _retry_us(self, tries: int) -> int:
        """Not before the answer can be there: senders ignore who asks twice within their round trip."""
        pace_us = FIRST_RETRY_US
        if self.rtt_us:
            pace_us = self.rtt_us + max(self.rtt_us // 8, 2 * self._variation_us)
        pace_us = min(max(pace_us, SHORTEST_RETRY_US), LONGEST_RETRY_US)
        return pace_us if tries < PATIENT_TRIES else 2 * pace_us

    def _give_up(self, entry: Missing, sequence: int) -> None:
        del self.missing[sequence]
        self._add_lost(entry.before_us, entry.noticed_us, 1, sequence)

    def _add_lost(self, started_us: int, ended_us: int, packets: int, last: int) -> None:
        self.lost += packets
        self.lost_until = max(self.lost_until, last)
        if self.given_up is None:
            self.given_up = LossRun(started_us, ended_us, packets)
        else:
            self.given_up.extend(started_us, ended_us, packets)
