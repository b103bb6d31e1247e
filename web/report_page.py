"""The printed report as HTML for `web.pdf`: A4, in the order in which somebody reads who was not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from inspection.domain.instants import parse_rfc3339
from inspection.domain.report_facts import (
    CheckFacts,
    FindingFacts,
    PersonFacts,
    ReportFacts,
    SessionFacts,
    StillFacts,
    WordFacts,
)
from inspection.domain.words import OPINION_FOOT
from web import report_words as words
from web.pdf import FONT_FAMILY, PICTURE_SCHEME

#: A report is read on paper: of more stills than this the others are listed with their numbers.
MOST_PICTURES = 60
QR_PICTURE = "receipt"

STYLE = f"""
@page {{ size: A4; margin: 20mm 16mm 22mm;
  @bottom-left {{ content: string(number); font: 8pt {FONT_FAMILY}; color: #5b6470 }}
  @bottom-right {{ content: "第 " counter(page) " 页，共 " counter(pages) " 页";
    font: 8pt {FONT_FAMILY}; color: #5b6470 }} }}
body {{ font: 10pt/1.6 {FONT_FAMILY}; color: #16202b }}
h1 {{ font-size: 19pt; text-align: center; font-weight: normal; margin: 0 0 2mm }}
h2 {{ font-size: 13pt; font-weight: normal; border-bottom: 0.6pt solid #16202b; margin: 8mm 0 3mm; break-after: avoid }}
h3 {{ font-size: 11pt; font-weight: normal; margin: 4mm 0 1mm; break-after: avoid }}
p {{ margin: 1mm 0 }} .note {{ color: #5b6470; font-size: 8.5pt }} .number {{ string-set: number content() }}
table {{ width: 100%; border-collapse: collapse; margin: 2mm 0 }}
th, td {{ border: 0.4pt solid #aab2bd; padding: 1.2mm 2mm; text-align: left; vertical-align: top; font-weight: normal }}
th {{ background: #f1f3f6; width: 26mm }} thead th {{ width: auto }} tr {{ break-inside: avoid }}
.warn {{ border-left: 2pt solid #b3261e; padding-left: 3mm }}
.stills {{ display: flex; flex-wrap: wrap; gap: 4mm }} figure {{ width: 84mm; margin: 0; break-inside: avoid }}
figure img {{ width: 84mm }} figcaption {{ font-size: 8pt; color: #5b6470 }}
.receipt {{ display: flex; gap: 5mm; align-items: flex-start; break-inside: avoid }} .receipt img {{ width: 34mm }}
.code {{ font-size: 12pt; letter-spacing: 0.5pt; word-break: break-all }}
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The head that the package ends with: its code as people keep it, how many entries it covers."""

    code: str
    size: int
    at: str
    key_fingerprint: str


def report_html(facts: ReportFacts, receipt: Receipt, pictured: Mapping[str, str], zone: ZoneInfo) -> str:
    """The whole document. `pictured`: still id → name of its picture, in the order of the case."""
    page = _Page(pictured, zone)
    parts = [
        f"<h1>远程视频踏勘记录报告</h1><p class='note number' style='text-align:center'>{_text(facts.number)}</p>",
        page.case(facts),
        *(page.session(session) for session in facts.sessions.values()),
        page.findings(facts.findings.values()),
        page.visits(facts),
        page.opinion(facts.opinion),
        page.stills(facts),
        page.receipt(facts, receipt),
    ]
    title = f"<title>远程视频踏勘记录报告 {_text(facts.number)}</title>"
    head = f"<head><meta charset='utf-8'>{title}<style>{STYLE}</style></head>"
    return f"<!DOCTYPE html><html lang='zh-CN'>{head}<body>{''.join(parts)}</body></html>"


def chosen_stills(facts: ReportFacts, present: Iterable[str]) -> list[str]:
    """Ids of the stills that the report shows: those of findings and checks first, then the others as they came."""
    there = set(present)
    named = [finding.still_id for finding in facts.findings.values() if finding.still_id]
    checks = [mark for session in facts.sessions.values() for mark in session.checks.values()]
    named += [still_id for mark in checks for still_id in mark.still_ids]
    named += [still.still_id for session in facts.sessions.values() for still in session.stills]
    return [still_id for still_id in dict.fromkeys(named) if still_id in there][:MOST_PICTURES]


class _Page:
    def __init__(self, pictured: Mapping[str, str], zone: ZoneInfo) -> None:
        self._pictured = pictured
        self._zone = zone
        self._figures = {still_id: number for number, still_id in enumerate(pictured, 1)}

    def case(self, facts: ReportFacts) -> str:
        rows = [
            ("事项", facts.item_name),
            ("申请人", _joined(facts.applicant_name, facts.applicant_id, facts.applicant_phone)),
            ("身份核验", words.IDENTITY.get(facts.identity or "", "未核验")),
            ("经营场所", _joined(facts.premises_name, facts.premises_address)),
            ("立案时间", self._when(facts.opened_at)),
        ]
        erased = [f"<p class='warn'>{self._when(at)} 已按规则删除部分数据，见台账。</p>" for at in facts.erasures]
        return "<h2>基本情况</h2>" + _rows(rows) + "".join(erased)

    def session(self, session: SessionFacts) -> str:
        rows = [
            ("性质", words.NATURE[session.nature]),
            ("时间", f"{self._when(session.started_at)} 至 {self._when(session.ended_at)}"),
            ("结束", words.END.get(session.end_cause or "", "尚未结束")),
            ("在场人员", "<br>".join(map(_person, session.people.values()))),
            ("位置", _counted(session.fixes, words.WHERE) or "没有取得位置"),
            ("缺口", _gaps(session) or "台账未声明缺口"),
        ]
        title = f"<h2>第 {session.number} 次视频({words.NATURE[session.nature]})</h2>"
        table = _rows(rows, safe=("在场人员",))
        return title + table + _marked(session) + self._checks(session) + self._words(session.words)

    def findings(self, findings: Iterable[FindingFacts]) -> str:
        shown = "".join(self._finding(number, finding) for number, finding in enumerate(findings, 1))
        return "<h2>整改意见</h2>" + (shown or "<p>没有提出整改意见。</p>")

    def visits(self, facts: ReportFacts) -> str:
        rows = [
            (
                self._when(visit.visited_at),
                f"{_or_not_here(None if visit.visitors is None else '、'.join(visit.visitors))}；"
                f"现场核实 {visit.items} 项，确认 {visit.confirmed} 项",
            )
            for visit in facts.visits
        ]
        return "<h2>现场核查</h2>" + (_rows(rows) if rows else "<p>没有现场核查记录。</p>")

    def opinion(self, opinion: WordFacts | None) -> str:
        if opinion is None:
            return "<h2>核查意见</h2><p>尚未出具。</p>"
        return f"<h2>核查意见</h2>{self._word(opinion)}<p class='note'>{_text(OPINION_FOOT)}</p>"

    def stills(self, facts: ReportFacts) -> str:
        every = {still.still_id: still for session in facts.sessions.values() for still in session.stills}
        figures = "".join(self._figure(every[still_id]) for still_id in self._pictured if still_id in every)
        left = [still.lookup for still in every.values() if still.still_id not in self._pictured]
        others = f"<p class='note'>另有 {len(left)} 张未印出，查询号:{_text('、'.join(left))}</p>" if left else ""
        body = f"<div class='stills'>{figures}</div>" if figures else "<p>没有照片。</p>"
        return f"<h2>定格照片</h2>{body}{others}"

    def receipt(self, facts: ReportFacts, receipt: Receipt) -> str:
        limits = "".join(f"<p>{_text(line)}</p>" for line in words.LIMITS)
        return (
            "<h2>核对与说明</h2><div class='receipt'>"
            f"<img src='{PICTURE_SCHEME}:{QR_PICTURE}' alt='台账首尾签名'>"
            f"<div><p>台账共 {receipt.size} 条，回执码</p><p class='code'>{_text(receipt.code)}</p>"
            f"<p class='note'>{self._when(receipt.at)} 由公钥指纹 {_text(receipt.key_fingerprint)} 的密钥签名</p>"
            "</div></div>"
            f"{limits}"
        )

    def _checks(self, session: SessionFacts) -> str:
        if not session.checks:
            return ""
        rows = "".join(self._check(mark) for mark in session.checks.values())
        head = "<thead><tr><th>检查项</th><th>是否看清</th><th>结果</th><th>说明</th><th>照片</th></tr></thead>"
        return f"<table>{head}<tbody>{rows}</tbody></table>"

    def _check(self, mark: CheckFacts) -> str:
        figures = "、".join(f"图{self._figures[one]}" for one in mark.still_ids if one in self._figures)
        cells = (mark.title, words.SEEN[mark.seen], words.RESULT[mark.result], _or_not_here(mark.note), figures)
        return "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>"

    def _finding(self, number: int, finding: FindingFacts) -> str:
        figure = f"，见图{self._figures[finding.still_id]}" if finding.still_id in self._figures else ""
        head = f"<h3>{number}. {words.SEVERITY[finding.severity]}，{_text(finding.due_date)} 前整改{figure}</h3>"
        clause = f"<p class='note'>依据：{_text(_or_not_here(finding.clause))}</p>" if finding.clause != "" else ""
        return head + f"<p>{_text(_or_not_here(finding.text))}</p>" + clause + self._words(finding.words)

    def _words(self, said: Iterable[WordFacts]) -> str:
        return "".join(self._word(one) for one in said)

    def _word(self, said: WordFacts) -> str:
        who = f"{words.ROLE.get(said.role, '')} {_or_not_here(said.name)}"
        text = f"：{_text(said.text)}" if said.text else ""
        return f"<p>{_text(words.WORD.get(said.what, said.what))}（{_text(who)}，{self._when(said.at)}）{text}</p>"

    def _figure(self, still: StillFacts) -> str:
        image = f"<img src='{PICTURE_SCHEME}:{_text(self._pictured[still.still_id])}' alt=''>"
        said = f"图{self._figures[still.still_id]} {words.REASON.get(still.reason, '')} {self._when(still.arrival_at)}"
        caption = f"{said} 查询号 {_text(still.lookup)}，台账第 {still.seq} 条"
        return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"

    def _when(self, at: str | None) -> str:
        if at is None:
            return "—"
        return _local(parse_rfc3339(at), self._zone)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _marked(session: SessionFacts) -> str:
    if not session.marked_ms:
        return ""
    minutes = session.marked_ms / 60_000
    return f"<p class='warn'>其中 {minutes:.1f} 分钟只有一名踏勘人员在场：单人时段，不作核查依据。</p>"


def _gaps(session: SessionFacts) -> str:
    said = (
        f"{words.GAP[cause]} {count} 处，合计 {session.gap_ms[cause] / 1000:.1f} 秒"
        for cause, count in session.gap_counts.items()
    )
    return "；".join(said)


def _counted(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    return "；".join(f"{names[key]} {count} 次" for key, count in counts.items())


def _person(one: PersonFacts) -> str:
    return _text(" ".join(filter(None, (words.ROLE.get(one.role, ""), _or_not_here(one.name), one.unit, one.badge))))


def _joined(*values: str | None) -> str:
    return " ".join(value for value in map(_or_not_here, values) if value)


def _or_not_here(value: str | None) -> str:
    return words.NOT_HERE if value is None else value


def _rows(rows: Iterable[tuple[str, str]], safe: tuple[str, ...] = ()) -> str:
    cells = ((_text(name), value if name in safe else _text(value)) for name, value in rows)
    return f"<table>{''.join(f'<tr><th>{name}</th><td>{value}</td></tr>' for name, value in cells)}</table>"


def _text(value: str) -> str:
    return escape(value, quote=True)
