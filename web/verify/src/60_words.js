// All sentences, Chinese first. Never more than the evidence says.

const STATEMENTS = {
  manifest_signed: ['清单由公钥指纹为 {fingerprint} 的密钥签名', 'The manifest is signed by the key with fingerprint {fingerprint}'],
  keys_chained: ['密钥沿革 {count} 把,逐把由前一把交接签名', 'The history of {count} keys holds: each was signed in by the one before'],
  key_trusted: ['签名密钥就是所给的可信公钥', 'The signing key is the trusted key that was given'],
  key_trusted_before: ['所给公钥是沿革中的第 {n} 号密钥,由它逐把交接到现在的签名密钥', 'The given key is number {n} of the history and leads to the signing key'],
  entries_chained: ['台账第 1 至 {entries} 条逐条相连,每条均有签名;持有密钥者截短或整体重做,仅凭此看不出', 'Ledger entries 1 to {entries} are chained and signed; that whoever holds the keys cut them short or made them anew does not show in this'],
  openings_match: ['姓名、地址、文字等 {count} 处内容与台账中的承诺值一致', '{count} names, addresses and texts match the commitments in the ledger'],
  checkpoints_match: ['检查点 {count} 个均有签名,与台账一致', '{count} checkpoints are signed and match the ledger'],
  receipts_match: ['所给回执 {count} 份与台账一致(同一检查点只计一份):到第 {entries} 条为止,与回执交出时相同;回执须由办公单位以外的人保管并拿出', '{count} given receipts of different checkpoints match: up to entry {entries} the ledger is what it was when they were handed out, provided that they come from outside the office'],
  not_later: ['第 1 至 {size} 条不晚于 {at}(时间戳机构 {who})', 'Entries 1 to {size} existed not later than {at} (time-stamp authority {who})'],
  not_earlier: ['现场口令 {code} 不早于 {at};口令由办公服务器计算并可被其挑选,只对不掌握该服务器的人成立', "Challenge code {code} was not known before {at}; the office's server computes the code and could choose it: this holds only against those without the server"],
  challenges_match: ['现场口令 {count} 个由当时的台账算出', '{count} challenge codes were computed from the ledger as it then stood'],
  withheld_named: ['清单逐项写明了 {count} 处未提供的内容及其依据', 'The manifest names {count} things that are left out, each with its rule'],
  journals_match: ['录制原始记录 {tracks} 轨、{segments} 段、{bytes} 字节:每个字节都在台账所记的段内,摘要一致', 'Recorded journals, {tracks} tracks, {segments} segments, {bytes} bytes: each byte lies in a segment of the ledger and the digests match'],
  stills_match: ['定格照片 {count} 张与台账所记摘要一致', '{count} stills match the digests in the ledger'],
  files_match: ['整改照片 {count} 份与台账所记摘要一致', '{count} rectification pictures match the digests in the ledger'],
  redacted_match: ['遮盖照片 {count} 张:遮去 {tiles} 格,其余与原件一致', '{count} redacted stills: {tiles} tiles are covered, the rest is as in the original'],
  frames_signed: ['{share}% 视频帧由网页签名:离开该网页后未被改动。不证明来自真实摄像头、某部手机或某人;声音未签名', '{share}% of the video frames were signed by the page: unchanged since they left it. This does not show a real camera, a certain phone or person; sound is not signed'],
  members_listed: ['包内 {count} 个文件的名称、长度和内容与签名清单一致,没有多余的文件', 'Names, lengths and contents of the {count} members match the signed manifest, and there are no others'],

  self_consistent: ['自洽;密钥未经核对:任何人用自己的密钥也能做出自洽的包', 'Self-consistent; the key has not been checked: anybody can build a consistent package with a key of their own'],
  key_unchecked: ['密钥未经核对', 'The key has not been checked'],
  no_receipt: ['无外部回执:台账是否被截短或整体重做,未与任何外部凭据对照', 'No outside receipt: nothing held by others shows whether the ledger was cut short or made anew'],
  no_timestamp: ['无外部时间证明', 'No outside proof of time'],
  timestamps_unrooted: ['{count} 枚时间戳的机构未经核对(未提供其根证书)', 'The authority of {count} time stamps was not checked (its root was not given)'],
  timestamps_test: ['测试时间戳,无证明力', 'Test time stamps prove nothing'],
  timestamps_failed: ['{count} 次未能取得时间戳,原因已入账', '{count} time stamps could not be had; the causes are on record'],
  server_clock: ['时间({first} 至 {last})为服务器时钟自述,手机时间为手机自述', "Times ({first} to {last}) are what the server's clock said; device times are what the devices said"],
  clock_backward: ['服务器时钟有 {count} 次早于前一条', "The server's clock stood before the previous entry's {count} times"],
  identities: ['人员身份只核验到各条目所写的程度', 'Persons were identified only as far as the entries say'],
  positions: ['{count} 次位置为手机上报,未核实', '{count} positions are as the phone reported them, not verified'],
  no_positions: ['{count} 次没有取得位置,原因已入账', '{count} times there was no position; its cause is on record'],
  gaps: ['台账声明了 {count} 处缺口', 'The ledger declares {count} gaps'],
  gap: ['其中{cause}合计 {seconds} 秒', 'of which {cause}: {seconds} s together'],
  recovered: ['{count} 段录制在中断后补记,录制当时未即时入账', '{count} segments were entered after an interruption, not attested live'],
  stills_not_decoded: ['未解码比对照片与录像帧(可用 yuntakan verify --deep)', 'Stills were not compared with the decoded recording (yuntakan verify --deep does)'],
  frames_unsigned: ['视频帧未由网页签名', 'No video frame was signed by the page'],
  frames_unchecked: ['{count} 条网页签名统计因录像段未提供而未能核对', '{count} statements about page signatures could not be checked, since segments are left out'],
  scene: ['画面和声音是否来自真实现场、某部手机或某人,不在证明之内', 'Whether picture and sound come from a real scene, a certain phone or person is not proven'],
  limits: ['本结果是供法院或专家判断的完整性材料,不是公证,不是鉴定意见,不证明现场真实;入账之前的事不在范围内', 'This is integrity material for a court or an expert to weigh; not notarisation, not a forensic opinion, not proof that the scene was true; nothing before a ledger entry is covered'],
}

