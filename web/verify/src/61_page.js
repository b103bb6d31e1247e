// What stands on the page: labels, and small pieces of it. Text only ever comes in as text.

const LABELS = {
  title: ['证据包核验', 'Verify an evidence package'],
  subtitle: ['云踏勘 · 本机离线核验', 'YunTaKan · checked on this computer, offline'],
  switch: ['English', '中文'],
  give: ['选择证据包', 'Choose a package'],
  drop: ['把证据包(ZIP 文件)拖到这里', 'Drop the package (a ZIP file) here'],
  dropHint: ['文件不会离开这台电脑。', 'The file does not leave this computer.'],
  choose: ['选择文件', 'Choose the file'],
  outside: ['可信公钥与回执(强烈建议)', 'Trusted key and receipts (strongly advised)'],
  outsideHint: [
    '没有它们,只能看出这个包前后一致:任何人用自己的密钥也能做出一致的包。公钥请直接向办理单位索取,不要用包里写的;回执请用申请人或踏勘人员当时保存的。',
    'Without them all that can be seen is that the package is consistent with itself; anybody can build such a package with a key of their own. Ask the office for its key, do not take it from the package; use receipts that the applicant or an inspector kept.',
  ],
  trust: ['办理单位公钥,或时间戳机构根证书', "The office's public key, or roots of time-stamp authorities"],
  trustHint: ['粘贴 Base64、十六进制或 PEM,或选择文件。', 'Paste base64, hexadecimal or PEM, or choose files.'],
  trustFiles: ['公钥或根证书文件', 'Files with a key or root certificates'],
  trustFault: ['无法识别公钥或证书', 'This is neither a public key nor a certificate'],
  receipts: ['回执', 'Receipts'],
  receiptsHint: ['粘贴回执码(每行一个,26 位字母数字)或二维码内容,或选择文件。', 'Paste codes (one a line, 26 characters) or what the QR code holds, or choose files.'],
  receiptFiles: ['回执文件', 'Receipt files'],
  again: ['重新核验', 'Verify again'],
  offline: ['本页不联网,不保存任何内容。', 'This page makes no connection and keeps nothing.'],
  noDecision: [
    '结果是供法院或专家判断的完整性材料;不是公证,不是鉴定意见,也不是许可决定。',
    'The result is integrity material for a court or an expert to weigh; not notarisation, not a forensic opinion, not a decision.',
  ],
  print: ['打印结果', 'Print'],
  whole: ['完整', 'Whole'],
  broken: ['不完整或被改动', 'Broken'],
  unreadable: ['不是可打开的证据包', 'Unreadable'],
  wholeLead: ['包内每个字节都已核对,没有发现改动、缺失或多余的内容。', 'Every byte of the package was checked; nothing is changed, missing or added.'],
  onlyConsistent: ['仅为自洽', 'Only consistent with itself'],
  notHeldAgainst: ['尚未对照', 'Not held against'],
  wholeInPart: ['完整,有内容未提供', 'Whole, with parts left out'],
  wholeInPartLead: ['所提供的每个字节都已核对,没有发现改动;未提供的内容逐项列在下面。', 'Every byte that is here was checked and nothing is changed; what is left out is listed below.'],
  notChecked: ['未核对', 'not checked'],
  brokenLead: ['第一处问题:', 'The first problem:'],
  brokenRest: ['发现第一处问题后不再往下核验;以下“已证明”只包含在此之前核对过的内容。', 'Checking ends at the first problem; what is proven below was checked before it.'],
  unreadableLead: ['文件不是 ZIP,或已损坏到无法打开。请确认选对了文件。', 'This file is no ZIP, or too damaged to open. Is it the right file?'],
  where: ['位置', 'Where'],
  code: ['代码', 'Code'],
  file: ['文件', 'File'],
  inspection: ['事项', 'Inspection'],
  exported: ['导出时间', 'Exported'],
  audience: ['副本对象', 'Made for'],
  fingerprint: ['签名公钥指纹', 'Key fingerprint'],
  checkedAt: ['核验时间', 'Checked'],
  proven: ['已证明', 'Proven'],
  claimed: ['仅为声称', 'Only claimed'],
  withheld: ['本副本未提供的内容', 'Left out of this copy'],
  headCode: ['本包末尾的回执码', "The receipt code of this package's end"],
  headHint: [
    '可与申请人或踏勘人员手中的最后一份回执逐字比对:相同,则台账到最后一条都与当时一致。',
    'Compare it with the last receipt that the applicant or an inspector holds: if it is the same, so is the ledger to its last entry.',
  ],
  stills: ['定格照片', 'Stills'],
  entries: ['台账', 'Ledger'],
  number: ['序号', 'No.'],
  at: ['北京时间', 'UTC+8'],
  kind: ['事项', 'What'],
  who: ['谁', 'Who'],
  content: ['内容', 'Content'],
  acts: ['只看人的操作', 'Only what people did'],
  all: ['显示全部条目', 'All entries'],
  notShown: ['未提供', 'left out'],
  erasedNote: ['已依规销毁', 'erased by rule'],
  faultHere: ['此条不成立,以后各条未再核对', 'This entry does not hold; later ones were not checked'],
  insecure: ['请把本文件保存到电脑后从磁盘打开,或用 https 访问:此处浏览器不提供密码算法。', 'Save this file and open it from disk, or use https: here the browser offers no cryptography.'],
}

