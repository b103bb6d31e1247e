"""The whole job once, without a person: two inspectors, a robot applicant and an auditor act through the public
interface. Reads the prepared case as JSON from standard input; exits 0 only when every step held."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from examples.demo_day.after import audit, settle_findings, visit_and_conclude
from examples.demo_day.case import Credentials, DayFailed, DemoCase, say
from examples.demo_day.live import hold_session
from examples.robot_applicant.footage import find_clips
from examples.robot_applicant.receipts import HeadsApart
from examples.robot_applicant.robot import Errand, Robot
from web.client import PublicClient, Refused, public_client


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo_day", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="where the auditor's package goes")
    parser.add_argument("--receipts", type=Path, required=True, help="where the applicant's receipts go")
    arguments = parser.parse_args()
    case = DemoCase.from_json(sys.stdin.read())
    try:
        asyncio.run(play(case, arguments.package, arguments.receipts))
    except (DayFailed, HeadsApart, Refused, TimeoutError, ExceptionGroup) as failed:
        for problem in flat(failed):
            say("FAILED:", type(problem).__name__, str(problem))
        return 1
    return 0


def flat(failed: Exception) -> Iterator[Exception]:
    """The single exceptions of a group, or the one that is none."""
    if isinstance(failed, ExceptionGroup):
        for inner in failed.exceptions:
            yield from flat(inner)
    else:
        yield failed


async def play(case: DemoCase, package_path: Path, receipts_path: Path) -> None:
    """Raises a group with DayFailed, Refused and the like at the first step that does not hold."""
    async with AsyncExitStack() as stack:
        inspectors = [
            await stack.enter_async_context(signed_in(case, "inspector", person)) for person in case.inspectors
        ]
        async with asyncio.TaskGroup() as people:
            people.create_task(play_robot(case, receipts_path))
            people.create_task(hold_session(case, inspectors))
        await settle_findings(case, inspectors[0])
        await visit_and_conclude(case, inspectors[0])
        auditor = await stack.enter_async_context(signed_in(case, "auditor", case.auditor))
        await audit(case, auditor, package_path)


@asynccontextmanager
async def signed_in(case: DemoCase, role: str, person: Credentials) -> AsyncIterator[PublicClient]:
    async with public_client(case.url, role, case.ca_path) as client:
        await client.sign_in(person.username, person.password)
        say(role, person.username, "signed in")
        yield client


async def play_robot(case: DemoCase, receipts_path: Path) -> None:
    errand = Errand(case.pickup_code, case.phone, case.sms_outbox, find_clips(), receipts_path)
    async with public_client(case.url, "applicant", case.ca_path) as client:
        await Robot(client, errand).run()


if __name__ == "__main__":
    sys.exit(main())
