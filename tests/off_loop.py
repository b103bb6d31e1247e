"""Tells in which thread a function runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


def threads_of(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[threading.Thread]:
    """Grows by the thread of each call of the module's function, which does its work as before."""
    seen: list[threading.Thread] = []
    function: Callable[..., Any] = getattr(module, name)

    def called(*arguments: Any, **named: Any) -> Any:
        seen.append(threading.current_thread())
        return function(*arguments, **named)

    monkeypatch.setattr(module, name, called)
    return seen
