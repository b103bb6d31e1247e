// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { i18n, setLocale } from '@/i18n'
import { emptySession, shareSigned, type PageSigned } from '../../protocol/case_state'
import type { Entry } from '../../protocol/entries'
import { reduceAll } from '../../protocol/reduce'
import SignedShare from './SignedShare.vue'

const none = emptySession('s').pageSigned
const open = (signed: Partial<PageSigned>) => mount(SignedShare, { props: { signed: { ...none, ...signed } }, global: { plugins: [i18n] } })
beforeEach(() => setLocale('zh-CN'))

function entry(seq: number, kind: string, payload: Record<string, unknown>): Entry {
  const actor = { role: 'system', id: 'server', name: 'server', level: 'none' }
  return { seq, kind, actor, subject: null, at: '2026-05-06T01:30:00.000Z', device_at: null, payload: { session_id: 's', ...payload } }
}
const counted = { frames: 500, signed: 496, broken: 0, missing_counters: 1, clock_jumps: 0 }

describe('how much of the picture is signed', () => {
  it('adds up what entries say', () => {
    const log = [entry(1, 'page_key', { fingerprint: 'ab', browser: 'Chrome 141' }), entry(2, 'signatures', counted), entry(3, 'signatures', counted)]
    const { keys, ...sums } = reduceAll(log).sessions.s!.pageSigned
    expect(keys).toMatchObject([{ fingerprint: 'ab', browser: 'Chrome 141' }])
    expect(sums).toEqual({ frames: 1000, signed: 992, broken: 0, missing: 2, jumps: 0 })
  })
  it('is rounded down, so that what lacks a frame is never all', () => {
    expect(shareSigned({ ...none, frames: 100_000, signed: 99_999 })).toBe('99.9')
  })
  it('says what is shown and what is not', () => {
    const label = open({ frames: 1000, signed: 992, missing: 2 })
    expect(label.text()).toBe('网页签名 99.2%')
    expect(label.attributes('title')).toContain('不证明来自真实摄像头')
    expect(label.attributes('title')).toContain('缺少计数 2 个')
  })
  it('names frames whose signature does not fit beside the share', () => {
    expect(open({ frames: 10, signed: 9, broken: 1 }).text()).toContain('签名不符 1 帧')
  })
  it('is a label where the browser does not sign, and where counting has only begun', () => {
    expect(open({ frames: 10 }).text()).toBe('未由网页签名')
    expect(open({ keys: [{ seq: 1, at: '', fingerprint: 'ab', browser: '' }] }).text()).toBe('网页签名中')
  })
})
