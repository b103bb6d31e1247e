// Step 10: the members are what the ledger names, without what the manifest says is withheld and by which rule.

/** What officers write for themselves and each other: by kind, the last step of the path. */
const OFFICE_NOTES = { check: 'note', site_visit: 'note', opinion: 'text', hold: 'reason', reveal: 'reason' }
const FREE_MEMBERS = new Set([LEDGER, OPENINGS, CHECKPOINTS, KEYS, 'README.txt', 'report.pdf'])

function requireBound(check) {
  const plan = new Plan(check.manifest.withheld)
  check.runs = journalRuns(check, plan)
  check.stills = []
  check.plainFiles = []
  check.redacted = []
  for (const file of [...check.attested.files.values()].sort((a, b) => a.seq - b.seq)) takeFile(check, plan, file)
  requireExcused(check, plan)
  requireThere(check)
  requireNamed(check)
  requireOpened(check, plan)
  if (check.manifest.withheld.length) check.prove('withheld_named', { count: check.manifest.withheld.length })
}

/** Looks up what is withheld and remembers what of it names something. */
class Plan {
  constructor(withheld) {
    this.withheld = withheld
    this.used = new Set()
  }

  find(kind, named) {
    const place = this.withheld.findIndex(
      (one) => one.kind === kind && Object.entries(named).every(([key, value]) => one[key] === value),
    )
    if (place < 0) return null
    this.used.add(place)
    return this.withheld[place]
  }
}

function takeFile(check, plan, file) {
  if (file.still === undefined) {
    if (!plan.find('file', { name: file.member })) check.plainFiles.push(file)
    return
  }
  if (plan.find('still', { still: file.still })) return
  const tiles = plan.find('still_tiles', { still: file.still })
  if (tiles === null) check.plainFiles.push(file)
  else {
    const stem = `stills/${file.still}.`
    check.redacted.push({ ...file, picture: `${stem}redacted.png`, table: `${stem}tiles.json`, covered: tiles.tiles })
  }
}

function journalRuns(check, plan) {
  const runs = []
  for (const claim of check.attested.tracks.values()) {
    if (!claim.segments.length) continue
    const segments = segmentsInOrder(claim)
    claim.member = `journal/${claim.session}/${claim.track}.ytj`
    if (plan.find('track', { session: claim.session, track: claim.track })) continue
    const ranges = withheldRanges(plan, claim, segments.length)
    let first = 0
    for (const [start, end] of [...ranges, [segments.length, segments.length]]) {
      const kept = segments.slice(first, start)
      const part = ranges.length ? `.${first}-${start - 1}.ytj` : '.ytj'
      if (kept.length) runs.push({ claim, segments: kept, first, member: claim.member.replace(/\.ytj$/, part) })
      first = end + 1
    }
  }
  for (const run of runs) run.seq = Math.min(...run.segments.map((segment) => segment.seq))
  return runs.sort((a, b) => a.seq - b.seq)
}

/** In order, apart, within the journal, and never all of it (that is said as `track`); what is not so stays unused. */
function withheldRanges(plan, claim, count) {
  const found = []
  const places = []
  let last = -1
  plan.withheld.forEach((one, place) => {
    if (one.kind !== 'journal' || one.session !== claim.session || one.track !== claim.track) return
    if (!(last < one.from_index && one.from_index <= one.to_index && one.to_index < count)) return
    found.push([one.from_index, one.to_index])
    places.push(place)
    last = one.to_index
  })
  if (found.reduce((sum, [start, end]) => sum + end - start + 1, 0) === count) return []
  places.forEach((place) => plan.used.add(place))
  return found
}

function requireExcused(check, plan) {
  plan.withheld.forEach((one, place) => {
    const where = `${MANIFEST} withheld ${place}`
    need(isExcused(check, one), 'member_missing', where)
    if (one.kind === 'opening') {
      const known = check.commitments[one.seq - 1]?.has(one.path)
      const once = plan.withheld.findIndex((other) => other.kind === 'opening' && other.seq === one.seq && other.path === one.path)
      if (known && once === place) plan.used.add(place)
    }
    need(plan.used.has(place), 'member_unexpected', where)
  })
}

