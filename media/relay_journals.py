"""Joins the recorder to the journal: one shared disk thread for all journals of the process."""

from __future__ import annotations

from media.relay_recorder import Journal, JournalRequest


class Journals:
    """Owner of the disk thread."""

    def open(self, request: JournalRequest) -> Journal:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close the disk thread. Idempotent."""
