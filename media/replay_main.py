"""Makes a viewing copy: `python -m media.replay_main SESSION_DIRECTORY OUT`, one line of JSON on stdout.

Exit status 0 and the fields of `Replay`, or 1 and `{"kind", "code", "message"}`.
"""

from __future__ import annotations

import argparse
import errno
import json
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path

from media.errors import Kind, MediaError
from media.journal.file import NO_SPACE
from media.replay_mux import write_replay
from media.replay_plan import CODEC_OF

NICENESS = 10


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the viewing copy of a recorded session.")
    parser.add_argument("session_directory", type=Path, help="folder with journal/*.ytj")
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("--container", choices=tuple(CODEC_OF), help="default: what takes the pictures as they came")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    os.nice(NICENESS)
    try:
        replay = write_replay(arguments.session_directory, arguments.out, arguments.container)
    except MediaError as error:
        return _refuse(error)
    except OSError as error:
        code = "storage_full" if error.errno in NO_SPACE else "replay_failed"
        return _refuse(MediaError(Kind.UNAVAILABLE, code, errno.errorcode.get(error.errno or 0, "unknown")))
    print(json.dumps(asdict(replay)))
    return 0


def _refuse(error: MediaError) -> int:
    print(json.dumps(error.to_wire()))
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
