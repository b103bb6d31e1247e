// Runs the verifier of verify.html, taken out of the very file that is handed out. A line of JSON in, a line out.
import { openAsBlob, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { hideEd25519 } from './older_browser.mjs'

const page = readFileSync(process.argv[2], 'utf8')
const script = /<script id="verifier">([\s\S]*?)<\/script>/.exec(page)[1]
const exported = '\nreturn { verifyPackage, parseTrust }'
const { verifyPackage, parseTrust } = new Function(script + exported)()

async function verdictOf({ package: path, trust = [], receipts = [], ownEd25519 = false }) {
  hideEd25519(ownEd25519)
  const given = { keys: [], roots: [], receipts }
  for (const text of trust) {
    const { keys, roots } = parseTrust(text)
    given.keys.push(...keys)
    given.roots.push(...roots)
  }
  const { state, problem, proven, claimed } = await verifyPackage(await openAsBlob(path), given)
  return { verdict: state, first_problem: problem, proven, claimed }
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  let answer
  try {
    answer = await verdictOf(asked)
  } catch (error) {
    answer = { verdict: 'crashed', first_problem: { code: 'crashed', where: String(error?.stack ?? error) } }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
