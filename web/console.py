"""What all console commands share: how they fail, and how they say that something takes a while."""

from __future__ import annotations

import locale
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Literal, TextIO

FAILED, MISUSED = 1, 2


class CommandFailed(Exception):
    """Ends a command with one line on standard error and an exit status."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


class Progress:
    """A line on standard error after a second, rewritten on a terminal, else a line every five seconds."""

    def __init__(self, what: str, out: TextIO, now_s: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._out = out
        self._now_s = now_s
        self._started_s = now_s()
        self._next_s = 1.0
        self._shown = False
        self.detail = ""

    def count(self, done: int, whole: int) -> None:
        """How far: `done` of `whole`, of whatever is counted."""
        self.detail = f"{100 * done // whole} %" if whole else ""

    def tick(self) -> None:
        elapsed_s = self._now_s() - self._started_s
        if elapsed_s < self._next_s:
            return
        is_terminal = self._out.isatty()
        self._next_s = elapsed_s + (0.2 if is_terminal else 5.0)
        line = f"{self._what} … {elapsed_s:.0f} s {self.detail}".rstrip()
        self._out.write(f"\r\x1b[K{line}" if is_terminal else line + "\n")
        self._out.flush()
        self._shown = is_terminal

    def clear(self) -> None:
        if self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()


@contextmanager
def progress(what: str, out: TextIO | None = None) -> Iterator[Progress]:
    """Says that `what` is going on for as long as the block takes, from a thread, whatever blocks meanwhile."""
    line, over = Progress(what, out or sys.stderr), Event()

    def keep_ticking() -> None:
        while not over.wait(0.1):
            line.tick()

    thread = Thread(target=keep_ticking, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        over.set()
        thread.join()
        line.clear()


def language() -> Literal["zh-CN", "en"]:
    """The language of this terminal: Chinese where its locale says so."""
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        return "en"
    return "zh-CN" if (locale.getlocale(locale.LC_CTYPE)[0] or "").startswith(("zh", "Chinese")) else "en"


def require_office(data: Path) -> None:
    """Refuses a folder without an office: a misspelt --data would otherwise make a new one. Raises CommandFailed."""
    if not (data / "yuntakan.db").is_file():
        raise CommandFailed(f"{data}: no office here (no yuntakan.db); give the right folder with --data", MISUSED)
