"""The words of the printed report. It is an office's paper, so it is in Chinese."""

from __future__ import annotations

NATURE = {"guidance": "预踏勘", "verification": "核查", "recheck": "整改复核"}
END = {
    "completed": "按流程结束",
    "stopped": "申请人选择停止，改为上门",
    "unfinished": "未下结论即结束",
    "abandoned": "无人在场，自动结束",
}
ROLE = {"applicant": "申请人", "inspector": "踏勘人员", "auditor": "审计人员", "system": "系统"}
SEEN = {"seen": "已看清", "unclear": "未看清", "not_shown": "未拍到"}
RESULT = {"pass": "符合", "fail": "不符合", "na": "不适用"}
SEVERITY = {"minor": "一般", "major": "较重", "critical": "严重"}
IDENTITY = {"L1": "持有邀请链接，姓名未核验", "L2": "手机号已验证，姓名未核验"}
REASON = {
    "manual": "手动定格",
    "start": "开始时自动定格",
    "signboard": "门头",
    "check_item": "检查项",
    "moved": "位置移动",
    "challenge": "时间口令",
}
GAP = {
    "loss": "网络丢包",
    "freeze": "画面停住",
    "silent": "没有数据",
    "reconnect": "重新连接",
    "restart": "服务器重启",
    "muted": "静音",
    "paused": "暂停画面",
    "camera": "切换摄像头",
    "disk": "磁盘未能写入",
    "ledger": "台账来不及写入",
}
WHERE = {"INSIDE": "在范围内", "OUTSIDE": "在范围外", "UNCERTAIN": "无法判断", "unknown": "未设范围"}
WORD = {
    "summary": "小结",
    "signed": "签字确认",
    "disagreed": "签字并写明不同意见",
    "refusal": "拒绝签字",
    "stopped": "停止，改为上门",
    "rectification": "整改答复",
    "rectification_accepted": "整改通过",
    "rectification_rejected": "整改未通过",
    "dispute": "陈述申辩",
    "dispute_answer": "申辩答复",
    "fit": "建议通过",
    "not_fit": "不建议通过",
    "partly_on_site": "部分事项待现场核实",
}
NOT_HERE = "本副本未提供"
LIMITS = (
    "本报告由台账条目自动生成，不是许可决定；内容以台账和原始录制为准。",
    "证据包证明的是入账以后未被改动。它不是公证，不是鉴定意见，不证明现场情况属实；入账以前的事不在其内。",
    "位置、时间、身份按各条目所写的程度成立:位置为手机上报，手机和服务器的时间为自述，身份只核验到所写的程度。",
    "核对方法:用 yuntakan verify、examples/verify_package 或 verify.html 打开整个证据包，并填入您自己保存的回执。",
)
