"""The embedded SMS gateway: messages go to the console and to a file, for demonstrations and for trying out."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TextIO

from inspection.domain.errors import InspectionError, Kind
from inspection.domain.identity_numbers import mask_phone
from inspection.domain.instants import rfc3339_ms
from inspection.services.ports import Clock


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
            await asyncio.to_thread(self._append, line + "\n")
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
        lines = self._outbox.read_text("utf-8").splitlines(keepends=True)
        new = self._outbox.with_name(f".{self._outbox.name}.new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.writelines(line for line in lines if json.loads(line)["phone"] != phone)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self._outbox)

    def _append(self, line: str) -> None:
        self._outbox.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._outbox, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(file, "a", encoding="utf-8") as stream:
            stream.write(line)
