"""The writer thread that all journals of a relay share, and the few that wait for the disk with it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from media.journal.config import JournalConfig
from media.journal.file import JournalFile
from media.journal.files import DiskFiles, JournalFiles
from media.journal.format import JournalHeader
from media.journal.writer import Inbox, JournalEnd, JournalListener, JournalWriter
from media.sealed.files import SealedFiles

#: What one disk can take side by side; more threads would only wait in its queue.
SYNC_THREADS = 8

logger = logging.getLogger(__name__)


class JournalDisk:
    """Owner of the writer thread: writes every 80 ms, has each journal synced within a second of what it holds.

    Syncs wait for the disk side by side, so that a slow one delays no journal by the number of the others. Made on the
    loop on which listeners are told. The thread sleeps while no journal is open.
    """

    def __init__(
        self,
        config: JournalConfig | None = None,
        files: JournalFiles | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config or JournalConfig()
        self._files = files or DiskFiles()
        self._monotonic_s = monotonic_s
        self._loop = asyncio.get_running_loop()
        self._open: list[JournalFile] = []
        self._finishing: list[tuple[JournalFile, asyncio.Future[JournalEnd] | None]] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._syncing = ThreadPoolExecutor(SYNC_THREADS, "journal-sync")
        self._thread = threading.Thread(target=self._run, name="journal-disk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def open(
        self, path: Path, header: JournalHeader, listener: JournalListener, key: bytes | None = None
    ) -> JournalWriter:
        """A writer for a new file at `path`, sealed with `key`; the file itself is made by the thread. Never waits."""
        inbox = Inbox(self._config.inbox_bytes)
        files = self._files if key is None else SealedFiles(self._files, key, os.urandom)
        file = JournalFile(path, header, inbox, listener, files, self._tell, self._config.floor_bytes)
        with self._changed:
            self._open.append(file)
            self._changed.notify()
        return JournalWriter(header, inbox, listener, partial(self._finish, file))

    async def aclose(self) -> None:
        """Close every journal that is still open, then end the thread. Idempotent."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)
        self._syncing.shutdown()

    def _finish(self, file: JournalFile) -> asyncio.Future[JournalEnd]:
        future: asyncio.Future[JournalEnd] = self._loop.create_future()
        with self._changed:
            if self._stopping:
                raise RuntimeError("journals are closed before their disk")
            self._finishing.append((file, future))
            self._changed.notify()
        return future

    def _run(self) -> None:
        while not self._pass():
            with self._changed:
                if not self._finishing and not self._stopping:
                    self._changed.wait(self._config.write_every_s if self._open else None)

    def _pass(self) -> bool:
        """Bring everything to the disk once. True when that was the last time."""
        with self._changed:
            files, finishing, stopping = list(self._open), self._finishing, self._stopping
            self._finishing = []
        if stopping:
            known = {id(file) for file, _ in finishing}
            finishing += [(file, None) for file in files if id(file) not in known]
        ending = {id(file) for file, _ in finishing}
        going_on = [file for file in files if id(file) not in ending]
        for file in going_on:
            self._guarded(file, file.write)
        now_s = self._monotonic_s()
        due = [(file, file.sync) for file in going_on if file.sync_is_due(now_s)]
        self._side_by_side(due)
        self._end_all(finishing)
        return stopping

    def _side_by_side(self, calls: Sequence[tuple[JournalFile, Callable[[float], None]]]) -> None:
        """Each file is one thread's at a time, and this one's again on return."""
        if len(calls) == 1:
            self._guarded(*calls[0])
        else:
            list(self._syncing.map(lambda call: self._guarded(*call), calls))

    def _end_all(self, finishing: list[tuple[JournalFile, asyncio.Future[JournalEnd] | None]]) -> None:
        list(self._syncing.map(lambda each: self._end(*each), finishing))

    def _guarded(self, file: JournalFile, call: Callable[[float], None]) -> None:
        try:
            call(self._monotonic_s())
        except Exception:  # one journal's trouble must not stop the others; errors of the disk it handles itself
            logger.exception("a journal failed and is closed")
            self._forget(file)
            file.give_up()

    def _end(self, file: JournalFile, future: asyncio.Future[JournalEnd] | None) -> None:
        self._forget(file)
        try:
            end = file.finish(self._monotonic_s())
        except Exception as error:  # whoever waits for the end gets it
            self._tell(partial(_fail, future, error))
        else:
            self._tell(partial(_resolve, future, end))

    def _forget(self, file: JournalFile) -> None:
        with self._changed:
            self._open = [other for other in self._open if other is not file]

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            logger.warning("the loop is closed: a fact about a journal reaches nobody")


def _resolve(future: asyncio.Future[JournalEnd] | None, end: JournalEnd) -> None:
    if future is not None and not future.done():
        future.set_result(end)


def _fail(future: asyncio.Future[JournalEnd] | None, error: Exception) -> None:
    if future is None:
        logger.error("a journal could not be closed: %s", type(error).__name__)
    elif not future.done():
        future.set_exception(error)
