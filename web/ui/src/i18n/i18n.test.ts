import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { chooseLocale, messages, problemText, setLocale } from './index'
import { deskMessages } from './desk'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, path = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    const here = path ? `${path}.${key}` : key
    if (typeof value === 'string') all.set(here, value)
    else for (const [name, text] of flat(value, here)) all.set(name, text)
  }
  return all
}

beforeEach(() => setLocale('zh-CN'))

const zh = flat({ ...messages['zh-CN'], ...deskMessages['zh-CN'] } as Tree)
const en = flat({ ...messages.en, ...deskMessages.en } as Tree)
const gaps = (text: string): string => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort().join()

describe('the two catalogues', () => {
  it('have the same keys', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
  })

  it('have no empty text', () => {
    expect([...zh, ...en].filter(([, text]) => text.trim() === '')).toEqual([])
  })

  it('fill the same gaps', () => {
    expect([...zh].filter(([key, text]) => gaps(text) !== gaps(en.get(key) ?? '')).map(([key]) => key)).toEqual([])
  })

  it('are each in their language', () => {
    const chinese = /[\u4e00-\u9fff]/
    expect([...en].filter(([key, text]) => chinese.test(text) && !key.includes('language')).map(([key]) => key)).toEqual([])
    const latin = [...zh].filter(([key, text]) => !chinese.test(text) && /[a-z]{4,}/i.test(text.replace(/{\w+}/g, '')) && !key.includes('language'))
    expect(latin.map(([key]) => key)).toEqual([])
  })
})

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(name) && !/\.test\.ts$/.test(name) ? [path] : []
  })
}

it('has every text that a phone page asks for', () => {
  const root = join(import.meta.dirname, '..')
  const asked = ['views/phone', 'components/phone', 'components/common']
    .flatMap((folder) => sources(join(root, folder)))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bt\('([\w.-]+)'/g)].map((match) => match[1] ?? ''))
  expect(asked.length).toBeGreaterThan(80)
  expect([...new Set(asked)].filter((key) => !zh.has(key))).toEqual([])
})

describe('chooseLocale', () => {
  it.each([
    [['zh-CN', 'en'], 'zh-CN'],
    [['en-GB'], 'en'],
    [['fr', 'en'], 'en'],
    [['fr'], 'zh-CN'],
    [[], 'zh-CN'],
  ] as [string[], string][])('takes %j as %s', (languages, expected) => {
    expect(chooseLocale(languages, null)).toBe(expected)
  })

  it('keeps what was chosen on a page', () => {
    expect(chooseLocale(['zh-CN'], 'en')).toBe('en')
  })
})

it('has a plain text for a code that it does not know', () => {
  expect(problemText({ code: 'code_wrong' })).toBe('验证码不对，请再核对一次。')
  expect(problemText({ code: 'brand_new' })).toBe('出了点问题，请稍候再试。')
})

it('knows every error code that the server names', () => {
  const root = join(import.meta.dirname, '../../../..')
  const named = ['inspection', 'signaling', 'web', 'media']
    .flatMap((folder) => pythonFiles(join(root, folder)))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/Kind\.[A-Z_]+,\s*"([a-z_]+)"/g)].map((match) => match[1] ?? ''))
  expect([...new Set(named)].filter((code) => !zh.has(`error.${code}`)).sort()).toEqual([])
})

function pythonFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === 'ui' || name === 'node_modules' || name.startsWith('.')) return []
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return pythonFiles(path)
    return name.endsWith('.py') ? [path] : []
  })
}
