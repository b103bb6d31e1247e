"""Runs targets in this process, drawn by weight; a find is shown with its seed and its bytes."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.corpus import Corpus
from tests.fuzz.inner_relay import InnerRelay
from tests.fuzz.parsers import Parsers, Target

MOST_FINDS = 20


@dataclass(slots=True)
class InProcess:
    """What a run did. `finds` are exceptions that no caller expects."""

    cases: dict[str, int] = field(default_factory=dict)
    authenticated: int = 0
    strangers: int = 0
    finds: list[dict[str, str]] = field(default_factory=list)
    slowest_ms: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "cases": self.authenticated + self.strangers,
            "from_authenticated": self.authenticated,
            "from_strangers": self.strangers,
            "by_target": self.cases,
            "slowest_ms": {name: round(ms, 1) for name, ms in self.slowest_ms.items()},
            "unexpected": self.finds,
            "seconds": round(self.seconds, 1),
        }


async def run_in_process(corpus: Corpus, cases: int, seed: int) -> InProcess:
    """`cases` over all targets, half of them as an authenticated peer would send them."""
    chance = random.Random(seed)
    parsers, relay = Parsers(corpus, chance), InnerRelay(corpus, chance)
    done = InProcess()
    began = time.monotonic()
    try:
        owned = [(parsers, target) for target in parsers.targets()] + [(relay, target) for target in relay.targets()]
        weights = [target.weight for _, target in owned]
        for owner, target in chance.choices(owned, weights, k=cases):
            await _run_one(done, owner, target)
    finally:
        parsers.close()
        relay.close()
    done.seconds = time.monotonic() - began
    return done


async def _run_one(done: InProcess, owner: Parsers | InnerRelay, target: Target) -> None:
    done.cases[target.name] = done.cases.get(target.name, 0) + 1
    if target.authenticated:
        done.authenticated += 1
    else:
        done.strangers += 1
    began = time.perf_counter()
    try:
        await target.run()
    except Exception as error:
        if len(done.finds) < MOST_FINDS:
            shown = owner.last.hex() if isinstance(owner.last, bytes) else owner.last
            done.finds.append({"target": target.name, "error": repr(error), "case": shown[:3200]})
    taken_ms = 1000 * (time.perf_counter() - began)
    done.slowest_ms[target.name] = max(done.slowest_ms.get(target.name, 0.0), taken_ms)
