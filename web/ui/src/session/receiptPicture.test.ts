import { describe, expect, it, vi } from 'vitest'
import { drawReceipt, wrap, type PictureWords } from './receiptPicture'

const width = (part: string): number => [...part].reduce((sum, char) => sum + (char > '\u2e80' ? 2 : 1), 0)

describe('wrapping', () => {
  it('breaks Chinese anywhere, but never before its punctuation', () => {
    expect(wrap('台账里有什么；不证明此前没有漏记。', 12, width)).toEqual(['台账里有什', '么；不证明此', '前没有漏记。'])
  })

  it('keeps words whole and drops the space at a break', () => {
    expect(wrap('only shows what was there', 10, width)).toEqual(['only shows', 'what was', 'there'])
  })

  it('breaks what is wider than a line', () => {
    expect(wrap('ABCDEFGHIJ', 4, width)).toEqual(['ABCD', 'EFGH', 'IJ'])
    expect(wrap('', 4, width)).toEqual([])
  })
})

describe('the picture', () => {
  const words: PictureWords = {
    unit: '局', title: '台账回执', rows: [['编号', 'YTK-1']], codeLabel: '代码', code: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    honest: '回执只证明到那时为止台账里有什么。', keep: '请保存。', command: 'yuntakan verify',
  }

  it('is none where the page has no canvas', () => {
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null)
    expect(drawReceipt(words, ['1'])).toBeNull()
  })

  it('shows every word, the groups of the code, and each dark module in a place of its own', () => {
    const [texts, rects]: [Set<string>, string[]] = [new Set(), []]
    const pen = { measureText: (part: string) => ({ width: 20 * part.length }), fillText: (part: string) => texts.add(part), fillRect: (...at: number[]) => rects.push(at.join()) }
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(pen as unknown as CanvasRenderingContext2D)
    vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL').mockReturnValue('data:image/png;base64,AA==')
    const qr = ['101', '010', '111']
    expect(drawReceipt(words, qr)).toBe('data:image/png;base64,AA==')
    for (const shown of ['台账回执', 'YTK-1', 'ABCDE', 'UVWXY', 'Z', 'yuntakan verify']) expect([...texts]).toContain(shown)
    const modules = rects.filter((at) => at.endsWith(',56,56')) // 616 px over 3 modules and 8 of quiet
    expect(new Set(modules).size).toBe(6)
  })
})
