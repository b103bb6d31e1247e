"""Command line of the robot applicant."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from examples.robot_applicant.footage import find_clips
from examples.robot_applicant.robot import Errand, Robot, say
from web.client import Refused, public_client


def main() -> int:
    parser = argparse.ArgumentParser(prog="robot_applicant", description=__doc__)
    parser.add_argument("--url", required=True, help="the server, as https://localhost:8443")
    parser.add_argument("--ca", type=Path, help="certificate authority to trust besides the system's")
    parser.add_argument("--pickup-code", required=True, help="8 digits of the invitation")
    parser.add_argument("--phone", required=True, help="phone number of the application")
    parser.add_argument("--sms-outbox", type=Path, required=True, help="file in which the console gateway leaves SMS")
    parser.add_argument("--clip", type=Path, action="append", help="film to show instead of the real clips")
    try:
        asyncio.run(run(parser.parse_args()))
    except (Refused, TimeoutError, ConnectionError) as failed:
        say("gave up:", str(failed) or type(failed).__name__)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def run(arguments: argparse.Namespace) -> None:
    errand = Errand(
        pickup_code=arguments.pickup_code,
        phone=arguments.phone,
        sms_outbox=arguments.sms_outbox,
        clips=arguments.clip or find_clips(),
    )
    async with public_client(arguments.url, "applicant", arguments.ca) as client:
        await Robot(client, errand).run()


if __name__ == "__main__":
    sys.exit(main())
