"""Signed heads of the ledger on their way to those who take part, so that others than the office hold them.

A head comes with the proof that it continues the one sent before it; a page that holds an older one asks for its own
proof over HTTP. One pump task; of an inspection's heads that wait only the newest is kept, since it covers the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.merkle_index import LeafIndex
from inspection.services.ports import Office
from signaling.live import LiveSessions
from signaling.messages import CheckpointMade
from signaling.outbox import Outbox, inspection_room

_log = logging.getLogger(__name__)

ReadLeaves = Callable[[str, int, int], Awaitable[Sequence[bytes]]]
EmitHead = Callable[[Checkpoint, int, Sequence[bytes]], Awaitable[None]]


@dataclass(slots=True)
class _Followed:
    """An inspection's leaves as far as they were read, and the size of the head sent last."""

    index: LeafIndex = field(default_factory=LeafIndex)
    sent: int = 0


class ReceiptFeed:
    """`read_leaves(inspection_id, after, upto)` reads the hashes of entries `after + 1` to `upto`.

    `emit(checkpoint, after, proof)` sends; `after` is the size that the proof begins at, the head's own where none was
    sent before. Only inspections that `is_watched` are followed; an inspection's tree goes with its watchers.
    """

    def __init__(self, read_leaves: ReadLeaves, emit: EmitHead, is_watched: Callable[[str], bool]) -> None:
        self._read_leaves = read_leaves
        self._emit = emit
        self._is_watched = is_watched
        self._followed: dict[str, _Followed] = {}
        self._waiting: dict[str, Checkpoint] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="receipt-feed")

    def offer(self, inspection_id: str, checkpoint: Checkpoint) -> None:
        """Takes a head that is durable, without waiting."""
        if self._is_watched(inspection_id):
            waiting = self._waiting.get(inspection_id)
            if waiting is None or waiting.size < checkpoint.size:
                self._waiting[inspection_id] = checkpoint
            self._changed.set()

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._forget_unwatched()
            for inspection_id in list(self._waiting):
                try:
                    await self._send(self._waiting.pop(inspection_id))
                except Exception:  # one inspection's trouble must not silence the others; its next head tries again
                    _log.exception("a head of inspection %s could not be sent", inspection_id)

    def _forget_unwatched(self) -> None:
        for inspection_id in [each for each in self._followed if not self._is_watched(each)]:
            del self._followed[inspection_id]

    async def _send(self, head: Checkpoint) -> None:
        followed = self._followed.setdefault(head.inspection, _Followed())
        if head.size <= followed.sent:
            return  # a head made late for fewer entries: whoever is here holds more
        await self._read_up_to(followed.index, head)
        after = followed.sent or head.size
        proof = followed.index.consistency_proof(after, head.size)
        await self._emit(head, after, proof)
        followed.sent = head.size

    async def _read_up_to(self, index: LeafIndex, head: Checkpoint) -> None:
        while index.size < head.size:
            leaves = await self._read_leaves(head.inspection, index.size, head.size)
            if not leaves:
                raise LookupError(f"the ledger ends at {index.size}, a head says {head.size}")
            for leaf in leaves:
                index.append(leaf)
        if index.root(head.size) != head.root_bytes:
            _log.error("inspection %s: the head of %d entries is not the ledger's", head.inspection, head.size)


def receipts_to(office: Office, outbox: Outbox, live: LiveSessions) -> ReceiptFeed:
    """The feed from that office's ledgers to everybody who is in one of its live sessions."""

    async def read_leaves(inspection_id: str, after: int, upto: int) -> Sequence[bytes]:
        async with office.reading() as uow:
            hashes = await uow.entries.list_hashes(inspection_id, after)
        return [bytes.fromhex(one) for one in hashes[: upto - after]]

    async def emit(head: Checkpoint, after: int, proof: Sequence[bytes]) -> None:
        line = head.to_line().decode("ascii")
        message = CheckpointMade(line=line, after=after, proof=[node.hex() for node in proof])
        await outbox.to_room(inspection_room(head.inspection), message)

    return ReceiptFeed(read_leaves, emit, lambda inspection_id: inspection_id in live.held().values())
