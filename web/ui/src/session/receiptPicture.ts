/** A receipt as a picture to keep: drawn on a canvas, so that a long press saves it in any phone's browser. */
import { groupsOf } from '@/proof/checkpoint'

export interface PictureWords {
  unit: string
  title: string
  rows: readonly (readonly [string, string])[]
  codeLabel: string
  code: string
  honest: string
  keep: string
  command: string
}

const WIDTH = 1080
const EDGE = 72
const QR_PX = 616
const QUIET = 4
const FONT = `system-ui, -apple-system, 'PingFang SC', 'HarmonyOS Sans SC', 'MiSans', 'Noto Sans SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif`
const INK = { text: '#13201d', soft: '#3e4c48', brand: '#0b5d52', wash: '#e2f0ed', line: '#d5ddda', warn: '#855000' }

/** A PNG as a data URL; null where the page has no canvas. `qr`: rows of modules, `1` is dark. */
export function drawReceipt(words: PictureWords, qr: readonly string[]): string | null {
  const canvas = document.createElement('canvas')
  const pen = canvas.getContext('2d')
  if (!pen) return null
  canvas.width = WIDTH
  canvas.height = lay(pen, words, qr) // once for the height: setting it clears the canvas
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, WIDTH, canvas.height)
  lay(pen, words, qr)
  return canvas.toDataURL('image/png')
}

/** Draws everything from the top; returns the height that it took. */
function lay(pen: CanvasRenderingContext2D, words: PictureWords, qr: readonly string[]): number {
  pen.textBaseline = 'top'
  let y = EDGE
  y = text(pen, words.unit, EDGE, y, 34, INK.brand) + 22
  y = text(pen, words.title, EDGE, y, 76, INK.text) + 22
  for (const [name, value] of words.rows) y = row(pen, name, value, y)
  y = codeBox(pen, words, y + 40) + 30
  drawQr(pen, qr, (WIDTH - QR_PX) / 2, y)
  y += QR_PX + 30
  const top = y
  y = text(pen, words.honest, EDGE + 34, y, 40, INK.text)
  pen.fillStyle = INK.warn
  pen.fillRect(EDGE, top, 10, y - top - 8)
  y = text(pen, words.keep, EDGE, y + 26, 36, INK.soft)
  return text(pen, words.command, EDGE, y + 26, 28, INK.soft) + EDGE
}

function row(pen: CanvasRenderingContext2D, name: string, value: string, y: number): number {
  text(pen, name, EDGE, y + 14, 36, INK.soft)
  const end = text(pen, value, EDGE + 240, y + 14, 36, INK.text) + 12
  pen.fillStyle = INK.line
  pen.fillRect(EDGE, end, WIDTH - 2 * EDGE, 2)
  return end + 2
}

function codeBox(pen: CanvasRenderingContext2D, { codeLabel, code }: PictureWords, y: number): number {
  const height = 282
  pen.fillStyle = INK.wash
  pen.fillRect(EDGE, y, WIDTH - 2 * EDGE, height)
  text(pen, codeLabel, EDGE + 36, y + 30, 32, INK.soft)
  for (const [at, group] of groupsOf(code).entries()) text(pen, group, EDGE + 36 + (at % 3) * 300, y + 96 + Math.floor(at / 3) * 88, 60, INK.text)
  return y + height
}

function drawQr(pen: CanvasRenderingContext2D, qr: readonly string[], left: number, top: number): void {
  const px = Math.floor(QR_PX / (qr.length + 2 * QUIET))
  const edge = (QR_PX - px * qr.length) / 2
  pen.fillStyle = '#000'
  for (const [y, modules] of qr.entries()) {
    for (let x = 0; x < modules.length; x += 1) {
      if (modules[x] === '1') pen.fillRect(Math.round(left + edge) + x * px, Math.round(top + edge) + y * px, px, px)
    }
  }
}

/** Draws wrapped text and returns where the next line would begin. */
function text(pen: CanvasRenderingContext2D, said: string, x: number, y: number, size: number, colour: string): number {
  pen.font = `${size}px ${FONT}`
  pen.fillStyle = colour
  const lines = wrap(said, WIDTH - EDGE - x, (part) => pen.measureText(part).width)
  for (const [at, line] of lines.entries()) pen.fillText(line, x, y + at * size * 1.45)
  return y + lines.length * size * 1.45
}

/** Lines no wider than `room`: Chinese breaks anywhere but before its punctuation, other words stay whole where they can. */
export function wrap(said: string, room: number, widthOf: (part: string) => number): string[] {
  const lines: string[] = []
  let line = ''
  for (const part of said.match(/[\x21-\x7e]+[，。；：、）]*|.[，。；：、）]*/gu) ?? []) {
    for (const piece of widthOf(part) > room ? [...part] : [part]) {
      if (line !== '' && widthOf(line + piece) > room) {
        lines.push(line.trimEnd())
        line = ''
      }
      line += line === '' ? piece.trimStart() : piece
    }
  }
  return [...lines, line.trimEnd()].filter((one) => one !== '')
}
