"""The verifier of `verify.html` in one long-lived node, asked line by line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from web.verify.assemble import PAGE

_MAIN = Path(__file__).with_name("page_main.mjs")


class PageVerifier:
    """A context; one question at a time."""

    def __init__(self, page: Path = PAGE) -> None:
        self._node = subprocess.Popen(
            ["node", str(_MAIN), str(page)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "NODE_NO_WARNINGS": "1"},
        )

    def __enter__(self) -> PageVerifier:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.close()
        self._node.stdout.close()
        self._node.wait(10)

    def verify(
        self, package: Path, trust: Sequence[str] = (), receipts: Sequence[str] = (), *, own_ed25519: bool = False
    ) -> dict[str, Any]:
        """`verdict`, `first_problem`, `proven`, `claimed`. `trust` and `receipts`: texts as somebody pastes them."""
        assert self._node.stdin is not None and self._node.stdout is not None
        asked = {"package": str(package), "trust": list(trust), "receipts": list(receipts), "ownEd25519": own_ed25519}
        self._node.stdin.write(json.dumps(asked) + "\n")
        self._node.stdin.flush()
        answer: dict[str, Any] = json.loads(self._node.stdout.readline())
        return answer
