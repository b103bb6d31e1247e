"""The sentences of a verdict, Chinese first. Never more than the evidence says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from inspection.domain.verification import Verdict

Language = Literal["zh-CN", "en"]

_STATEMENTS: dict[str, tuple[str, str]] = {
    "manifest_signed": (
        "清单由公钥指纹为 {fingerprint} 的密钥签名",
        "The manifest is signed by the key with fingerprint {fingerprint}",
    ),
    "key_trusted": ("签名密钥就是所给的可信公钥", "The signing key is the trusted key that was given"),
    "entries_chained": (
        "台账第 1 至 {entries} 条逐条相连,未缺、未改、未插,每条均由同一密钥签名",
        "Ledger entries 1 to {entries} are chained without loss, change or insertion, each signed by the same key",
    ),
    "journals_match": (
        "录制原始记录 {tracks} 轨、{segments} 段、{bytes} 字节:每个字节都在台账所记的段内,摘要一致",
        "Recorded journals, {tracks} tracks, {segments} segments, {bytes} bytes: "
        "each byte lies in a segment of the ledger and the digests match",
    ),
    "stills_match": (
        "定格照片 {count} 张与台账所记摘要一致",
        "{count} stills match the digests in the ledger",
    ),
    "files_match": (
        "整改照片 {count} 份与台账所记摘要一致",
        "{count} rectification pictures match the digests in the ledger",
    ),
    "members_listed": (
        "包内 {count} 个文件的名称、长度和内容与签名清单一致,没有多余的文件",
        "Names, lengths and contents of the {count} members match the signed manifest, and there are no others",
    ),
    "self_consistent": (
        "自洽;密钥未经核对;无外部回执",
        "Self-consistent; the key has not been checked; no outside receipt",
    ),
    "key_unchecked": ("密钥未经核对;无外部回执", "The key has not been checked; no outside receipt"),
    "trusted_no_receipt": (
        "密钥已与所给公钥核对;无外部回执",
        "The key was checked against the given one; no outside receipt",
    ),
    "server_clock": (
        "时间({first} 至 {last})为服务器时钟自述,手机时间为手机自述",
        "Times ({first} to {last}) are what the server's clock said; device times are what the devices said",
    ),
    "identities": (
        "人员身份只核验到各条目所写的程度",
        "Persons were identified only as far as the entries say",
    ),
    "positions": (
        "{count} 次位置为手机上报,未核实",
        "{count} positions are as the phone reported them, not verified",
    ),
    "no_positions": (
        "{count} 次没有取得位置,原因已入账",
        "{count} times there was no position; its cause is on record",
    ),
    "gaps": ("台账声明了 {count} 处缺口", "The ledger declares {count} gaps"),
    "gap_loss": ("其中网络丢包合计 {seconds} 秒", "of which packets lost on the way: {seconds} s together"),
    "gap_freeze": ("其中画面停住合计 {seconds} 秒", "of which the picture stood still: {seconds} s together"),
    "gap_silent": ("其中没有数据合计 {seconds} 秒", "of which nothing arrived: {seconds} s together"),
    "gap_reconnect": ("其中重新连接合计 {seconds} 秒", "of which reconnecting: {seconds} s together"),
    "gap_restart": ("其中服务器重启合计 {seconds} 秒", "of which the server restarted: {seconds} s together"),
    "gap_muted": ("其中静音合计 {seconds} 秒", "of which muted: {seconds} s together"),
    "gap_paused": ("其中暂停画面合计 {seconds} 秒", "of which paused: {seconds} s together"),
    "gap_camera": ("其中切换摄像头合计 {seconds} 秒", "of which the camera was changed: {seconds} s together"),
    "gap_disk": ("其中磁盘未能写入合计 {seconds} 秒", "of which the disk could not be written: {seconds} s together"),
    "gap_ledger": ("其中台账来不及写入合计 {seconds} 秒", "of which the ledger lagged behind: {seconds} s together"),
    "recovered": (
        "{count} 段录制在中断后补记,录制当时未即时入账",
        "{count} segments were entered after an interruption, not attested live",
    ),
    "segments_counted": (
        "录制各段的包数、帧数和时间与内容相符({segments} 段);完整画面 {frames} 帧,可解码 {decodable} 帧",
        "Packets, frames and times of the recorded segments are those of their bytes ({segments} segments); "
        "{frames} whole frames, {decodable} of them decodable",
    ),
    "stills_found": (
        "{count} 张定格照片的画面已在录制中重新找到,逐像素一致",
        "The pictures of {count} stills were found again in the recording, pixel by pixel",
    ),
    "stills_out_of_reach": (
        "{count} 张定格照片的画面未能在录制中核对:该段录制未入账、已遮盖或已删除",
        "{count} stills could not be held against the recording: that stretch is not attested, withheld or erased",
    ),
    "stills_in_gaps": (
        "{count} 张定格照片落在台账声明的缺口之内",
        "{count} stills lie within gaps that the ledger declares",
    ),
    "pauses_undeclared": (
        "录像中有 {count} 处共 {seconds} 秒没有数据而台账未作声明",
        "{count} times, {seconds} s together, the video has no data and the ledger declares no gap",
    ),
    "credentials_trusted": (
        "{count} 张照片的内容凭证(C2PA)由所给根证书下的办公服务器签名,只说明是该服务器签了这张图",
        "Content credentials (C2PA) of {count} stills are signed under the given root: the office's server signed them",
    ),
    "credentials_untrusted": (
        "{count} 张照片带内容凭证(C2PA),签名者未经核对",
        "{count} stills carry content credentials (C2PA) of a signer that was not checked",
    ),
    "frames_signed": (
        "{share}%视频帧由网页签名({frames} 帧中 {signed} 帧):离开该网页后未被改动。"
        "不证明来自真实摄像头、某部手机或某人;声音未签名",
        "{share}% of the video frames ({signed} of {frames}) are signed by the page: unchanged since they left it. "
        "Not proven: that they come from a real camera, a certain phone or person; sound is not signed",
    ),
    "frames_odd": (
        "网页签名不符 {broken} 帧;缺少计数 {missing} 个(途中丢失或被取走);网页时钟跳变 {jumps} 次",
        "Signatures that do not fit: {broken} frames; missing counters: {missing} (lost on the way or taken out); "
        "jumps of the page's clock: {jumps}",
    ),
    "frames_unsigned": ("视频帧未由网页签名", "Video frames are not signed by the page"),
    "frames_unchecked": (
        "{count} 条网页签名统计因录像有移除而无法核对",
        "{count} statements on page signatures cannot be checked, because segments are withheld",
    ),
    "frames_not_counted": ("网页签名未在此核对", "Page signatures were not checked here"),
    "stills_not_decoded": (
        "未解码比对照片与录像帧",
        "Stills were not compared with the decoded recording",
    ),
    "scene": (
        "画面和声音是否来自真实现场、某部手机或某人,不在证明之内",
        "Whether picture and sound come from a real scene, a certain phone or person is not proven",
    ),
    "limits": (
        "本结果是供法院或专家判断的完整性材料,不是公证,不是鉴定意见,不证明现场真实;入账之前的事不在范围内",
        "This is integrity material for a court or an expert to weigh; not notarisation, not a forensic opinion, "
        "not proof that the scene was true; nothing before a ledger entry is covered",
    ),
}

_CODES: dict[str, tuple[str, str]] = {
    "zip_not_plain": ("压缩包结构不规范或被改动", "The ZIP is not plain or was changed"),
    "member_missing": ("缺少文件", "A member is missing"),
    "member_unexpected": ("有清单或台账以外的文件", "A member that manifest or ledger do not name"),
    "member_digest": ("文件内容与清单不符", "A member differs from the manifest"),
    "manifest_unparsable": ("清单无法解析", "The manifest cannot be parsed"),
    "manifest_signature": ("清单签名不符", "The manifest's signature does not fit"),
    "format_unknown": ("格式版本未知", "The format version is unknown"),
    "key_not_trusted": ("签名密钥不是所给的可信公钥", "The signing key is not the trusted one"),
    "ledger_unparsable": ("台账条目无法解析", "A ledger entry cannot be parsed"),
    "entry_inspection": ("条目属于另一事项", "An entry of another inspection"),
    "entry_seq": ("条目序号不连续", "Entry numbers are not consecutive"),
    "entry_prev": ("条目没有接上前一条", "An entry does not follow from the one before"),
    "entry_hash": ("条目内容与散列不符", "An entry does not match its hash"),
    "entry_signature": ("条目签名不符", "An entry's signature does not fit"),
    "entry_kind_unknown": ("条目种类未知", "An entry of unknown kind"),
    "ledger_head": ("台账末尾与清单不符", "The ledger's end differs from the manifest"),
    "segment_digest": ("录像段与台账摘要不符", "A segment differs from its digest"),
    "segment_gap": ("录制原始记录有台账未覆盖的部分", "A journal is not covered by segments"),
    "running_digest": ("录制原始记录的累计摘要不符", "A journal's running digest differs"),
    "journal_unparsable": ("录制原始记录无法解析", "A journal cannot be parsed"),
    "still_digest": ("定格照片与台账摘要不符", "A still differs from its digest"),
    "file_digest": ("上传的照片与台账摘要不符", "An uploaded picture differs from its digest"),
    "frame_signature": ("网页签名统计多于录像所示", "More is said of page signatures than the journal shows"),
    "not_verifiable": ("无法核验此处", "This cannot be verified"),
}

_STATES: dict[str, tuple[str, str]] = {
    "whole": ("完整", "WHOLE"),
    "broken": ("不完整或被改动", "BROKEN"),
    "unreadable": ("不是可打开的 ZIP", "UNREADABLE: no ZIP that can be opened"),
}

_HEADS = {"proven": ("已证明", "Proven"), "claimed": ("仅为声称", "Only claimed"), "problem": ("问题", "Problem")}


def say(key: str, values: Mapping[str, Any], language: Language = "zh-CN") -> str:
    """The sentence."""
    return _pick(_STATEMENTS[key], language).format(**values)


def say_code(code: str, language: Language = "zh-CN") -> str:
    """What a code means."""
    return _pick(_CODES[code], language)


def render_text(verdict: Verdict, language: Language = "zh-CN") -> str:
    """For people: the verdict, the first problem, what is proven and what is only claimed."""
    lines = [_pick(_STATES[verdict.state], language)]
    if verdict.first_problem is not None:
        code, where = verdict.first_problem.code, verdict.first_problem.where
        lines.append(f"{_pick(_HEADS['problem'], language)}: {say_code(code, language)} [{code}] {where}")
    for head, statements in (("proven", verdict.proven), ("claimed", verdict.claimed)):
        if statements:
            lines.append(f"{_pick(_HEADS[head], language)}:")
            lines.extend(f"  - {say(one.key, one.values, language)}" for one in statements)
    return "\n".join(lines)


def _pick(words: tuple[str, str], language: Language) -> str:
    return words[0] if language == "zh-CN" else words[1]
