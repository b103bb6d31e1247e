"""The stamp's wording: text for people to read on a still. The proof is the digest and the ledger entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from geo import Containment, Datum, Fix
from inspection.domain.actor import Level
from inspection.domain.sessions import Nature
from inspection.domain.words import NATURE_WORDS, level_words

FRAME_TOKEN = "{frame}"

_CONTAINMENT_WORDS = {
    Containment.INSIDE: "在围栏内",
    Containment.OUTSIDE: "在围栏外",
    Containment.UNCERTAIN: "围栏内外不能确定",
}
_DATUM_WORDS = {
    Datum.WGS84: "WGS-84",
    Datum.GCJ02: "GCJ-02",
    Datum.BD09: "BD-09",
    Datum.UNVERIFIED: "坐标系未核实",
}
_NO_FIX_WORDS = {
    "refused": "申请人未授权",
    "unavailable": "手机未能定位",
    "timeout": "定位超时",
    "unsupported": "浏览器不支持",
}


@dataclass(frozen=True, slots=True)
class StampFacts:
    """What a stamp says; `fix` None with a `no_fix_cause`, or with None where nothing was reported yet.

    `operator_name`: who took the still; None where the server took it by itself.
    """

    number: str
    session_number: int
    nature: Nature
    item_name: str
    premises_name: str
    applicant_name: str
    applicant_level: Level
    operator_name: str | None
    fix: Fix | None
    no_fix_cause: str | None
    containment: Containment | None
    server_at: datetime
    timezone: str
    lookup: str


def stamp_lines(facts: StampFacts) -> tuple[str, ...]:
    """The lines of the stamp. `{frame}` stands for the frame number until the frame is known."""
    nature = NATURE_WORDS[facts.nature]
    return (
        f"{facts.number} 第{facts.session_number}次 {nature} {facts.item_name}",
        f"场所：{_one_line(facts.premises_name)}",
        f"申请人：{_one_line(facts.applicant_name)}（{level_words(facts.applicant_level)}）",
        f"操作人：{_one_line(facts.operator_name) if facts.operator_name is not None else '系统自动'}",
        _place_line(facts),
        f"服务器时间：{_server_time(facts.server_at, facts.timezone)}",
        f"帧号：{FRAME_TOKEN} 查询号：{facts.lookup}（不是凭证）",
    )


def with_frame(lines: tuple[str, ...], frame_index: int) -> tuple[str, ...]:
    """The lines as drawn, with the number of the frame."""
    return tuple(line.replace(FRAME_TOKEN, str(frame_index)) for line in lines)


def _place_line(facts: StampFacts) -> str:
    if facts.fix is None:
        cause = _NO_FIX_WORDS.get(facts.no_fix_cause or "", "尚未收到")
        return f"无定位（{cause}）"
    position = facts.fix.position
    accuracy = f"±{round(facts.fix.accuracy_m)}米"
    where = f"{position.latitude:.5f},{position.longitude:.5f}"
    fence = "未设围栏" if facts.containment is None else _CONTAINMENT_WORDS[facts.containment]
    return f"手机上报位置（未核实）{accuracy} {_DATUM_WORDS[position.datum]} {where} {fence}"


def _server_time(at: datetime, timezone: str) -> str:
    local = at.astimezone(ZoneInfo(timezone))
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} UTC{offset[:3]}:{offset[3:]}"


def _one_line(text: str) -> str:
    """A name cannot fake the frame token or a line of its own."""
    return " ".join(text.replace("{", "(").split())
