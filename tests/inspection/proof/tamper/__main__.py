"""The long runs over all three verifiers.

    python -m tests.inspection.proof.tamper attacks --count 60      thirteen attacks, so many variants each
    python -m tests.inspection.proof.tamper clean --count 10000     honest packages: no false alarm
    python -m tests.inspection.proof.tamper damage --count 2000     random damage: one answer of all three

Ends with status 1 where a variant is not caught, a verifier differs, or a clean package is called broken.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.inspection.proof.tamper.attacks import ATTACKS, caught
from tests.inspection.proof.tamper.damage import damaged
from tests.inspection.proof.tamper.office_days import honest_day
from tests.inspection.proof.tamper.scene import make_scene
from tests.inspection.proof.tamper.verifiers import WHOLE, Given, Verifiers, all_verifiers
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, Authority

BATCH = 50


def try_attack(verifiers: Verifiers, place: int, seed: int) -> tuple[bool, str, str]:
    """Whether variant `seed` of an attack is caught, with what code, and all that was said."""
    attack, root = ATTACKS[place], Path(tempfile.mkdtemp(prefix="attack"))
    try:
        scene = make_scene(root, seed)
        forged = scene.taken()
        outcome = attack.change(scene, forged)
        found = verifiers.ask(Given(forged.write(root / "forged.zip"), outcome.trust, outcome.receipts))
        return caught(outcome, attack, found), str(found["yuntakan"][1]), f"{outcome} {found}"
    finally:
        shutil.rmtree(root)


def try_day(verifiers: Verifiers, seed: int, authority: Authority | None) -> str | None:
    """What is said of an honest day, unless all call it whole; every third with trust, roots and receipts."""
    root = Path(tempfile.mkdtemp(prefix="day"))
    try:
        day = honest_day(root, seed, authority if seed % 10 == 0 else None)
        beside = ([*day.trust, *(day.roots if day.authority else [])], day.receipts()) if seed % 3 == 0 else ((), ())
        found = verifiers.ask(Given(day.export(), *beside))
        return None if set(found.values()) == {WHOLE} else f"seed {seed}: {found}"
    finally:
        shutil.rmtree(root)


def try_damage(verifiers: Verifiers, seed: int, authority: Authority | None) -> str | None:
    """What is said of a damaged package, where not all say the same."""
    root = Path(tempfile.mkdtemp(prefix="damage"))
    try:
        chosen = random.Random(seed)
        day = honest_day(root, seed, authority if seed % 10 == 0 else None)
        given = Given(damaged(day, day.export(), root / "damaged.zip", chosen))
        found = verifiers.ask(given)
        return (
            None
            if len(set(found.values())) == 1 and "crashed" not in {one[0] for one in found.values()}
            else f"seed {seed}: {found}"
        )
    finally:
        shutil.rmtree(root)


def _attack_batch(jobs: list[tuple[int, int]]) -> list[tuple[int, bool, str, str]]:
    with all_verifiers() as verifiers:
        return [(place, *try_attack(verifiers, place, seed)) for place, seed in jobs]


def _day_batch(seeds: list[int]) -> list[str]:
    return _batch(try_day, seeds)


def _damage_batch(seeds: list[int]) -> list[str]:
    return _batch(try_damage, seeds)


def _batch(attempt: Callable[[Verifiers, int, Authority | None], str | None], seeds: list[int]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, all_verifiers() as verifiers:
        authority = Authority.make(Path(folder)) if HAS_OPENSSL else None
        return [said for seed in seeds if (said := attempt(verifiers, seed, authority)) is not None]


def run_attacks(count: int, first: int, processes: int) -> bool:
    jobs = [(place, seed) for place in range(len(ATTACKS)) for seed in range(first, first + count)]
    held, codes = Counter[int](), [Counter[str]() for _ in ATTACKS]
    with ProcessPoolExecutor(processes) as pool:
        for results in pool.map(_attack_batch, [jobs[at : at + BATCH] for at in range(0, len(jobs), BATCH)]):
            for place, is_caught, code, said in results:
                held[place] += is_caught
                codes[place][code] += 1
                if not is_caught:
                    print(f"NOT CAUGHT {ATTACKS[place].name}: {said}")
    for place, attack in enumerate(ATTACKS):
        print(
            f"{attack.name:30} {held[place]}/{count}  "
            + " ".join(f"{code}:{n}" for code, n in sorted(codes[place].items()))
        )
    return all(held[place] == count for place in range(len(ATTACKS)))


def run_clean(count: int, first: int, processes: int) -> bool:
    return _run(_day_batch, "clean packages", "FALSE ALARM", count, first, processes)


def run_damage(count: int, first: int, processes: int) -> bool:
    return _run(_damage_batch, "damaged packages", "DIFFERENCE", count, first, processes)


def _run(
    batch: Callable[[list[int]], list[str]], what: str, fault: str, count: int, first: int, processes: int
) -> bool:
    seeds, faults = list(range(first, first + count)), 0
    with ProcessPoolExecutor(processes) as pool:
        for said in pool.map(batch, [seeds[at : at + BATCH] for at in range(0, count, BATCH)]):
            faults += len(said)
            for one in said:
                print(f"{fault} {one}", flush=True)
    print(f"{count} {what}, {faults} false alarms or differences")
    return faults == 0


RUNS = {"attacks": run_attacks, "clean": run_clean, "damage": run_damage}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.inspection.proof.tamper")
    arguments.add_argument("what", choices=tuple(RUNS))
    arguments.add_argument("--count", type=int, default=60)
    arguments.add_argument("--first", type=int, default=0, help="the first seed")
    arguments.add_argument("--processes", type=int, default=2)
    given = arguments.parse_args()
    began = time.monotonic()
    good = RUNS[given.what](given.count, given.first, given.processes)
    print(f"{time.monotonic() - began:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