function isExcused(check, one) {
  if (one.kind === 'file' && one.name.startsWith('timestamps/')) return false
  if (one.rule === 'redacted') return check.manifest.audience !== 'office'
  if (one.kind === 'opening') return isOpeningExcused(check, one)
  if (one.rule === 'audience' || !['track', 'still', 'file'].includes(one.kind)) return false
  return isErased(check, 'media', lastNaming(check, one))
}

function isOpeningExcused(check, { seq, path, rule }) {
  if (!check.commitments[seq - 1]?.has(path)) return false
  const entry = check.entries[seq - 1]
  if (rule === 'erased') return isErased(check, classOf(entry, path), seq)
  const note = Object.hasOwn(OFFICE_NOTES, entry.kind) ? OFFICE_NOTES[entry.kind] : undefined
  return check.manifest.audience === 'applicant' && path.startsWith('/payload/') && path.slice(path.lastIndexOf('/') + 1) === note
}

/** Whether a later entry than the last that names it erased what is of that class. */
function isErased(check, retention, last) {
  return last < (check.attested.erasedAt.get(retention) ?? 0)
}

/** The last entry that names it; 0 where none does. */
function lastNaming({ attested }, one) {
  if (one.kind !== 'track') return attested.files.get(one.kind === 'file' ? one.name : `stills/${one.still}.jpg`)?.seq ?? 0
  const claim = attested.tracks.get(one.track)
  return claim?.session === one.session ? lastOf(claim) : 0
}

function lastOf(claim) {
  return claim.segments.reduce((last, segment) => Math.max(last, segment.seq), 0)
}

function requireThere(check) {
  const named = [
    ...check.runs.map((run) => [run.member, run.seq, lastOf(run.claim)]),
    ...check.plainFiles.map((file) => [file.member, file.seq, file.code === 'timestamp_digest' ? Infinity : file.seq]),
    ...check.redacted.flatMap((file) => [[file.picture, file.seq, file.seq], [file.table, file.seq, file.seq]]),
  ]
  for (const [name, seq, last] of named.sort((a, b) => a[1] - b[1])) {
    need(check.listed.has(name), 'member_missing', `${name} entry ${seq}`)
    need(!isErased(check, 'media', last), 'member_unexpected', `${name} entry ${seq}`)
  }
  check.named = new Set(named.map(([name]) => name))
}

function requireNamed(check) {
  for (const { name } of check.manifest.members) {
    const free = FREE_MEMBERS.has(name) || isFree(check, name)
    need(free || check.named.has(name), 'member_unexpected', name)
  }
}

/** Members that need no entry of their own: certificates, films for viewing, credentials beside a still. */
function isFree(check, name) {
  if (name.startsWith('certificates/')) return name.endsWith('.pem')
  const film = /^viewing\/([^/]+)\.(webm|mp4)$/.exec(name)
  if (film) return check.attested.sessions.has(film[1])
  const credentials = /^stills_c2pa\/([^/]+)\.jpg$/.exec(name)
  return credentials !== null && check.named.has(`stills/${credentials[1]}.jpg`)
}

/** Each commitment is opened or withheld, and not both; what was erased is not opened. */
function requireOpened(check, plan) {
  const hidden = new Set(plan.withheld.filter((one) => one.kind === 'opening').map((one) => `${one.seq} ${one.path}`))
  check.commitments.forEach((paths, at) => {
    for (const path of paths.keys()) {
      const key = `${at + 1} ${path}`
      const where = `${OPENINGS} entry ${key}`
      need(check.openings.has(key) || hidden.has(key), 'member_missing', where)
      need(!(check.openings.has(key) && hidden.has(key)), 'member_unexpected', where)
      const gone = check.openings.has(key) && isErased(check, classOf(check.entries[at], path), at + 1)
      need(!gone, 'member_unexpected', where)
    }
  })
}
