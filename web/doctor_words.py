"""What the doctor says of the network, by code, for a person who is no network engineer: (Chinese, English)."""

from __future__ import annotations

from typing import Literal

Language = Literal["zh-CN", "en"]

WORDS: dict[str, tuple[str, str]] = {
    "pages_built": ("页面已生成", "built"),
    "pages_missing": ("{folder} 没有生成：运行 make ui", "{folder} is not built: run `make ui`"),
    "tcp_free": ("{host} 端口 {port} 可用", "{host} port {port} is free"),
    "tcp_ours": ("{host} 端口 {port}：云踏勘服务器在应答", "{host} port {port}: a YunTaKan server answers"),
    "tcp_no_ipv6": ("本机不支持 IPv6", "no IPv6 on this machine"),
    "tcp_ipv4_alone": ("{host} 端口 {port}：{why}；只提供 IPv4", "{host} port {port}: {why}; IPv4 alone is served"),
    "tcp_taken": ("{host} 端口 {port} 不能用：{why}", "{host} port {port}: {why}"),
    "lan_none": (
        "本机只有回环地址：手机连不到这台机器",
        "no address but loopback: phones cannot reach this machine",
    ),
    "lan_not_listening": ("只监听 {hosts}", "listens on {hosts} only"),
    "lan_reachable": (
        "局域网内的地址是 {addresses}（还要看防火墙是否放行）",
        "reachable on the LAN as {addresses}, as far as firewalls let",
    ),
    "database_too_old": (
        "{path} 建于正式发布之前，本版本不能接着用：请用新的数据目录（--data）启动，旧目录原样保留",
        "{path} was made before the first release, and this version cannot take its data over: start with a new data "
        "folder (--data), and keep the old one as it is",
    ),
    "udp_any": (
        "使用任意空闲端口；防火墙必须放行 UDP（或用 --udp-ports 固定范围）",
        "any free port; firewalls must let UDP in (or set --udp-ports)",
    ),
    "udp_none": ("得不到 UDP 端口：{why}", "no UDP port can be had: {why}"),
    "udp_range": (
        "{range} 的 {count} 个端口中 {free} 个可用：约可同时进行 {sessions} 场视频",
        "{free} of {count} in {range} can be bound: about {sessions} sessions at once",
    ),
    "outer_none": (
        "没有设置外网地址：手机必须能直接到达本机地址",
        "none set: phones must reach this machine's own addresses",
    ),
    "outer_without_range": (
        "网关只能转发固定范围：还要设置 --udp-ports",
        "a gateway can only forward a fixed range: set --udp-ports as well",
    ),
    "outer_arrives": ("发往 {address} 的数据报能到达", "a datagram to {address} arrives"),
    "outer_own_silent": (
        "{address} 是本机地址，但发往它的数据报没有到达：请检查防火墙",
        "{address} is this machine's, but a datagram to it did not arrive: a firewall?",
    ),
    "outer_silent": (
        "{address} 不是本机地址，发往它的数据报没有回来：请确认网关转发 UDP {range}"
        "（许多网关不支持从内网绕回，请在外面用 --server 测试）",
        "{address} is not this machine's and a datagram to it did not come back: see that the gateway forwards UDP "
        "{range} (many gateways do not send it back inside; try outside, with --server)",
    ),
    "outer_private": (
        "{address} 是内网地址：只有您的网络内部能到达",
        "{address} is a private address: reachable inside your network only",
    ),
    "ipv6_none": (
        "本机没有公网 IPv6 地址：外面的人只能用 IPv4",
        "no global IPv6 address on this machine: people outside use IPv4",
    ),
    "ipv6_offered": ("也提供 IPv6：{addresses}", "IPv6 is offered as well: {addresses}"),
    "clock_synchronised": ("本机时钟已与时间服务器同步", "this machine's clock is synchronised"),
    "clock_free": (
        "本机时钟没有与时间服务器同步：证书、时间戳和 TURN 密码都依赖准确时间，请启用 NTP",
        "this machine's clock is not synchronised: certificates, stamps and TURN passwords need the time; run NTP",
    ),
    "clock_unknown": ("无法得知本机时钟是否同步", "whether this machine's clock is synchronised cannot be told"),
    "clock_differs": (
        "本机与服务器的时钟相差 {seconds} 秒：超过 {limit} 秒时 TURN 密码会失效，请校准两边时间",
        "the clocks here and at the server differ by {seconds} s: beyond {limit} s TURN passwords fail; set both right",
    ),
    "clock_agrees": (
        "本机与服务器的时钟一致（相差 {seconds} 秒）",
        "the clocks here and at the server agree ({seconds} s)",
    ),
    "stamps_none": (
        "没有配置时间戳机构：时间只有服务器自述，时间口令不可用。见 YUNTAKAN_TIMESTAMP_AUTHORITIES",
        "no authority stamps the record: its times are this server's word, and there are no challenge codes; see "
        "YUNTAKAN_TIMESTAMP_AUTHORITIES",
    ),
    "stamps_work": (
        "{name}：可用，证书链到 {root}",
        "{name}: works, and its certificate leads to {root}",
    ),
    "stamps_unchecked": (
        "{name}：可用，但没有给出根证书，签发者 {signer} 未经核对（certificates）",
        "{name}: works, but no root was given to hold its signer {signer} against (certificates)",
    ),
    "stamps_test": (
        "{name}：可用；测试时间戳，无证明力",
        "{name}: works; a test authority, its stamps prove nothing",
    ),
    "stamps_clock": (
        "{name}：可用，但其时间与本机相差 {seconds} 秒",
        "{name}: works, but its time and this machine's differ by {seconds} s",
    ),
    "stamps_unreachable": ("{name}：连不上 {url}（{why}）", "{name}: {url} cannot be reached ({why})"),
    "stamps_timeout": ("{name}：{url} 没有按时应答", "{name}: {url} does not answer in time"),
    "stamps_refused": ("{name}：{url} 拒绝了请求（{why}）", "{name}: {url} refused ({why})"),
    "stamps_too_large": ("{name}：{url} 的应答过大", "{name}: the answer of {url} is too large"),
    "stamps_invalid": (
        "{name}：应答的时间戳不成立（{why}）；可能换了签发证书",
        "{name}: what it gives does not hold ({why}); has its certificate changed?",
    ),
    "stamps_certificates": (
        "{name}：证书文件不能用（{why}）",
        "{name}: its certificates cannot be used ({why})",
    ),
    "turn_none": (
        "没有配置 TURN：只放行网页端口的网络（部分单位、酒店、公司）里的人进不了视频。见 YUNTAKAN_TURN__URLS",
        "no TURN server is set: people in networks that pass web pages only will get no video; see YUNTAKAN_TURN__URLS",
    ),
    "turn_no_tls443": (
        "TURN 没有 turns:…:443 地址：只放行 443 端口的网络仍然进不了视频",
        "no TURN address is turns:…:443: networks that pass port 443 only still get no video",
    ),
    "turn_works": (
        "{url}：可用，能转到媒体地址 {peer}（{took_ms} 毫秒）",
        "{url}: works, and reaches media at {peer} ({took_ms} ms)",
    ),
    "turn_unreachable": (
        "{url}：连不上（{why}）。请检查域名、端口、防火墙和 coturn 是否在运行",
        "{url}: cannot be reached ({why}). See name, port, firewall, and that coturn runs",
    ),
    "turn_silent": (
        "{url}：没有应答。UDP 被防火墙拦截，或 coturn 没有运行",
        "{url}: no answer. A firewall blocks UDP, or coturn does not run",
    ),
    "turn_certificate": (
        "{url}：证书不被信任（{why}）。浏览器会拒绝；请换用该域名的有效证书",
        "{url}: its certificate is not trusted ({why}). Browsers refuse it; use one that is good for that name",
    ),
    "turn_unauthorised": (
        "{url}：拒绝了密码（{why}）。两边的密钥不同，或 TURN 服务器时钟快了：重新运行 yuntakan turn-config 并校准时间",
        "{url}: refused the password ({why}). The secrets differ, or the TURN server's clock is ahead: run "
        "`yuntakan turn-config` again and set its clock",
    ),
    "turn_clock": (
        "{url}：TURN 服务器的时钟比本机快，密码一发出就已过期：请校准两边时间（NTP）",
        "{url}: its clock is ahead of this machine's, so that passwords run out before they are used: set both right",
    ),
    "turn_forbidden": (
        "{url}：不允许转到媒体地址 {peer}（{why}）。缺少 allowed-peer-ip：重新运行 yuntakan turn-config",
        "{url}: may not pass on to media at {peer} ({why}). allowed-peer-ip is missing: run "
        "`yuntakan turn-config` again",
    ),
    "turn_refused": ("{url}：拒绝了请求（{why}）", "{url}: refused ({why})"),
    "turn_no_media": (
        "{url}：TURN 可用，但它到媒体地址 {peer} 的 UDP 不通：请放行 TURN 服务器到本服务器的 UDP",
        "{url}: works, but UDP from it to media at {peer} does not get through: let it in at this server's firewall",
    ),
    "server_name": ("找不到 {host} 的地址（{why}）", "{host} has no address ({why})"),
    "server_addresses": ("{host} 是 {addresses}", "{host} is {addresses}"),
    "server_unreachable": (
        "网页连不上（{why}）：请检查 TCP 端口和防火墙",
        "the pages cannot be reached ({why}): see the TCP port and the firewall",
    ),
    "server_certificate": (
        "网页证书不被信任（{why}）：浏览器会警告，微信里打不开摄像头。自签证书请用 --ca 指定",
        "the pages' certificate is not trusted ({why}): browsers warn, and WeChat opens no camera; for the office's "
        "own authority give --ca",
    ),
    "server_answers": ("网页可用，证书有效", "the pages answer, and their certificate is good"),
    "server_other": ("应答的不是云踏勘服务器", "what answers there is no YunTaKan server"),
    "media_not_tried": (
        "没有测试媒体端口：加上 --username（工作人员账号）才能测试 UDP 和 TURN",
        "media was not tried: give --username (a staff account) to try UDP and TURN",
    ),
    "probe_refused": ("服务器拒绝了测试（{why}）", "the server refused the test ({why})"),
    "media_reached": (
        "UDP 可达：{reached}；服务器看到的本机地址是 {seen}",
        "media is reached by UDP at {reached}; the server sees this machine as {seen}",
    ),
    "media_partly": (
        "这些地址没有应答（其他地址可用即可）：{silent}",
        "no answer (one that answers is enough): {silent}",
    ),
    "media_private_only": (
        "UDP 不通：服务器只给出了内网地址 {silent}，外面的人到不了。"
        "请设置 --public-address 和 --udp-ports，并在网关上转发这些 UDP 端口",
        "no media: the server names private addresses only ({silent}), which nobody outside reaches. Set "
        "--public-address and --udp-ports, and forward these UDP ports at the gateway",
    ),
    "media_blocked": (
        "UDP 不通：{silent} 都没有应答。网关没有转发这些 UDP 端口，服务器防火墙没有放行，"
        "public_address 不对，或者您这边的网络禁止 UDP",
        "no media by UDP: none of {silent} answers. The gateway does not forward these UDP ports, the server's "
        "firewall stops them, public_address is wrong, or your own network blocks UDP",
    ),
    "media_by_turn": (
        "UDP 不通，但 TURN 可用：视频经 TURN 仍能连通",
        "UDP is blocked, but TURN works: calls get through by it",
    ),
}


def say(code: str, language: Language, **values: object) -> str:
    chinese, english = WORDS[code]
    return (chinese if language == "zh-CN" else english).format(**values)
