import { describe, expect, it } from 'vitest'
import { deskEn } from './desk.en'
import { deskZh } from './desk.zh-CN'

function flat(texts: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') found.set(`${path}${key}`, value)
    else for (const [inner, text] of flat(value as object, `${path}${key}.`)) found.set(inner, text)
  }
  return found
}
const values = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()

describe('the desk texts', () => {
  const [zh, en] = [flat(deskZh), flat(deskEn)]
  it('are complete in both languages, none empty', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
    expect([...zh, ...en].filter(([, text]) => text.trim() === '')).toEqual([])
  })
  it('take the same values in both languages', () => {
    const different = [...zh].filter(([key, text]) => values(text).join() !== values(en.get(key) ?? '').join()).map(([key]) => key)
    expect(different).toEqual([])
  })
  it('have no Chinese left in English, but for the name of the other language', () => {
    expect([...en].filter(([key, text]) => /[\u4e00-\u9fff]/.test(text) && key !== 'nav.language')).toEqual([])
  })
})