const GAP_CAUSES = {
  loss: ['网络丢包', 'packets lost on the way'], freeze: ['画面停住', 'the picture stood still'], silent: ['没有数据', 'nothing arrived'],
  reconnect: ['重新连接', 'reconnecting'], restart: ['服务器重启', 'the server restarted'], muted: ['静音', 'muted'],
  paused: ['暂停画面', 'paused'], camera: ['切换摄像头', 'the camera was changed'], disk: ['磁盘未能写入', 'the disk could not be written'],
  ledger: ['台账来不及写入', 'the ledger lagged behind'],
}

const CODES = {
  zip_not_plain: ['压缩包结构不规范或被改动', 'The ZIP is not plain or was changed'],
  member_missing: ['缺少文件或内容', 'Something that should be there is missing'],
  member_unexpected: ['有清单或台账以外的文件', 'Something is there that manifest or ledger do not name'],
  member_digest: ['文件内容与清单不符', 'A member differs from the manifest'],
  manifest_unparsable: ['清单无法解析', 'The manifest cannot be parsed'],
  manifest_signature: ['清单签名不符', "The manifest's signature does not fit"],
  format_unknown: ['格式版本未知', 'The format version is unknown'],
  keys_unparsable: ['密钥沿革无法解析', 'The history of keys cannot be parsed'],
  key_history: ['密钥沿革不成立', 'The history of keys does not hold'],
  key_not_trusted: ['签名密钥不是所给的可信公钥', 'The signing key is not the trusted one'],
  ledger_unparsable: ['台账条目无法解析', 'A ledger entry cannot be parsed'],
  entry_inspection: ['条目属于另一事项', 'An entry of another inspection'],
  entry_seq: ['条目序号不连续', 'Entry numbers are not consecutive'],
  entry_prev: ['条目没有接上前一条', 'An entry does not follow from the one before'],
  entry_hash: ['条目内容与散列不符', 'An entry does not match its hash'],
  entry_signature: ['条目签名不符', "An entry's signature does not fit"],
  entry_kind_unknown: ['条目种类未知(可能来自更新的版本)', 'An entry of unknown kind (perhaps of a newer version)'],
  ledger_head: ['台账末尾与清单不符', "The ledger's end differs from the manifest"],
  opening_unparsable: ['个人信息文件无法解析', 'The openings cannot be parsed'],
  opening_digest: ['姓名、地址或文字与台账中的承诺值不符', 'A name, address or text does not match its commitment'],
  checkpoint_unparsable: ['检查点无法解析', 'A checkpoint cannot be parsed'],
  checkpoint_signature: ['检查点签名不符', "A checkpoint's signature does not fit"],
  checkpoint_root: ['检查点与台账不符', 'A checkpoint does not match the ledger'],
  checkpoint_order: ['检查点次序不对,或没有覆盖到台账末尾', 'Checkpoints are out of order or do not reach the end of the ledger'],
  receipt_unparsable: ['回执无法识别', 'A receipt cannot be read'],
  receipt_signature: ['回执上的签名不是本单位密钥所签', "A receipt was not signed by a key of this office's history"],
  receipt_inspection: ['回执属于另一事项', 'A receipt of another inspection'],
  receipt_ahead: ['台账比回执短:被截短、回退,或本包早于回执', 'The ledger ends before what the receipt attests: cut, rolled back, or older than the receipt'],
  receipt_root: ['台账与回执不符:交出回执之后被改写', 'The ledger differs from the receipt: it was rewritten after the receipt was handed out'],
  receipt_not_contained: ['台账中没有这个回执码对应的状态', 'The ledger was never in the state that this code stands for'],
  timestamp_unparsable: ['时间戳无法解析', 'A time stamp cannot be parsed'],
  timestamp_digest: ['时间戳文件与台账摘要不符', 'A time stamp differs from its digest'],
  timestamp_imprint: ['时间戳盖的不是本包的检查点', 'A time stamp is not over a checkpoint of this package'],
  timestamp_signature: ['时间戳签名不符', "A time stamp's signature does not fit"],
  timestamp_chain: ['时间戳的证书不能追溯到所给的根证书', "A time stamp's certificate does not lead to a given root"],
  challenge_code: ['现场口令与台账不符', 'A challenge code does not follow from the ledger'],
  segment_digest: ['录像段与台账摘要不符', 'A segment differs from its digest'],
  segment_gap: ['录制原始记录有台账未覆盖的部分', 'A journal is not covered by segments'],
  running_digest: ['录制原始记录的累计摘要不符', "A journal's running digest differs"],
  journal_unparsable: ['录制原始记录无法解析', 'A journal cannot be parsed'],
  still_digest: ['定格照片与台账摘要不符', 'A still differs from its digest'],
  still_tiles: ['遮盖照片的其余部分与原件不符', 'The visible part of a redacted still differs from the original'],
  file_digest: ['上传的照片与台账摘要不符', 'An uploaded picture differs from its digest'],
  frame_signature: ['台账所称的网页签名多于录像所示', 'An entry claims more page signatures than the recording shows'],
  not_verifiable: ['无法核验此处', 'This cannot be verified'],
}

