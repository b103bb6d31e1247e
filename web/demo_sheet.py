"""What the demo prints: who comes in where, in both languages, with a code to scan beside it. Pure text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from web.demo_case import DemoCase
from web.qr import qr_terminal
from web.serving import Address

RULE = "─" * 78


def sheet(case: DemoCase, address: Address, ca_fingerprint: str | None) -> str:
    """The whole sheet; every link carries the address that phones on the LAN reach."""
    base = address.best
    first, second, auditor = *case.inspectors, case.auditor
    lines = [
        RULE,
        f"  云踏勘 YunTaKan 演示 demo    {address.local}",
        f"  案件 case {case.number}    按 Ctrl-C 结束 Ctrl-C ends it",
        *_trust(base, ca_fingerprint),
        RULE,
        *_beside(f"{base}/i/{case.token}", [
            "申请人 Applicant",
            "（手机扫码 scan with a phone）",
            "",
            f"取件码 pick-up code  {case.pickup_shown}",
            f"手机号 phone         {case.phone}",
            "",
            "验证码在下面的文件里，代替短信：",
            "the SMS code comes in the file",
            "named below, instead of an SMS",
        ]),
        RULE,
        *_beside(f"{base}/office/login", [
            "勘验人员 Inspectors",
            "",
            f"{first.name}  {first.username}",
            f"密码 password  {first.password}",
            "",
            f"{second.name}  {second.username}",
            f"密码 password  {second.password}",
        ]),
        RULE,
        *_beside(f"{base}/audit/login", [
            "审计人员 Auditor",
            "",
            f"{auditor.name}  {auditor.username}",
            f"密码 password  {auditor.password}",
        ]),
        RULE,
    ]  # fmt: skip
    return "\n".join(lines)


def _trust(base: str, ca_fingerprint: str | None) -> Iterator[str]:
    if ca_fingerprint is None:
        return
    yield f"  手机先安装证书 phones first trust this server:  {base}/ca"
    yield f"  SHA-256 {ca_fingerprint[:47]}"
    yield f"          {ca_fingerprint[48:]}"


def _beside(link: str, words: list[str]) -> Iterator[str]:
    """The code on the left, so that wide characters on the right shift nothing; the link below."""
    code = qr_terminal(link)
    padding = " " * len(code[0])
    for left, right in zip_longest(code, ["", *words], fillvalue=""):
        yield f"  {left or padding}  {right}".rstrip()
    yield f"  {link}"
