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
    "keys_chained": (
        "签名密钥共 {count} 把,每把由前一把认可",
        "Signing keys: {count}, each acknowledged by the one before",
    ),
    "key_trusted": ("所给的可信公钥在其中", "The trusted key that was given is among them"),
    "entries_chained": (
        "台账第 1 至 {entries} 条逐条相连,每条均由当时的密钥签名;持有密钥者截短或整体重做,仅凭此看不出",
        "Ledger entries 1 to {entries} are chained, each signed by its time's key; that whoever holds the keys cut "
        "them short or made them anew does not show in this",
    ),
    "openings_match": (
        "姓名、地址、文字等 {count} 处与台账中的承诺值一致",
        "{count} names, addresses and texts are those that the ledger commits to",
    ),
    "checkpoints_match": (
        "检查点 {count} 个,签名有效,与台账一致",
        "{count} checkpoints are signed and are those of the ledger",
    ),
    "receipts_fit": (
        "所给回执 {count} 份与台账相符(同一检查点只计一份),最远到第 {size} 条(共 {entries} 条):"
        "到该条为止,交出回执后未被改动;回执须由办公单位以外的人保管并拿出",
        "{count} given receipts of different checkpoints fit the ledger, up to entry {size} of {entries}: up to there "
        "nothing was changed since they were handed out, provided that they come from outside the office",
    ),
    "not_later": (
        "台账第 1 至 {size} 条不晚于 {at}(机构 {authority})",
        "Ledger entries 1 to {size} are not later than {at} (authority {authority})",
    ),
    "not_earlier": (
        "出现口令 {code} 的画面不早于 {at};口令由办公服务器计算并可被其挑选,只对不掌握该服务器的人成立",
        "A picture that shows the code {code} is not earlier than {at}; the office's server computes the code and "
        "could choose it: this holds only against those without the server",
    ),
    "between": (
        "标明口令 {code} 的定格照片不早于 {first},不晚于 {last}(机构 {authority});手机、服务器时钟为自述。"
        "口令须由人在画面中看到或听到;口令由办公服务器计算并可被其挑选,只对不掌握该服务器的人成立",
        "The still for the code {code} is not earlier than {first} and not later than {last} (authority {authority}); "
        "phone and server clocks are self-reported. A person has to see or hear the code in it; the office's server "
        "computes the code and could choose it: this holds only against those without the server",
    ),
    "tiles_match": (
        "遮盖的照片 {count} 张,未遮盖的部分与台账一致",
        "{count} stills are covered in part, what is not covered is that of the ledger",
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
    "receipts_key_unchecked": (
        "自洽;密钥未经核对;已核对外部回执",
        "Self-consistent; the key has not been checked; outside receipts were checked",
    ),
    "trusted_receipts": (
        "密钥已与所给公钥核对;已核对外部回执",
        "The key was checked against the given one; outside receipts were checked",
    ),
    "receipts_absent": (
        "没有拿来核对的回执:申请人手机、检查人员浏览器等各自留有检查点(共 {count} 个)的回执,"
        "拿来核对才能发现事后整体重做或截短",
        "No receipt was there to check: the applicant's phone, the inspectors' browsers and others hold receipts of "
        "the {count} checkpoints; only they show that nothing was made anew or cut off",
    ),
    "receipts_end": (
        "第 {first} 至 {last} 条没有拿来核对的回执",
        "For entries {first} to {last} no receipt was there to check",
    ),
    "stamps_unchecked": (
        "时间戳 {count} 个,时间戳机构未经核对",
        "{count} time stamps, whose authority has not been checked",
    ),
    "stamps_of_test": ("测试时间戳,无证明力", "Time stamps of a test authority prove nothing"),
    "stamps_failed": (
        "{count} 次没有取得时间戳,原因已入账",
        "{count} times there was no time stamp; its cause is on record",
    ),
    "no_outside_time": ("没有外部时间", "There is no outside time"),
    "clock_free": (
        "服务器时钟有 {count} 次记录为未与时间服务器同步",
        "{count} times the server's clock was not synchronised",
    ),
    "clock_stepped": (
        "服务器时钟被调整 {count} 次,最大 {seconds} 秒",
        "The server's clock was set {count} times, by {seconds} s at most",
    ),
    "phone_clock": (
        "手机时钟与服务器时钟最多相差 {seconds} 秒,均为自述",
        "The phone's clock and the server's differed by {seconds} s at most; both are self-reported",
    ),
    "clock_backward": (
        "服务器时间有 {count} 处倒退",
        "The server's clock runs back {count} times",
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
    "erasure": (
        "第 {seq} 条({at}):按规则 {rule}(依据:{basis})删除 {classes},销毁密钥 {keys} 个;已交出的副本、备份不在其内",
        "Entry {seq} ({at}): {classes} erased by rule {rule} (basis: {basis}), {keys} keys destroyed; copies handed "
        "out and backups are not reached",
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

_WITHHELD = {
    "journal": ("录像或声音 {count} 段", "{count} stretches of recordings"),
    "track": ("录像或声音 {count} 轨", "{count} tracks of recordings"),
    "still": ("照片 {count} 张", "{count} stills"),
    "still_tiles": ("照片 {count} 张的 {tiles} 处(遮盖)", "{tiles} places of {count} stills (covered)"),
    "opening": ("文字 {count} 处", "{count} names, addresses or texts"),
    "file": ("文件 {count} 个", "{count} files"),
}
_RULES = {
    "erased": ("已按规则删除", "Erased by rule"),
    "redacted": ("本副本未提供", "Left out of this copy"),
    "audience": ("不向本副本的对象提供", "Not for whom this copy is"),
}
_STATEMENTS |= {
    f"withheld_{kind}_{rule}": (f"{why[0]}:{what[0]}", f"{why[1]}: {what[1]}")
    for kind, what in _WITHHELD.items()
    for rule, why in _RULES.items()
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
    "keys_unparsable": ("密钥记录无法解析", "The history of keys cannot be parsed"),
    "key_history": ("密钥的交接不成立", "The history of keys does not hold"),
    "opening_unparsable": ("文字内容的一行无法解析", "A line of openings cannot be parsed"),
    "opening_digest": ("文字内容与台账中的承诺值不符", "An opening does not fit the ledger's commitment"),
    "checkpoint_unparsable": ("检查点无法解析", "A checkpoint cannot be parsed"),
    "checkpoint_order": ("检查点的次序不对,或没有到台账末尾", "Checkpoints are out of order, or end before the ledger"),
    "checkpoint_signature": ("检查点签名不符", "A checkpoint's signature does not fit"),
    "checkpoint_root": ("检查点与台账不符", "A checkpoint is not of this ledger"),
    "receipt_unparsable": ("回执无法读取", "A receipt cannot be read"),
    "receipt_inspection": ("回执属于另一事项", "A receipt of another inspection"),
    "receipt_signature": ("回执的签名不符", "A receipt's signature does not fit"),
    "receipt_ahead": (
        "台账短于回执:被截短、回退,或早于回执",
        "The ledger ends before the receipt: cut, rolled back or older",
    ),
    "receipt_root": (
        "台账与回执不符:交出回执之后被改动",
        "The ledger differs from the receipt: changed since it was handed out",
    ),
    "receipt_not_contained": ("台账不含该回执", "The ledger does not contain the receipt"),
    "timestamp_unparsable": ("时间戳无法解析", "A time stamp cannot be parsed"),
    "timestamp_digest": ("时间戳与台账摘要不符", "A time stamp differs from its digest"),
    "timestamp_imprint": ("时间戳不是本台账的检查点的", "A time stamp is not over a checkpoint of this package"),
    "timestamp_signature": ("时间戳签名不符", "A time stamp's signature does not fit"),
    "timestamp_chain": ("时间戳机构不在所给的根证书之下", "A time stamp does not lead to a given root"),
    "challenge_code": ("口令与台账不符", "A challenge code is not that of the ledger"),
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
    "still_tiles": ("遮盖的照片与台账不符", "A covered still is not that of its entry"),
    "file_digest": ("上传的照片与台账摘要不符", "An uploaded picture differs from its digest"),
    "frame_signature": ("网页签名统计多于录像所示", "More is said of page signatures than the journal shows"),
    "segment_counts": ("录像段的包数、帧数或时间与台账不符", "A segment's counts or times are not those of its entry"),
    "still_frame_missing": ("录像中没有照片所称的那一帧", "The recording has no such frame as the still names"),
    "still_encoded": ("照片所称的编码帧与录像不符", "The encoded frame is not the one that the still names"),
    "still_pixels": ("照片的像素与录像不符", "The pixels are not those that the still names"),
    "c2pa_invalid": ("照片副本的内容凭证不成立", "The content credentials of a still's copy do not hold"),
    "not_verifiable": ("无法核验此处", "This cannot be verified"),
}

_STATES: dict[str, tuple[str, str]] = {
    "whole": ("完整", "WHOLE"),
    "broken": ("不完整或被改动", "BROKEN"),
    "unreadable": ("不是可打开的 ZIP", "UNREADABLE: no ZIP that can be opened"),
}

_STEPS: dict[str, tuple[str, str]] = {
    "container": ("压缩包结构", "Container"),
    "manifest": ("清单及其签名", "Manifest and its signature"),
    "members": ("文件名与长度", "Members and their lengths"),
    "keys": ("密钥", "Keys"),
    "ledger": ("台账", "Ledger"),
    "openings": ("姓名、地址、文字", "Names, addresses, texts"),
    "checkpoints": ("检查点", "Checkpoints"),
    "receipts": ("外部回执", "Outside receipts"),
    "timestamps": ("时间戳与口令", "Time stamps and challenge codes"),
    "bound": ("文件与台账一一对应", "Each member is named, each named is there"),
    "journals": ("录制原始记录", "Recordings"),
    "stills": ("照片与上传文件", "Stills and pictures"),
    "page_signatures": ("网页签名", "Signatures of pages"),
    "digests": ("其余文件摘要", "Digests of the rest"),
    "deep": ("解码核对", "Decoding"),
}
_OUTCOMES = {
    "passed": ("通过", "passed"),
    "failed": ("不通过", "FAILED"),
    "nothing": ("没有可核对的", "nothing to check"),
    "not_reached": ("未到此步", "not reached"),
}

_HEADS = {"proven": ("已证明", "Proven"), "claimed": ("仅为声称", "Only claimed"), "problem": ("问题", "Problem")}


def say(key: str, values: Mapping[str, Any], language: Language = "zh-CN") -> str:
    """The sentence."""
    return _pick(_STATEMENTS[key], language).format(**values)


def say_code(code: str, language: Language = "zh-CN") -> str:
    """What a code means."""
    return _pick(_CODES[code], language)


def render_text(verdict: Verdict, language: Language = "zh-CN") -> str:
    """For people: the verdict, the steps, the first problem, what is proven and what is only claimed."""
    lines = [_pick(_STATES[verdict.state], language)]
    lines += [
        f"{number:4}. {_pick(_STEPS[step], language)} [{step}]: {_pick(_OUTCOMES[outcome], language)}"
        for number, (step, outcome) in enumerate(verdict.steps, 1)
    ]
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
