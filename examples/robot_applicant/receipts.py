"""What the robot keeps of the record, as an applicant's page does: the first head, the newest, and whether they fit."""

from __future__ import annotations

from pathlib import Path

from inspection.domain.checkpoints import Checkpoint, parse_checkpoint
from inspection.domain.merkle import verify_consistency
from web.client import Json, PublicClient


class HeadsApart(Exception):
    """Two heads of one ledger that contradict each other."""


class KeptReceipts:
    """Listens to the session's socket from its making on."""

    def __init__(self, client: PublicClient) -> None:
        self._client = client
        self.first: Checkpoint | None = None
        self.newest: Checkpoint | None = None
        self.heads = 0
        self._apart: HeadsApart | None = None
        client.socket.on("checkpoint", self._take, namespace=client.namespace)

    async def write(self, inspection_id: str, path: Path) -> None:
        """The first head and the portal's receipt, one a line. Raises HeadsApart where one did not fit."""
        if self._apart is not None:
            raise self._apart
        given = await self._client.get(f"/api/applicant/inspections/{inspection_id}/receipt")
        last = parse_checkpoint(given["line"].encode("ascii"))
        if self.newest is not None:
            await self._require_continued(self.newest, last, inspection_id)
        kept = [last] if self.first is None else [self.first, last]
        path.write_bytes(b"".join(head.to_line() + b"\n" for head in kept))

    async def _take(self, message: Json) -> None:
        head = parse_checkpoint(message["line"].encode("ascii"))
        if self.newest is not None and message["after"] == self.newest.size:
            try:
                require_continued(self.newest, head, message["proof"])
            except HeadsApart as apart:  # nobody waits here: it is told when the receipts are asked for
                self._apart = apart
        self.first, self.newest, self.heads = self.first or head, head, self.heads + 1

    async def _require_continued(self, before: Checkpoint, after: Checkpoint, inspection_id: str) -> None:
        sizes = f"first={before.size}&second={after.size}"
        path = f"/api/applicant/inspections/{inspection_id}/receipt/consistency?{sizes}"
        require_continued(before, after, (await self._client.get(path))["proof"])


def require_continued(before: Checkpoint, after: Checkpoint, proof: list[str]) -> None:
    """Raises HeadsApart."""
    nodes = [bytes.fromhex(node) for node in proof]
    if not verify_consistency(before.size, before.root_bytes, after.size, after.root_bytes, nodes):
        raise HeadsApart(f"the head of {after.size} entries does not continue the one of {before.size}")
