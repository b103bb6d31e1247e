"""The embedded SMS gateway: messages go to the console and to a file, for demonstrations and for trying out."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from inspection.domain.errors import InspectionError, Kind
from inspection.domain.identity_numbers import mask_phone
from inspection.domain.instants import rfc3339_ms
from inspection.services.ports import Clock
from inspection.store.durable_files import sync_folder


class ConsoleSms:
    """Prints each message, number masked, and appends it as a line `{"at","phone","text"}` to a file of mode 0600."""

    def __init__(self, outbox: Path, clock: Clock, console: TextIO | None = None) -> None:
        self._outbox = outbox
        self._clock = clock
        self._console = console

    async def send(self, phone: str, text: str) -> None:
        """Returns once the line is in the file; `sms_unavailable` where it cannot be written."""
        line = json.dumps({"at": rfc3339_ms(self._clock.now()), "phone": phone, "text": text}, ensure_ascii=False)
        try:
            await asyncio.to_thread(self._append, f"{line}\n".encode())
        except OSError as error:
            raise InspectionError(Kind.UNAVAILABLE, "sms_unavailable", "the outbox cannot be written") from error
        print(f"SMS {mask_phone(phone)}: {text}", file=self._console or sys.stdout, flush=True)

    async def forget(self, phone: str) -> None:
        """Drops the lines of messages to that number."""
        try:
            await asyncio.to_thread(self._forget, phone)
        except OSError as error:
            raise InspectionError(Kind.UNAVAILABLE, "sms_unavailable", "the outbox cannot be written") from error

    def _forget(self, phone: str) -> None:
        if not self._outbox.exists():
            return
        with self._alone():
            lines = self._outbox.read_bytes().splitlines(keepends=True)
            new = self._outbox.with_name(f".{self._outbox.name}.new")
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "wb") as stream:
                stream.writelines(line for line in lines if not _is_about(line, phone))
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self._outbox)
            sync_folder(self._outbox.parent)

    def _append(self, line: bytes) -> None:
        self._outbox.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            file = os.open(self._outbox, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(file, "a+b") as stream:
                stream.write(b"\n" + line if _is_torn(stream) else line)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread or process writes meanwhile. The lock is a file of its own: the outbox is replaced."""
        lock = os.open(self._outbox.with_name(f".{self._outbox.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _is_about(line: bytes, phone: str) -> bool:
    """Whether it is a message to that number; of a line that a crash tore, whether the number stands in it."""
    try:
        message = json.loads(line)
    except ValueError:
        return phone.encode() in line
    return isinstance(message, dict) and message.get("phone") == phone


def _is_torn(stream: BinaryIO) -> bool:
    """Whether the last line has no end: the next must not become a part of it."""
    if stream.seek(0, os.SEEK_END) == 0:
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) != b"\n"
