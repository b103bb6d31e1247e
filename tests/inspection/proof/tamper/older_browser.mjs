// Browsers before Chrome 137, Firefox 129 and Safari 17 know no Ed25519: importing such a key fails.
const importKey = crypto.subtle.importKey

/** Whether this process is such a browser from now on. */
export function hideEd25519(hidden) {
  crypto.subtle.importKey = hidden ? refuseEd25519 : importKey
}

async function refuseEd25519(format, raw, algorithm, ...rest) {
  if ((algorithm.name ?? algorithm) === 'Ed25519') throw new DOMException('Unrecognized name.', 'NotSupportedError')
  return importKey.call(crypto.subtle, format, raw, algorithm, ...rest)
}
