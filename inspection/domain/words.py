"""The office's fixed words in Chinese: what people are told, and what a record says about itself."""

from __future__ import annotations

from inspection.domain.actor import Level
from inspection.domain.errors import InspectionError, Kind
from inspection.domain.sessions import Nature

NOTICE_VERSION = "1"
NOTICE_MOST_CHARACTERS = 120
SMS_MOST_CHARACTERS = 70

NATURE_WORDS = {
    Nature.GUIDANCE: "预踏勘",
    Nature.VERIFICATION: "核查",
    Nature.RECHECK: "整改复核",
}
NATURE_NOTES = {
    Nature.GUIDANCE: "本次是办证前指导，不以处罚为目的，结果不影响您申请；发现重大安全隐患时会当场告知并依法处理。",
    Nature.VERIFICATION: "本次是受理后的核查，由两名工作人员进行，结束时请您核对小结并签字，有不同意见可以写明。",
    Nature.RECHECK: "本次只复核尚未整改完的问题。",
}
NATURE_WORDS_EN = {
    Nature.GUIDANCE: "Guidance before application",
    Nature.VERIFICATION: "Verification",
    Nature.RECHECK: "Re-check of rectification",
}
NATURE_NOTES_EN = {
    Nature.GUIDANCE: (
        "This is guidance before your application, not meant to lead to a penalty, and its outcome does not affect "
        "your application; a grave safety hazard is told on the spot and handled by law."
    ),
    Nature.VERIFICATION: (
        "This is the verification of an accepted application, done by two officials. In the end you check the "
        "summary and sign it; you may write down where you disagree."
    ),
    Nature.RECHECK: "Only the findings that are still open are checked again.",
}
SAFETY_WORDS_EN = "Never tell anybody the code, whoever asks; we ask for no password and no money."
OPINION_FOOT = "本记录是核查过程材料，不是许可决定。对许可决定不服，可依法申请行政复议或提起行政诉讼（期限见决定书）。"
SAFETY_WORDS = "任何人问验证码都不要说；我们不要密码、不转账。"

_LEVEL_WORDS = {
    Level.LINK: "姓名未核验",
    Level.PHONE: "手机号已验证，姓名未核验",
    Level.ACCOUNT: "工作人员账号",
    Level.NONE: "",
}


def level_words(level: Level) -> str:
    """What was checked about a person, no more."""
    return _LEVEL_WORDS[level]


def notice_lines(unit: str, basis: str, kept_years: int, phone: str) -> tuple[str, ...]:
    """告知: who, on what basis, what is kept and how long, who sees it, how to refuse, whom to call.

    At most 120 characters in all, before any permission is asked for; longer is `notice_too_long`.
    """
    lines = (
        f"{unit}依据{basis}进行视频踏勘。",
        f"会录像、录音、拍照、记录位置，保存{kept_years}年，只给承办、复核、审计人员看。",
        f"您可以拒绝，也可随时点“停止，改为上门”，不影响办理。咨询{phone}。",
    )
    if sum(map(len, lines)) > NOTICE_MOST_CHARACTERS:
        raise InspectionError(Kind.INVALID, "notice_too_long", "the office's names make the notice too long")
    return lines


def notice_lines_en(unit: str, basis: str, kept_years: int, phone: str) -> tuple[str, ...]:
    """The same in English, for whoever reads the page in English; the Chinese text is the one that counts."""
    return (
        f"{unit} inspects your premises by video under {basis}.",
        f"Video, sound, photos and positions are recorded, kept for {kept_years} years, and seen only by the "
        "officials in charge, reviewers and auditors.",
        f"You may refuse, or press “Stop, come in person” at any time; this does not count against you. "
        f"Questions: {phone}.",
    )


def invitation_sms(sms_name: str, portal_name: str, pickup_code: str, phone: str) -> str:
    """The invitation: no link, since operators block them and police tell people not to tap."""
    return _sms(
        f"【{sms_name}】您的云踏勘可以开始了。请在微信公众号“{portal_name}”点“云踏勘”，"
        f"输入取件码{pickup_code}。核实请拨{phone}。"
    )


def code_sms(sms_name: str, code: str, minutes: int, phone: str) -> str:
    """The code that proves the phone."""
    return _sms(f"【{sms_name}】云踏勘验证码{code}，{minutes}分钟内有效。任何人问都不要说。核实请拨{phone}。")


def _sms(text: str) -> str:
    if len(text) > SMS_MOST_CHARACTERS:
        raise InspectionError(Kind.INVALID, "sms_too_long", "the office's names make the message too long")
    return text
