// What happens when somebody gives a file, a key, a receipt, or changes the language.

const byId = (id) => document.getElementById(id)
let lastFile = null
let lastVerdict = null
let running = 0

function drawLabels() {
  document.documentElement.lang = language ? 'en' : 'zh-CN'
  document.title = label('title')
  for (const place of document.querySelectorAll('[data-say]')) place.textContent = label(place.dataset.say)
  byId('language').textContent = label('switch')
}

function drawResult() {
  forgetPictures()
  byId('result').hidden = lastVerdict === null
  if (lastVerdict) byId('result').replaceChildren(...resultOf(lastVerdict, lastFile))
}

/** Keys and roots that were pasted or chosen; null, and a word about it, where one cannot be read. */
async function givenTrust() {
  const texts = [byId('trust').value, ...(await textsOf(byId('trust-files')))].filter((text) => text.trim())
  const trust = { keys: [], roots: [] }
  byId('trust-fault').textContent = ''
  try {
    for (const text of texts) {
      const { keys, roots } = parseTrust(text)
      trust.keys.push(...keys)
      trust.roots.push(...roots)
    }
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DerFault)) throw error
    byId('trust-fault').textContent = label('trustFault')
    byId('outside').open = true
    return null
  }
  return trust
}

async function textsOf(input) {
  return Promise.all([...input.files].map(async (file) => latin1(new Uint8Array(await file.slice(0, 1 << 20).arrayBuffer()))))
}

async function givenReceipts() {
  const files = await Promise.all([...byId('receipt-files').files].map(async (file) => new Uint8Array(await file.slice(0, 1 << 20).arrayBuffer())))
  return [byId('receipts').value, ...files].filter((one) => (typeof one === 'string' ? one.trim() : true))
}

async function verifyFile(file) {
  if (!globalThis.crypto?.subtle) {
    byId('trust-fault').textContent = label('insecure')
    byId('outside').open = true
    return
  }
  const trust = await givenTrust()
  if (!trust) return
  const mine = ++running
  lastFile = file
  lastVerdict = null
  drawResult()
  byId('work').hidden = false
  const onProgress = (done, whole, step) => {
    if (mine !== running) return
    byId('progress').value = whole ? Math.min(1, done / whole) : 0
    byId('step').textContent = pick(STEP_NAMES[step], '')
  }
  const verdict = await verifyPackage(file, { ...trust, receipts: await givenReceipts(), onProgress })
  if (mine !== running) return
  byId('work').hidden = true
  byId('again').hidden = false
  lastVerdict = verdict
  drawResult()
  byId('result').focus()
}

function start() {
  drawLabels()
  byId('file').addEventListener('change', (event) => event.target.files[0] && verifyFile(event.target.files[0]))
  byId('again').addEventListener('click', () => lastFile && verifyFile(lastFile))
  byId('language').addEventListener('click', () => {
    language = 1 - language
    drawLabels()
    drawResult()
  })
  const drop = byId('drop')
  for (const kind of ['dragover', 'dragenter', 'dragleave', 'drop']) {
    document.addEventListener(kind, (event) => {
      event.preventDefault()
      drop.classList.toggle('over', kind === 'dragover' || kind === 'dragenter')
    })
  }
  document.addEventListener('drop', (event) => event.dataTransfer?.files[0] && verifyFile(event.dataTransfer.files[0]))
}

start()
