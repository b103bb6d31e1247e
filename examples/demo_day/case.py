"""What the demo prepared, as it is handed to the day's players (JSON on standard input)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


class DayFailed(Exception):
    """A step of the day did not do what it must."""


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str


@dataclass(frozen=True)
class DemoCase:
    """Who may come in, and into which session of which inspection."""

    url: str
    ca_path: Path
    inspectors: list[Credentials]
    auditor: Credentials
    inspection_id: str
    session_id: str
    pickup_code: str
    phone: str
    sms_outbox: Path

    @property
    def inspection_path(self) -> str:
        return f"/api/inspector/inspections/{self.inspection_id}"

    @property
    def audit_path(self) -> str:
        return f"/api/auditor/inspections/{self.inspection_id}"

    @classmethod
    def from_json(cls, text: str) -> DemoCase:
        values = json.loads(text)
        return cls(
            url=values["url"],
            ca_path=Path(values["ca_path"]),
            inspectors=[Credentials(**person) for person in values["inspectors"]],
            auditor=Credentials(**values["auditor"]),
            inspection_id=values["inspection_id"],
            session_id=values["session_id"],
            pickup_code=values["pickup_code"],
            phone=values["phone"],
            sms_outbox=Path(values["sms_outbox"]),
        )


def require(holds: bool, step: str) -> None:
    """Raises DayFailed naming the step that does not hold; says so when it does."""
    if not holds:
        raise DayFailed(step)
    say("ok:", step)


def say(*words: str) -> None:
    print("day:", *words, flush=True)
