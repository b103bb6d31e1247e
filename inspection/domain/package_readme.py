"""The page for laypeople inside of a package."""

from __future__ import annotations

_TEXT = """云踏勘证据包 / YunTaKan evidence package

事项 / Inspection: {number}
导出时间 / Exported at: {created_at}
签名公钥 / Signing key (Ed25519, base64): {public_key}

这是什么
本包是一次远程视频踏勘的过程记录:谁在什么时候做了什么(ledger.jsonl,每行一条),录制的原始数据(journal/),
定格照片(stills/),整改照片(rectifications/),便于观看的录像(viewing/,由原始数据生成,不是原始记录)。
姓名、地址和文字单独放在 openings.jsonl;没有提供的内容在 manifest.json 的 withheld 中逐项列出。

怎样核验(不需要联网,不需要原系统)
1. 不要改动本文件(包括重新命名包内文件)。
2. 运行: yuntakan verify 文件名 --trust 公钥      公钥请直接向办理单位核对,不要以本页所写为准。
   或用浏览器打开核验网页 verify.html(向办理单位索取,或从其网站 /verify.html 下载;存到电脑上打开,不联网),把本文件拖进去;
   或用随产品提供的独立小程序 examples/verify_package/(只需 Python 和 cryptography)。
   申请人或踏勘人员手中有回执(二维码或 26 位码)的,一并核对: --receipt 回执
3. 结果会分别列出“已证明”和“仅为声称”的内容,并指出第一处问题在哪个文件或哪一条。

能说明什么,不能说明什么
能说明入账以后内容未被改动、未缺少。不能说明现场真实、位置真实、画面中的人是谁,也不能说明入账之前的事。
这是完整性材料,供法院或专家判断;不是公证,不是鉴定意见,也不是许可决定。

What this is
The record of a remote video inspection: what was done by whom and when (ledger.jsonl, an entry a line), the recorded
packets (journal/), stills, rectification pictures, and a film for viewing (viewing/, derived, not the record).

How to verify it (no network and no server needed)
Run: yuntakan verify FILE --trust KEY. Ask the office for its key; do not rely on the one printed above.
Or open verify.html in a browser (ask the office for it, or take it from its site, /verify.html; kept on your computer
it needs no network) and drop this file there. Check receipts that somebody holds too: --receipt RECEIPT.
The short independent program examples/verify_package needs Python and `cryptography` only.

What it shows and what not
That nothing was changed or taken out after it was entered. Not that the scene or the position was true, nor who is
seen, nor anything before an entry. Integrity material for a court or an expert to weigh; not notarisation, not a
decision.
"""


def readme_bytes(number: str, created_at: str, public_key_base64: str) -> bytes:
    """The content of `README.txt`."""
    return _TEXT.format(number=number, created_at=created_at, public_key=public_key_base64).encode("utf-8")
