"""How often somebody may ask: token buckets in memory, per scope and subject, in a bounded table."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from inspection.domain.errors import InspectionError, Kind

MOST_BUCKETS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` tokens come back a second, `burst` at most are held."""

    per_s: float
    burst: float


RATES: Mapping[str, Rate] = {
    "address": Rate(per_s=50.0, burst=200.0),  # a whole office may sit behind one address
    "coming_in": Rate(per_s=1.0, burst=30.0),  # signing in, looking up, codes: what a guesser would repeat
    "login": Rate(per_s=5.0, burst=60.0),
    "find": Rate(per_s=0.2, burst=10.0),  # of one official: whole identity and phone numbers can be tried
    "receipt": Rate(per_s=10.0, burst=100.0),  # of one address: pages ask when they come back from an outage
    "receipt_pdf": Rate(per_s=0.5, burst=10.0),  # each costs a process
}


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class RateLimits:
    """`take` refuses once a bucket is empty. When the table is full the longest unused bucket is forgotten."""

    def __init__(
        self,
        now_s: Callable[[], float] = time.monotonic,
        rates: Mapping[str, Rate] = RATES,
        most_buckets: int = MOST_BUCKETS,
    ) -> None:
        self._now_s = now_s
        self._rates = rates
        self._most_buckets = most_buckets
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, scope: str, subject: str) -> None:
        """One token of that scope (a key of RATES). Raises InspectionError `too_many_attempts` with `retry_after_s`."""
        rate, bucket = self._rates[scope], self._refilled(scope, subject)
        if bucket.tokens < 1.0:
            wait_s = max(1, math.ceil((1.0 - bucket.tokens) / rate.per_s))
            raise InspectionError(Kind.NOT_ALLOWED, "too_many_attempts", "too many requests", retry_after_s=wait_s)
        bucket.tokens -= 1.0

    def __len__(self) -> int:
        return len(self._buckets)

    def _refilled(self, scope: str, subject: str) -> _Bucket:
        rate, now_s, key = self._rates[scope], self._now_s(), (scope, subject)
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._most_buckets:
                self._buckets.popitem(last=False)
            bucket = self._buckets[key] = _Bucket(rate.burst, now_s)
        self._buckets.move_to_end(key)
        bucket.tokens = min(rate.burst, bucket.tokens + max(0.0, now_s - bucket.at_s) * rate.per_s)
        bucket.at_s = now_s
        return bucket
