// The verdict as it is shown: a plain answer on top, then what is proven, what is only claimed, and the ledger.

const MOST_ROWS = 300

function resultOf(verdict, file) {
  const { state, check } = verdict
  return [
    verdictCard(verdict, file),
    verdict.proven.length > 0 && listCard('proven', verdict.proven.map(sayStatement)),
    verdict.claimed.length > 0 && listCard('claimed', verdict.claimed.map(sayStatement)),
    check.manifest?.withheld.length > 0 && listCard('withheld', withheldWords(check.manifest.withheld)),
    state === 'whole' && headCard(check),
    state === 'whole' && stillsCard(check),
    check.entries.length > 0 && entriesCard(verdict),
    el('div', { class: 'row' }, el('button', { type: 'button', class: 'quiet', onclick: () => window.print() }, label('print'))),
  ].filter(Boolean)
}

function verdictCard({ state, problem, claimed, check }, file) {
  const unchecked = claimed.filter(({ key }) => ['self_consistent', 'no_receipt', 'no_timestamp'].includes(key))
  const about = [[label('file'), file.name]]
  if (check.manifest) {
    about.push([label('inspection'), check.manifest.inspection.number || check.manifest.inspection.id])
    about.push([label('exported'), beijing(check.manifest.created_at)])
    about.push([label('audience'), pick(AUDIENCE_NAMES[check.manifest.audience])])
    about.push([label('fingerprint'), el('code', {}, check.manifestKey?.id ?? '')])
  }
  about.push([label('checkedAt'), beijing(Date.now())])
  const title = state === 'whole' && check.manifest.withheld.length ? 'wholeInPart' : state
  const self = unchecked.some(({ key }) => key === 'self_consistent')
  return el(
    'div',
    { class: `card verdict ${state}` },
    el('h2', {}, icon(state), label(title)),
    el('p', { class: 'lead' }, state === 'broken' ? [label('brokenLead'), pick(CODES[problem.code], problem.code)] : label(`${title}Lead`)),
    problem && el('dl', {}, ...definition(label('where'), sayWhere(problem.where)), ...definition(label('code'), el('code', {}, `${problem.code} ${problem.where}`))),
    state === 'broken' && el('p', { class: 'hint' }, label('brokenRest')),
    state === 'whole' && unchecked.length > 0 && el('p', { class: 'note' }, el('strong', {}, label(self ? 'onlyConsistent' : 'notHeldAgainst')), language ? ': ' : ':', unchecked.map(sayStatement).join(language ? '. ' : ';')),
    el('dl', {}, about.flatMap(([term, said]) => definition(term, said))),
  )
}

function definition(term, said) {
  return [el('dt', {}, term), el('dd', {}, said)]
}

function listCard(kind, sentences) {
  return el('div', { class: 'card' }, el('h3', {}, label(kind)), el('ul', { class: `list ${kind}` }, sentences.map((text) => el('li', {}, el('span', {}, text)))))
}

/** What is left out, alike things together. */
function withheldWords(withheld) {
  const counts = new Map()
  for (const one of withheld) {
    const what = withheldName(one)
    const words = `${what} · ${pick(RULES[one.rule])}`
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  return [...counts].map(([words, count]) => (count > 1 ? `${words} × ${count}` : words))
}

function withheldName(one) {
  const zh = language === 0
  if (one.kind === 'journal') return zh ? `录像 ${one.track} 第 ${one.from_index} 至 ${one.to_index} 段` : `recording ${one.track}, segments ${one.from_index} to ${one.to_index}`
  if (one.kind === 'track') return zh ? `整轨录制 ${one.track}` : `the whole recording ${one.track}`
  if (one.kind === 'still') return zh ? `定格照片 ${one.still}` : `still ${one.still}`
  if (one.kind === 'still_tiles') return zh ? `照片 ${one.still} 遮盖 ${one.tiles.length} 格` : `still ${one.still}, ${one.tiles.length} tiles covered`
  if (one.kind === 'opening') return zh ? '姓名、地址或文字' : 'a name, address or text'
  return zh ? `文件 ${one.name}` : `file ${one.name}`
}

function headCard(check) {
  const size = check.entries.length
  const code = receiptCode(utf8.encode(check.manifest.inspection.id), size, check.roots[size - 1])
  return el('div', { class: 'card' }, el('h3', {}, label('headCode')), el('p', { class: 'code' }, grouped(code)), el('p', { class: 'hint' }, label('headHint')))
}

let shownPictures = []

/** Stills whose digests were found right; read again from the file, which is the user's own. */
function stillsCard(check) {
  const stills = check.plainFiles.filter((one) => one.code === 'still_digest').map((one) => ({ ...one, name: one.member }))
  const all = [...stills, ...check.redacted.map((one) => ({ ...one, name: one.picture }))].slice(0, 60)
  if (!all.length) return null
  const grid = el('div', { class: 'stills' })
  for (const one of all) {
    const image = el(one.covered ? 'canvas' : 'img', one.covered ? { role: 'img', 'aria-label': one.name } : { alt: one.name })
    const caption = one.covered ? withheldName({ kind: 'still_tiles', still: one.still, tiles: one.covered }) : one.name
    grid.append(el('figure', {}, image, el('figcaption', {}, `${caption} · ${language ? 'entry' : '第'} ${one.seq}${language ? '' : ' 条'}`)))
    check.zip.bytes(one.name).then((bytes) => (one.covered ? drawCovered(image, bytes, one) : showPicture(image, bytes)))
  }
  return el('div', { class: 'card long' }, el('h3', {}, label('stills')), grid)
}

function showPicture(image, bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'image/jpeg' }))
  shownPictures.push(url)
  image.src = url
}