const KIND_NAMES = {
  opened: ['立项', 'Opened'], session_created: ['建立会话', 'Session made'], invited: ['发出邀请', 'Invited'],
  invitation_revoked: ['撤回邀请', 'Invitation revoked'], told: ['告知', 'Told'], agreed: ['同意', 'Agreed'], identity: ['身份核验', 'Identity'],
  holder_replaced: ['更换浏览器', 'Moved to another browser'], session_started: ['会话开始', 'Session began'], presence: ['进出', 'Presence'],
  connected: ['媒体连接', 'Connected'], recording: ['录制', 'Recording'], track: ['媒体轨', 'Track'], segment: ['录像段', 'Segment'],
  recovered: ['补记录像段', 'Recovered segment'], torn: ['残尾', 'Torn tail'], gap: ['缺口', 'Gap'], fix: ['定位', 'Position'],
  no_fix: ['未取得定位', 'No position'], check: ['勘验要点', 'Check item'], still: ['定格照片', 'Still'], chat: ['文字消息', 'Message'],
  guidance: ['引导', 'Guidance'], device: ['设备状态', 'Device'], finding: ['整改意见', 'Finding'], rectification: ['整改', 'Rectification'],
  rectification_accepted: ['整改通过', 'Rectification accepted'], rectification_rejected: ['整改退回', 'Rectification rejected'],
  dispute: ['陈述申辩', 'Dispute'], dispute_answer: ['申辩答复', 'Answer'], summary: ['小结', 'Summary'], signature: ['签名', 'Signed'],
  refusal: ['拒绝签名', 'Refused to sign'], stopped: ['停止', 'Stopped'], session_ended: ['会话结束', 'Session ended'],
  site_visit: ['现场核查', 'Site visit'], opinion: ['核查意见', 'Opinion'], view: ['查阅', 'Viewed'], export: ['导出', 'Exported'],
  clock: ['时钟', 'Clock'], phone_clock: ['手机时钟', "Phone's clock"], timestamp: ['时间戳', 'Time stamp'],
  timestamp_failed: ['未取得时间戳', 'No time stamp'], challenge: ['现场口令', 'Challenge'], key_changed: ['更换密钥', 'Key changed'],
  page_key: ['网页密钥', 'Page key'], signatures: ['网页签名统计', 'Page signatures'], erased: ['依规销毁', 'Erased'],
  hold: ['暂停销毁', 'Hold'], reveal: ['查看隐私信息', 'Revealed'],
}

