// Step 7: signed heads of the tree over the entries (RFC 6962), and step 8: receipts that others hold.

const CHECKPOINTS = 'checkpoints.jsonl'
const CHECKPOINT_NAMES = ['at', 'inspection', 'key', 'root', 'sig', 'size', 'v']
const CHECKPOINT_FIELDS = { v: 'count', inspection: 'name', size: 'count', root: 'digest', at: 'instant', key: 'name', sig: 'name' }
const MAX_CHECKPOINT_BYTES = 1024

/** The root after each leaf; of a tree only the whole subtrees from the left are kept (RFC 6962, section 2.1). */
function rootsOf(leaves) {
  const whole = [] // [size, hash], largest first
  return leaves.map((leaf) => {
    let node = [1, sha256(Uint8Array.of(0), leaf)]
    while (whole.length && whole[whole.length - 1][0] === node[0]) {
      const [size, left] = whole.pop()
      node = [2 * size, sha256(Uint8Array.of(1), left, node[1])]
    }
    whole.push(node)
    return hex(whole.map(([, hash]) => hash).reduceRight((right, left) => sha256(Uint8Array.of(1), left, right)))
  })
}

function parseCheckpoint(line, code, where) {
  need(line.length <= MAX_CHECKPOINT_BYTES, code, where)
  const said = parseCanonical(line, code, where)
  const shaped = isObject(said) && Object.keys(said).sort().join() === CHECKPOINT_NAMES.join() && fitsRecord(CHECKPOINT_FIELDS, said, true)
  need(shaped && said.v === 1 && said.size >= 1, code, where)
  return said
}

/** Whether a key of the history signed it. */
async function isSignedCheckpoint(check, { sig, ...unsigned }) {
  const key = check.keys.find((one) => one.key.id === unsigned.key)?.key
  const message = concat(utf8.encode('yuntakan-checkpoint-v1\n'), sha256(canonicalBytes(unsigned)))
  return key !== undefined && key.verifies(sig, message)
}

async function readCheckpoints(check) {
  const whereLine = (n) => `${CHECKPOINTS} line ${n}`
  check.roots = rootsOf(check.leaves)
  let before = { size: 0, at: '' }
  for await (const line of linesOf(listedChunks(check, CHECKPOINTS), 'checkpoint_unparsable', whereLine)) {
    const where = whereLine(check.checkpoints.length + 1)
    const said = parseCheckpoint(line, 'checkpoint_unparsable', where)
    need(said.inspection === check.manifest.inspection.id, 'checkpoint_unparsable', where)
    const inOrder = said.size > before.size && said.size <= check.entries.length && said.at >= before.at
    need(inOrder, 'checkpoint_order', where)
    need(await isSignedCheckpoint(check, said), 'checkpoint_signature', where)
    need(said.root === check.roots[said.size - 1], 'checkpoint_root', where)
    check.checkpoints.push({ ...said, line: line.slice() })
    before = said
    if (check.checkpoints.length % 100 === 0) await check.pause()
  }
  const count = check.checkpoints.length
  need(before.size === check.entries.length, 'checkpoint_order', count ? whereLine(count) : CHECKPOINTS)
  requireDigest(check, CHECKPOINTS)
  check.prove('checkpoints_match', { count })
}

const RECEIPT_CONTEXT = utf8.encode('yuntakan-receipt-v1\n')
const MAX_RECEIPT_BYTES = 65536

/** Checkpoints and codes in a text (or its bytes); null for a text in which a line is neither, or none is there. */
function parseReceipts(given) {
  const bytes = typeof given === 'string' ? utf8.encode(given) : given
  if (bytes.length > MAX_RECEIPT_BYTES) return null
  try {
    const found = []
    for (const line of textOf(bytes).replace(/^\ufeff/, '').split('\n')) {
      const written = line.replace(/\r$/, '')
      if (/^[ \t]*$/.test(written)) continue
      if (written.startsWith('{')) {
        found.push({ checkpoint: parseCheckpoint(utf8.encode(written), 'receipt_unparsable', '') })
      } else {
        const code = written.replace(/[ \t-]/g, '').replace(/[a-z]/g, (letter) => letter.toUpperCase())
        if (!/^[A-Z2-7]{26}$/.test(code)) return null
        found.push({ code })
      }
    }
    return found.length && found.length <= 1000 ? found : null
  } catch (error) {
    if (error instanceof Broken || error instanceof TypeError) return null
    throw error
  }
}

function receiptCode(inspectionBytes, size, root) {
  return base32(sha256(RECEIPT_CONTEXT, inspectionBytes, Uint8Array.of(0), u64be(size), fromHex(root)), 26)
}

async function checkReceipts(check) {
  const receipts = check.receiptTexts.flatMap((given) => parseReceipts(given) ?? [null])
  const unread = receipts.indexOf(null)
  need(unread < 0, 'receipt_unparsable', `receipt ${unread + 1}`)
  const id = utf8.encode(check.manifest.inspection.id)
  const sizeOfCode = new Map()
  if (receipts.some((one) => one.code)) check.roots.forEach((root, at) => sizeOfCode.set(receiptCode(id, at + 1, root), at + 1))
  const entries = check.entries.length
  const fitting = await Promise.all(
    receipts.map(async ({ code, checkpoint }) => {
      if (code) return sizeOfCode.get(code)
      const mine = checkpoint.inspection === check.manifest.inspection.id && checkpoint.root === check.roots[checkpoint.size - 1]
      return mine && (await isSignedCheckpoint(check, checkpoint)) ? checkpoint.size : undefined
    }),
  )
  const after = (limit) => 1 + Math.max(0, ...fitting.filter((size) => size !== undefined && size < limit))
  for (const [place, { code, checkpoint }] of receipts.entries()) {
    const where = `receipt ${place + 1}`
    if (code) {
      need(sizeOfCode.has(code), 'receipt_not_contained', `${where}: ${LEDGER} entries ${after(entries + 1)} to ${entries}`)
      continue
    }
    need(checkpoint.inspection === check.manifest.inspection.id, 'receipt_inspection', where)
    need(await isSignedCheckpoint(check, checkpoint), 'receipt_signature', where)
    need(checkpoint.size <= entries, 'receipt_ahead', `${where}: ${LEDGER} ends at entry ${entries}`)
    const fits = checkpoint.root === check.roots[checkpoint.size - 1]
    need(fits, 'receipt_root', `${where}: ${LEDGER} entries ${after(checkpoint.size)} to ${checkpoint.size}`)
  }
  check.receiptsChecked = receipts.length
  if (receipts.length) check.prove('receipts_match', { count: new Set(fitting).size, entries: Math.max(...fitting) })
}
