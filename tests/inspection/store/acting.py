"""Acts until its disk is gone: `python -m tests.inspection.store.acting FOLDER`; prints what was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from inspection.services import reports
from tests.inspection.services.office import go_live, open_house


async def act(folder: Path) -> None:
    live = await go_live(open_house(folder))
    print("inspection", live.inspection.id, flush=True)
    while True:
        said = await reports.send_chat(live.office, live.applicant, live.session_id, "还在", live.key())
        print("seq", said.entries[-1].seq, flush=True)


if __name__ == "__main__":
    asyncio.run(act(Path(sys.argv[1])))
