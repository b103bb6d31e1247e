"""Pieces of verify.html against the published known answers, without a package around them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from web.verify.assemble import PAGE

pytestmark = pytest.mark.integration
VECTORS = Path(__file__).parents[4] / "docs" / "vectors"
OLDER_BROWSER = Path(__file__).with_name("older_browser.mjs").as_uri()


def in_page(script: str) -> object:
    """What an async function body returns that has the page's verifier around it, `vectors(name)` and `hideEd25519`."""
    page = PAGE.read_text("utf-8")
    verifier = page.split('<script id="verifier">')[1].split("</script>")[0]
    names = json.dumps(str(VECTORS))
    around = f"""
import {{ readFileSync }} from 'node:fs'
import {{ hideEd25519 }} from {json.dumps(OLDER_BROWSER)}
const vectors = (name) => JSON.parse(readFileSync({names} + '/' + name, 'utf8'))
const body = {json.dumps(verifier + "; return (async () => {" + script + "})()")}
console.log(JSON.stringify(await new Function('vectors', 'hideEd25519', body)(vectors, hideEd25519)))
"""
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=around,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
    )
    return json.loads(done.stdout)


def test_page_signed_frames_are_counted_as_published():
    found = in_page("""
      const wrong = []
      for (const one of vectors('frames.json').journals) {
        const signed = new SignedJournal(one.public_keys.map(strictBase64), true)
        const bytes = strictBase64(one.journal)
        const header = JSON.parse(textOf(bytes.subarray(12, 12 + new DataView(bytes.buffer).getUint32(8))))
        const reader = new JournalReader({ session: header.session_id, track: header.track_id }, true, signed)
        reader.feed(bytes)
        await signed.count()
        await signed.end()
        const seen = signed.counted.statuses.map((status) => 'usb'[status]).join('')
        const facts = signed.counted.facts(0, seen.length - 1)
        wrong.push({ name: one.name, right: seen === one.frames, seen, wanted: one.frames, facts, said: one.facts })
      }
      return wrong
    """)
    assert isinstance(found, list) and found
    for one in found:
        assert one["right"], one
        facts = {
            **one["facts"],
            "missing_counters": one["facts"].pop("missing"),
            "clock_jumps": one["facts"].pop("jumps"),
        }
        assert {key: facts[key] for key in one["said"] if key in facts} == {
            key: value for key, value in one["said"].items() if key in facts
        }, one["name"]


def test_receipt_codes_and_roots_are_as_published():
    assert (
        in_page("""
      return vectors('receipts.json').receipts.every(({ line, code }) => {
        const said = JSON.parse(line)
        const [parsed] = parseReceipts(code.toLowerCase())
        return receiptCode(utf8.encode(said.inspection), said.size, said.root) === code && parsed.code === code
      })
    """)
        is True
    )


def test_its_own_sha_256_and_ed25519_give_known_answers():
    """FIPS 180-4 and RFC 8032, section 7.1."""
    assert in_page("""
      hideEd25519(true)
      const key = new Ed25519Key(fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'))
      const signature = base64(fromHex('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'))
      const million = new Sha256()
      for (let n = 0; n < 1000; n++) million.update(new Uint8Array(1000).fill(97))
      return [hex(sha256(utf8.encode('abc'))), million.hex(), await key.verifies(signature, Uint8Array.of(0x72)),
        await key.verifies(signature, Uint8Array.of(0x73))]
    """) == [
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        True,
        False,
    ]
