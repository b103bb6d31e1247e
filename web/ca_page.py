"""The plain page that explains, per system, how a phone or computer comes to trust this server's own authority."""

from __future__ import annotations

import plistlib
import uuid
from html import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

_NAMESPACE = uuid.UUID("5e2ad1f0-1a0b-4c55-9c1e-6a2f3b7d9c10")

Steps = tuple[str, tuple[str, ...]]

_CHINESE: tuple[Steps, ...] = (
    ("苹果 iPhone / iPad", (
        "用 Safari 打开本页，点上面的“苹果描述文件”，选“允许”。",
        "打开“设置”，点顶部的“已下载描述文件”（或“通用 → VPN 与设备管理”），点“安装”。",
        "再打开“设置 → 通用 → 关于本机 → 证书信任设置”，打开“YunTaKan”的开关。少了这一步，摄像头不能用。",
    )),
    ("安卓", (
        "用 Chrome 打开本页，点上面的“证书文件”，下载 ca.crt。",
        "打开“设置”，搜索“CA 证书”（多在“安全 → 更多安全设置 → 加密与凭据 → 安装证书 → CA 证书”）。",
        "看过提示后选“仍然安装”，再选刚下载的 ca.crt。完全关闭浏览器后重新打开。",
    )),
    ("华为 鸿蒙 HarmonyOS", (
        "用系统浏览器打开本页，下载 ca.crt。",
        "打开“设置”，搜索“证书”（多在“隐私和安全”或“安全 → 更多安全设置 → 加密和凭据”），选“从存储设备安装”。",
        "选刚下载的 ca.crt，用途选“CA 证书”。完全关闭浏览器后重新打开。",
    )),
    ("Windows", (
        "下载 ca.crt 并双击，点“安装证书”，选“当前用户”。",
        "选“将所有的证书都放入下列存储”，再选“受信任的根证书颁发机构”，完成并确认。",
        "Edge、Chrome 重新打开后生效。Firefox：“设置 → 隐私与安全 → 查看证书 → 证书颁发机构 → 导入”。",
    )),
    ("苹果 macOS", (
        "下载 ca.crt 并双击，加入“登录”钥匙串。",
        "在“钥匙串访问”里双击“YunTaKan”，展开“信任”，把“使用此证书时”改为“始终信任”。",
    )),
    ("微信里打开不了？", (
        "安卓微信自带的浏览器不认自己安装的证书：请点右上角“···”，选“在浏览器打开”。",
        "正式使用时，单位会换用公共机构签发的证书，微信里可以直接打开，不需要以上步骤。",
    )),
)  # fmt: skip

_ENGLISH: tuple[Steps, ...] = (
    ("iPhone and iPad", (
        "Open this page in Safari, tap “Apple profile” above, and choose Allow.",
        "Open Settings, tap “Profile Downloaded” at the top (or General → VPN & Device Management), and tap Install.",
        "Then open Settings → General → About → Certificate Trust Settings and switch “YunTaKan” on. "
        "Without this step the camera stays blocked.",
    )),
    ("Android", (
        "Open this page in Chrome and download ca.crt above.",
        "Open Settings and search for “CA certificate” (often Security → Encryption & credentials → "
        "Install a certificate → CA certificate).",
        "Read the warning, choose “Install anyway”, and pick ca.crt. Close the browser fully and open it again.",
    )),
    ("Huawei HarmonyOS", (
        "Open this page in the system browser and download ca.crt.",
        "Open Settings and search for “certificate” (often Privacy & security, or Security → More → "
        "Encryption & credentials), choose “Install from storage”.",
        "Pick ca.crt as a CA certificate. Close the browser fully and open it again.",
    )),
    ("Windows", (
        "Download ca.crt, double-click it, choose Install Certificate, Current User.",
        "Choose “Place all certificates in the following store”, then “Trusted Root Certification Authorities”.",
        "Restart Edge or Chrome. Firefox: Settings → Privacy & Security → View Certificates → Authorities → Import.",
    )),
    ("macOS", (
        "Download ca.crt, double-click it, and add it to the login keychain.",
        "In Keychain Access double-click “YunTaKan”, open Trust, set “When using this certificate” to Always Trust.",
    )),
    ("In WeChat?", (
        "WeChat's own browser on Android ignores certificates you installed: tap ··· and choose “Open in browser”.",
        "For real use the office has a certificate of a public authority; then none of this is needed.",
    )),
)  # fmt: skip

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem;color:#1d2129;background:#fff}"
    "h1{font-size:1.35rem}h2{font-size:1.1rem;margin-top:1.6rem}a{color:#0b57b0}"
    "a.b{display:inline-block;min-height:44px;line-height:44px;padding:0 1rem;margin:.3rem .5rem .3rem 0;"
    "border:1px solid #0b57b0;border-radius:6px;text-decoration:none}"
    "code{word-break:break-all}summary{min-height:44px;line-height:44px;cursor:pointer;font-weight:600}"
    "li{margin:.3rem 0}"
)


