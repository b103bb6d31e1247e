// A call in stock Firefox: the applicant comes in and goes live, the inspector watches, speaks and takes a still.
// Usage: node firefox_call.mjs CASE.json OUT_DIR; prints one JSON line with what was seen; exits 1 when a step fails.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [casePath, out] = process.argv.slice(2)
const job = JSON.parse(await readFile(casePath, 'utf8'))
const puppeteer = createRequire(join(job.ui, 'package.json'))('puppeteer-core')
const peers = await readFile(new URL('./peers.js', import.meta.url), 'utf8')

const STEP_MS = 30_000

async function startBrowser() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: job.firefox,
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'media.autoplay.default': 0,
      'geo.prompt.testing': true,
      'geo.prompt.testing.allow': true,
      'geo.provider.network.url': `data:application/json,{"location":{"lat":${job.latitude},"lng":${job.longitude}},"accuracy":20}`,
      'intl.accept_languages': 'zh-CN',
    },
  })
}

async function openPage(browser, path, width, height) {
  const page = await browser.newPage()
  page.setDefaultTimeout(STEP_MS)
  await page.setViewport({ width, height })
  await page.evaluateOnNewDocument(peers)
  await page.goto(job.url + path)
  return page
}

const byId = (name) => `[data-testid="${name}"]`
const tap = async (page, name) => {
  const element = await page.waitForSelector(byId(name), { visible: true })
  await element.click()
}
const fill = async (page, name, text) => {
  const element = await page.waitForSelector(byId(name), { visible: true })
  const input = (await element.$('input, textarea')) ?? element
  await input.type(text)
}

async function readCode(askedAtMs) {
  const deadline = Date.now() + STEP_MS
  while (Date.now() < deadline) {
    const lines = (await readFile(job.sms_outbox, 'utf8').catch(() => '')).trim().split('\n').reverse()
    for (const line of lines.filter(Boolean)) {
      const sms = JSON.parse(line)
      const code = sms.text.match(/(?<!\d)\d{6}(?!\d)/)
      if (sms.phone === job.phone && code && Date.parse(sms.at) >= askedAtMs - 1000) return code[0]
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('no code arrived')
}

async function comeIn(page) {
  const askedAt = Date.now()
  await tap(page, 'notice-continue')
  await tap(page, 'position-agree')
  await fill(page, 'code-input', await readCode(askedAt))
  await tap(page, 'preflight-start')
  await page.waitForSelector(byId('live-stop'), { visible: true })
}

async function signIn(page) {
  await fill(page, 'login-username', job.inspector.username)
  await fill(page, 'login-password', job.inspector.password)
  await tap(page, 'login-submit')
  await until(async () => new URL(page.url()).pathname === '/office')
  await page.goto(`${job.url}/office/inspections/${job.inspection_id}/sessions/${job.session_id}`)
}

// Asked from outside: the pages' policy forbids what the library would run inside.
async function until(holds) {
  const deadline = Date.now() + STEP_MS
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not happen in time: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

// Waits until a figure has grown by `more` from now on.
async function grows(page, [type, kind, figure], more) {
  const before = await page.evaluate((...row) => window.testSum(...row), type, kind, figure)
  await until(async () => (await page.evaluate((...row) => window.testSum(...row), type, kind, figure)) >= before + more)
  return page.evaluate((...row) => window.testSum(...row), type, kind, figure)
}

const browser = await startBrowser()
try {
  const phone = await openPage(browser, job.link, 390, 844)
  await comeIn(phone)
  const desk = await openPage(browser, '/office/login', 1366, 768)
  await signIn(desk)
  const seen = {
    browser: await browser.version(),
    frames: await grows(desk, ['inbound-rtp', 'video', 'framesDecoded'], 60),
    voice_at_desk: await grows(desk, ['inbound-rtp', 'audio', 'packetsReceived'], 100),
    voice_at_phone: await grows(phone, ['inbound-rtp', 'audio', 'packetsReceived'], 100),
  }
  const signed = await desk.waitForSelector('[data-testid="signed-share"][data-kind="share"]')
  seen.signed_share = Number(await signed.evaluate((label) => label.getAttribute('data-share')))
  await tap(desk, 'console-still')
  const still = '[data-testid^="still-"] img'
  await desk.waitForSelector(still)
  seen.still = await desk.$eval(still, (image) => image.getAttribute('src'))
  await phone.bringToFront()
  await phone.screenshot({ path: join(out, 'firefox-phone.png') })
  await desk.bringToFront()
  await desk.screenshot({ path: join(out, 'firefox-console.png') })
  console.log(JSON.stringify(seen))
} finally {
  await browser.close()
}