const STEP_NAMES = {
  zip: ['打开压缩包', 'Opening'], manifest: ['核对清单', 'Manifest'], members: ['核对文件名单', 'Members'], keys: ['核对密钥', 'Keys'],
  ledger: ['核对台账', 'Ledger'], openings: ['核对文字内容', 'Openings'], checkpoints: ['核对检查点', 'Checkpoints'],
  receipts: ['核对回执', 'Receipts'], timestamps: ['核对时间戳', 'Time stamps'], bound: ['核对应有文件', 'What has to be there'],
  journals: ['核对录像', 'Recordings'], files: ['核对照片', 'Pictures'], frames: ['核对网页签名', 'Page signatures'], rest: ['核对其余文件', 'The rest'],
}

const SVG = 'http://www.w3.org/2000/svg'
const ICONS = {
  whole: 'M20 3a17 17 0 1 0 0 34 17 17 0 0 0 0-34Zm-3.4 25-8-8 3-3 5 5 11-11 3 3Z',
  broken: 'M20 3a17 17 0 1 0 0 34 17 17 0 0 0 0-34Zm8 22.500L25.5 28 20 22.5 14.5 28 12 25.5 17.5 20 12 14.5 14.5 12l5.5 5.500L25.5 12l2.5 2.5-5.5 5.500Z',
  unreadable: 'M20 3a17 17 0 1 0 0 34 17 17 0 0 0 0-34Zm-2 8h4v12h-4Zm0 15h4v4h-4Z',
}

/** An element with properties (`on…`: listeners) and children (text or elements; what is falsy is left out). */
function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else if (key === 'class') made.className = value
    else made.setAttribute(key, value)
  }
  made.append(...children.flat().filter((child) => child || child === 0))
  return made
}

function icon(state) {
  const svg = document.createElementNS(SVG, 'svg')
  const path = document.createElementNS(SVG, 'path')
  for (const [key, value] of [['viewBox', '0 0 40 40'], ['width', '40'], ['height', '40'], ['aria-hidden', 'true']]) svg.setAttribute(key, value)
  path.setAttribute('d', ICONS[state])
  path.setAttribute('fill', 'currentColor')
  svg.append(path)
  return svg
}

const label = (key) => LABELS[key][language]

function beijing(instant) {
  const shifted = new Date(new Date(instant).getTime() + 8 * 3600 * 1000)
  return shifted.toISOString().slice(0, 19).replace('T', ' ')
}

/** A place in words: `ledger.jsonl entry 7` and the like. */
function sayWhere(where) {
  const said = language === 0
    ? [
        [/^receipt (\d+)/, '第 $1 份回执'], [/: ledger\.jsonl entries (\d+) to (\d+)/, ':台账第 $1 至 $2 条之间'],
        [/: ledger\.jsonl ends at entry (\d+)/, ':台账到第 $1 条为止'], [/^ledger\.jsonl entry (\d+)/, '台账第 $1 条'],
        [/^openings\.jsonl entry (\d+) (.*)/, '台账第 $1 条的 $2'], [/^(\S+) entry (\d+)/, '文件 $1(台账第 $2 条)'],
        [/^(\S+) line (\d+)/, '文件 $1 第 $2 行'], [/^(\S+) byte (\d+)/, '文件 $1 第 $2 字节'], [/^(central )?header of (.*)/, '压缩包中 $2 的目录项'],
        [/^end of central directory/, '压缩包末尾'], [/^central directory/, '压缩包目录'], [/^manifest\.json withheld (\d+)/, '清单中未提供内容的第 $1 项'],
      ]
    : [[/^ledger\.jsonl entry (\d+)/, 'ledger entry $1']]
  return said.reduce((text, [pattern, words]) => text.replace(pattern, words), where)
}

function grouped(code) {
  return code.match(/.{1,5}/g).join('-')
}