def ca_page(authority: x509.Certificate) -> str:
    """The page for a server that has its own authority."""
    digest = escape(fingerprint(authority))
    return _page(
        "<h1>让手机信任本机证书</h1>"
        "<p>手机浏览器只在受信任的 HTTPS 页面上开放摄像头。本服务器用的是自己的证书，每台设备安装一次即可。"
        "只在您认识的单位和网络里安装；试用结束后请在同一位置删除。</p>"
        + _links("苹果描述文件", "证书文件 ca.crt")
        + f"<p>证书指纹（SHA-256），可与服务器屏幕上的核对：<br><code>{digest}</code></p>"
        + _steps(_CHINESE)
        + '<section lang="en"><h1>Let this device trust the server</h1>'
        "<p>Browsers open the camera on trusted HTTPS pages only. This server uses a certificate of its own; install "
        "it once on each device. Do so only for an office and a network you know, and remove it after trying out.</p>"
        + _links("Apple profile", "Certificate ca.crt")
        + f"<p>SHA-256 fingerprint, to compare with the server's screen:<br><code>{digest}</code></p>"
        + _steps(_ENGLISH)
        + "</section>"
    )


def nothing_to_install_page() -> str:
    """The page for a server whose certificate comes from elsewhere."""
    return _page(
        "<h1>不需要安装证书</h1><p>本服务器使用单位自己的证书，直接使用即可。</p>"
        '<section lang="en"><h1>Nothing to install</h1>'
        "<p>This server uses a certificate that its office provides.</p></section>"
    )


def not_built_page() -> str:
    """Where the front end has not been built."""
    return _page(
        "<h1>页面还没有构建</h1><p>服务器已在运行。请在源码目录执行 <code>make ui</code>，然后刷新。</p>"
        '<section lang="en"><h1>The pages are not built yet</h1>'
        "<p>The server is running. Run <code>make ui</code> in the source folder and reload.</p></section>"
    )


def apple_profile(authority: x509.Certificate) -> bytes:
    """A configuration profile that installs the authority; the same one gives the same profile."""
    digest = fingerprint(authority)
    name = authority.subject.rfc4514_string()
    root = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": "cn.yuntakan.ca.root",
        "PayloadUUID": str(uuid.uuid5(_NAMESPACE, f"root {digest}")).upper(),
        "PayloadDisplayName": "YunTaKan",
        "PayloadCertificateFileName": "ca.crt",
        "PayloadContent": authority.public_bytes(Encoding.DER),
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": "cn.yuntakan.ca",
        "PayloadUUID": str(uuid.uuid5(_NAMESPACE, f"profile {digest}")).upper(),
        "PayloadDisplayName": "YunTaKan 云踏勘",
        "PayloadDescription": f"信任本单位云踏勘服务器的证书。Trust the certificate of this office's server. {name}",
        "PayloadContent": [root],
    }
    return plistlib.dumps(profile)


def fingerprint(authority: x509.Certificate) -> str:
    """SHA-256 in pairs with colons, as systems show it."""
    return authority.fingerprint(hashes.SHA256()).hex(":").upper()


def _links(profile: str, certificate: str) -> str:
    return f'<p><a class="b" href="/ca.mobileconfig">{profile}</a><a class="b" href="/ca.crt">{certificate}</a></p>'


def _steps(systems: tuple[Steps, ...]) -> str:
    return "".join(
        f"<details><summary>{escape(system)}</summary><ol>"
        + "".join(f"<li>{escape(step)}</li>" for step in steps)
        + "</ol></details>"
        for system, steps in systems
    )


def _page(body: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>云踏勘 YunTaKan</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