const FIELD_NAMES = {
  number: ['编号', 'number'], nature: ['性质', 'nature'], cause: ['原因', 'cause'], to: ['事项', 'to'], yes: ['同意', 'yes'], level: ['级别', 'level'],
  decision: ['决定', 'decision'], opinion: ['意见', 'opinion'], seen: ['看清', 'seen'], result: ['结果', 'result'], severity: ['程度', 'severity'],
  due_date: ['期限', 'due'], title: ['名称', 'title'], reason: ['缘由', 'reason'], what: ['内容', 'what'], authority: ['机构', 'authority'],
  gen_time: ['时间', 'time'], classes: ['类别', 'classes'], rule: ['依据', 'rule'], legal_basis: ['法律依据', 'legal basis'], still_id: ['照片', 'still'],
  track_id: ['媒体轨', 'track'], index: ['段', 'segment'], frames: ['帧', 'frames'], signed: ['已签', 'signed'], file: ['文件', 'file'], code: ['口令', 'code'],
}

const VALUE_NAMES = {
  guidance: ['预踏勘', 'guidance'], verification: ['核查', 'verification'], recheck: ['整改复核', 'recheck'], pass: ['符合', 'pass'], fail: ['不符合', 'fail'],
  na: ['不适用', 'n/a'], seen: ['看清', 'seen'], unclear: ['未看清', 'unclear'], not_shown: ['未拍到', 'not shown'], minor: ['轻微', 'minor'],
  major: ['一般', 'major'], critical: ['严重', 'critical'], true: ['是', 'yes'], false: ['否', 'no'], manual: ['人工', 'manual'], signboard: ['招牌', 'signboard'],
  completed: ['完成', 'completed'], stopped: ['停止', 'stopped'], unfinished: ['未结', 'unfinished'], abandoned: ['中断', 'abandoned'],
  fit: ['符合要求', 'fit'], not_fit: ['不符合要求', 'not fit'], partly_on_site: ['部分须现场', 'partly on site'], signed: ['签名', 'signed'], disagreed: ['签名,有异议', 'disagreed'],
  recording: ['录制', 'recording'], position: ['定位', 'position'], media: ['影像', 'media'], person: ['身份', 'person'], text: ['文字', 'text'], timeout: ['超时', 'timeout'],
}

const RULES = { erased: ['已依规销毁', 'erased by rule'], redacted: ['为隐私移除', 'redacted'], audience: ['不属于本副本对象', 'not for this audience'] }
const AUDIENCE_NAMES = { office: ['办理单位', 'office'], applicant: ['申请人', 'applicant'], court: ['法院', 'court'] }
const ROLES = { applicant: ['申请人', 'Applicant'], inspector: ['踏勘人员', 'Inspector'], auditor: ['审计人员', 'Auditor'], system: ['服务器', 'Server'] }

let language = 0 // 0 Chinese, 1 English

function pick(words, otherwise = '') {
  return words ? words[language] : otherwise
}

function sayStatement({ key, values }) {
  const shown = { ...values, ...(values.cause ? { cause: pick(GAP_CAUSES[values.cause], values.cause) } : {}) }
  return pick(STATEMENTS[key], key).replace(/\{(\w+)\}/g, (_, name) => {
    const value = shown[name]
    return typeof value === 'number' && name !== 'entries' ? value.toLocaleString('en-US') : String(value)
  })
}
