/** How an invitation's secrets are shown. */

/** Eight digits as two groups of four, as a person reads them aloud. */
export function groupCode(code: string): string {
  const plain = code.replace(/\D/g, '')
  return plain.length === 8 ? `${plain.slice(0, 4)}-${plain.slice(4)}` : code
}

/** An SVG as a picture source: inside an `img` it can run nothing. Data addresses are passed through. */
export function svgSource(svg: string): string {
  return svg.startsWith('data:') ? svg : `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
}
