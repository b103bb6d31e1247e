"""A receipt as one A5 page for people: the code, the QR code with the whole head, and what it is good for."""

from __future__ import annotations

from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

from inspection.domain.instants import parse_rfc3339
from inspection.domain.receipts import code_of, groups_of
from inspection.services.ports import OfficeRules
from inspection.services.receipts import Receipt
from web.pdf import FONT_FAMILY, PICTURE_SCHEME
from web.qr import qr_svg
from web.receipt_pages import Page

Language = Literal["zh-CN", "en"]

WORDS = {
    "zh-CN": {
        "title": "台账回执",
        "number": "踏勘编号",
        "covers": "台账范围",
        "covers_value": "第 1 条至第 {size} 条",
        "made": "作出时间",
        "code": "回执代码（只有字母和数字 2 至 7）",
        "honest": "回执只证明到那时为止台账里有什么；不证明此前没有漏记。",
        "keep_title": "请自己保存好这一页",
        "keep": "它不在我们手里，才管用：以后有人改动、删除或换掉上面范围内的任何一条记录，凭它就能查出来。",
        "use_title": "怎么核对",
        "use": "拿到证据包后运行下面的命令，或用核验网页输入代码、扫描二维码得到的文字：",
        "key": "签名密钥",
    },
    "en": {
        "title": "Receipt for the record",
        "number": "Inspection",
        "covers": "Covers",
        "covers_value": "entries 1 to {size}",
        "made": "Made at",
        "code": "Receipt code (letters and digits 2 to 7 only)",
        "honest": "A receipt only shows what was in the record by then; not that nothing had been left out before.",
        "keep_title": "Keep this page yourself",
        "keep": "It works because it is not in our hands: whoever changes, deletes or replaces one of the entries "
        "above is found out by it.",
        "use_title": "How to check",
        "use": "With the evidence package run this command, or give the checking page the code or the QR code's text:",
        "key": "Signing key",
    },
}

_STYLE = f"""
@page {{ size: A5; margin: 13mm 13mm 11mm }}
* {{ box-sizing: border-box; margin: 0 }}
body {{ font-family: {FONT_FAMILY}; font-size: 10.5pt; line-height: 1.55; color: #13201d }}
header {{ display: flex; justify-content: space-between; color: #0b5d52; font-size: 9pt }}
h1 {{ margin: 5mm 0 3mm; font-size: 24pt; font-weight: normal; line-height: 1.2; letter-spacing: 1pt }}
table {{ width: 100%; border-collapse: collapse }}
td {{ padding: 1.1mm 0; border-bottom: .3pt solid #d5ddda }}
td:first-child {{ width: 28mm; color: #5b6864 }}
.code {{ margin: 5mm 0 0; padding: 3.2mm 4mm; background: #e2f0ed; border-radius: 2mm }}
.code small {{ color: #3e4c48; font-size: 8.5pt }}
.code p {{ font-size: 19pt; line-height: 1.4; letter-spacing: .8pt }}
.code span {{ display: inline-block; width: 33% }}
.row {{ display: flex; gap: 6mm; margin-top: 5mm; align-items: flex-start }}
.row img {{ flex: none; width: 49mm; height: 49mm; margin: -2.6mm }}
h2 {{ font-size: 12pt; font-weight: normal; color: #0b5d52 }}
.honest {{ margin-bottom: 3mm; padding-left: 3mm; border-left: 1mm solid #855000 }}
.use {{ margin-top: 4mm }}
.use code {{ display: block; margin-top: 1.5mm; padding: 2mm 3mm; background: #f2f5f4; border-radius: 1.5mm;
  font-family: {FONT_FAMILY}; font-size: 8.8pt; overflow-wrap: anywhere }}
footer {{ margin-top: 3.5mm; color: #5b6864; font-size: 7.5pt; overflow-wrap: anywhere }}
"""


def receipt_html(receipt: Receipt, rules: OfficeRules, language: Language) -> Page:
    """The page in one language."""
    words, head = WORDS[language], receipt.checkpoint
    groups = groups_of(code_of(head))
    code = "".join(f"<span>{group}</span>" for group in groups)
    made = parse_rfc3339(head.at).astimezone(ZoneInfo(rules.timezone))
    rows = (
        (words["number"], receipt.inspection.number),
        (words["covers"], words["covers_value"].format(size=head.size)),
        (words["made"], f"{made:%Y-%m-%d %H:%M:%S} (UTC{made:%z})"),
    )
    unit = rules.unit_name if language == "zh-CN" else rules.unit_name_en
    product = "云踏勘" if language == "zh-CN" else "YunTaKan"
    command = f"yuntakan verify {receipt.inspection.number}.zip --receipt {'-'.join(groups)}"
    html = f"""<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{words["title"]}</title>
<style>{_STYLE}</style><body>
<header><span>{escape(unit)}</span><span>{product}</span></header>
<h1>{words["title"]}</h1>
<table>{"".join(f"<tr><td>{name}</td><td>{escape(value)}</td></tr>" for name, value in rows)}</table>
<section class="code"><small>{words["code"]}</small><p>{code}</p></section>
<section class="row"><img src="{PICTURE_SCHEME}:qr" alt="QR"><div><p class="honest">{words["honest"]}</p>
<h2>{words["keep_title"]}</h2><p>{words["keep"]}</p></div></section>
<section class="use"><h2>{words["use_title"]}</h2><p>{words["use"]}</p><code>{escape(command)}</code></section>
<footer>{words["key"]} {head.key} · {escape(head.inspection)} · {head.root}</footer>
</body></html>"""
    return Page(html, {"qr": qr_svg(head.to_line().decode("ascii")).encode("ascii")})