/** The I420 picture in its colours (BT.601, as phones encode). */
async function drawCovered(canvas, bytes, { width, height }) {
  const [y, u, v] = await readGreyPng(bytes, width, height)
  const pixels = new ImageData(width, height)
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 4) {
      const chroma = (row >> 1) * u.width + (column >> 1)
      const [luma, blue, red] = [1.164 * (y.data[row * width + column] - 16), u.data[chroma] - 128, v.data[chroma] - 128]
      pixels.data.set([luma + 1.596 * red, luma - 0.391 * blue - 0.813 * red, luma + 2.018 * blue, 255], at)
    }
  }
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d').putImageData(pixels, 0, 0)
}

function forgetPictures() {
  shownPictures.splice(0).forEach((url) => URL.revokeObjectURL(url))
}

function entriesCard({ check, problem }) {
  const faulty = /^ledger\.jsonl entry (\d+)$/.exec(problem?.where ?? '')?.[1]
  const named = / entry (\d+)$/.exec(problem?.where ?? '')?.[1]
  const body = el('tbody')
  const fill = (entries) => {
    const rows = entries.map((entry) => entryRow(check, entry, String(entry.seq) === named))
    if (faulty && Number(faulty) > check.entries.length) rows.push(el('tr', { class: 'fault-row' }, el('td', {}, faulty), el('td', { colspan: '4' }, label('faultHere'))))
    body.replaceChildren(...rows)
  }
  const people = check.entries.filter((entry) => entry.actor.role !== 'system' || String(entry.seq) === named)
  const first = check.entries.length > MOST_ROWS ? people.slice(0, MOST_ROWS) : check.entries
  fill(first)
  const more = first.length < check.entries.length && el('button', { type: 'button', class: 'quiet', onclick: (event) => { fill(check.entries); event.target.remove() } }, `${label('all')} (${check.entries.length})`)
  const heads = ['number', 'at', 'kind', 'who', 'content'].map((key) => el('th', { scope: 'col' }, label(key)))
  return el(
    'div', { class: 'card long' }, el('h3', {}, `${label('entries')} · ${check.entries.length}`),
    el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, heads)), body)), more && el('div', { class: 'row' }, more),
  )
}

function entryRow(check, entry, isFaulty) {
  const named = isCommitment(entry.actor.name) ? openedAt(check, entry.seq, '/actor/name') : entry.actor.role === 'system' ? '' : entry.actor.name
  const role = pick(ROLES[entry.actor.role], entry.actor.role)
  return el(
    'tr', isFaulty ? { class: 'fault-row' } : {}, el('td', {}, entry.seq), el('td', { class: 'at' }, beijing(entry.at)),
    el('td', {}, pick(KIND_NAMES[entry.kind], entry.kind)), el('td', {}, role, named && ' ', named), el('td', {}, contentOf(check, entry)),
  )
}

/** The value, or why it is not there. */
function openedAt(check, seq, path) {
  const value = check.openings.get(`${seq} ${path}`)
  if (value !== undefined) return typeof value === 'string' ? value : Array.isArray(value) ? value.join(' ') : JSON.stringify(value)
  const hidden = check.manifest.withheld.find((one) => one.kind === 'opening' && one.seq === seq && one.path === path)
  return el('span', { class: 'erased' }, `[${hidden ? pick(RULES[hidden.rule]) : label(check.openingsRead ? 'notShown' : 'notChecked')}]`)
}

const SHOWN_KEYS = ['number', 'nature', 'cause', 'to', 'yes', 'level', 'decision', 'opinion', 'seen', 'result', 'severity', 'due_date', 'title', 'reason', 'what', 'authority', 'gen_time', 'classes', 'rule', 'legal_basis', 'still_id', 'track_id', 'index', 'frames', 'signed', 'file', 'code']

function sayField(key, value) {
  return `${pick(FIELD_NAMES[key], key)} ${pick(VALUE_NAMES[value], String(value))}`
}

/** The few things of a payload that people look for: opened texts first, then words and numbers. */
function contentOf(check, { seq, payload }) {
  const opened = [...(check.commitments[seq - 1]?.keys() ?? [])].filter((path) => path.startsWith('/payload/'))
  const said = opened.flatMap((path) => [openedAt(check, seq, path), ' '])
  const plain = SHOWN_KEYS.filter((key) => Object.hasOwn(payload, key) && payload[key] !== null && !isObject(payload[key]))
  return [...said, el('span', { class: 'hint' }, plain.map((key) => sayField(key, payload[key])).join(' · '))]
}
