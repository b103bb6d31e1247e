"""Makes a viewing copy: `python -m media.replay_main SESSION_DIRECTORY OUT.webm`, one line of JSON on stdout.

Exit status 0 and `{"origin_us", "duration_ms"}`, or 1 and `{"kind", "code", "message"}`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path

from media.errors import MediaError
from media.replay_mux import write_replay

NICENESS = 10


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the viewing copy of a recorded session.")
    parser.add_argument("session_directory", type=Path, help="folder with journal/*.ytj")
    parser.add_argument("out", type=Path, help="the WebM to write")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    os.nice(NICENESS)
    try:
        replay = write_replay(arguments.session_directory, arguments.out)
    except MediaError as error:
        print(json.dumps(error.to_wire()))
        return 1
    print(json.dumps(asdict(replay)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
