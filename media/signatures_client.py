"""Main's end of the signatures process: keeps it alive. After a crash a journal is read anew, from its begin."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from media.signatures_port import SignaturesCounted
from media.supervisor import ChildSupervisor

#: An hour's journal is read anew in less.
COUNT_DEADLINE_S = 120.0


class SignaturesClient:
    """A `SignaturesPort`. `await start()` first, `await aclose()` at the end."""

    def __init__(self, socket_path: Path) -> None:
        self._child = ChildSupervisor("media.signatures_main", socket_path, "{}", lambda message: None, _nothing)

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """Raises MediaError where the process does not come up."""
        await self._child.start()

    async def aclose(self) -> None:
        """Idempotent."""
        await self._child.aclose()

    async def count(
        self,
        track_id: str,
        journal_path: Path,
        public_keys: Sequence[bytes],
        from_index: int,
        upto_bytes: int | None,
        is_ended: bool,
    ) -> SignaturesCounted | None:
        args = {
            "track_id": track_id,
            "journal_path": str(journal_path),
            "public_keys": [base64.b64encode(key).decode("ascii") for key in public_keys],
            "from_index": from_index,
            "upto_bytes": upto_bytes,
            "is_ended": is_ended,
        }
        answer = await self._child.call("count", args, COUNT_DEADLINE_S)
        return SignaturesCounted(**cast("dict[str, Any]", answer)) if answer is not None else None


async def _nothing() -> None:
    """A new process knows nothing, and is told with each call."""
