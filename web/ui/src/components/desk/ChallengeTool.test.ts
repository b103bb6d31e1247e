// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { i18n, setLocale } from '@/i18n'
import type { Entry } from '../../protocol/entries'
import { reduceAll } from '../../protocol/reduce'
import { measureClock } from '../../session/phone_clock'
import ChallengeCode from '../phone/ChallengeCode.vue'
import ChallengeTool from './ChallengeTool.vue'

beforeEach(() => setLocale('zh-CN'))

function entry(seq: number, kind: string, payload: Record<string, unknown>): Entry {
  const actor = { role: 'system', id: 'server', name: 'server', level: 'none' }
  return { seq, kind, actor, subject: null, at: '2026-05-06T01:30:00.000Z', device_at: null, payload: { session_id: 's', ...payload } }
}
const STAMP = entry(1, 'timestamp', { authority: '机构', gen_time: '2026-05-06T01:29:00.000Z', is_test: true })
const CODE = entry(2, 'challenge', { challenge_id: 'c1', code: '042137' })
const STILL = entry(3, 'still', { still_id: 'a', reason: 'challenge', challenge_id: 'c1' })

describe('the challenge code at the desk', () => {
  const open = (entries: Entry[], show = () => Promise.resolve(null)) => {
    const state = reduceAll(entries)
    const props = { challenge: state.sessions.s?.challenges.at(-1) ?? null, stamp: state.stamp, stills: state.sessions.s?.stills ?? [], canStill: true, over: false, show }
    return mount(ChallengeTool, { props, global: { plugins: [i18n] } })
  }

  it('says plainly that there is none without a time stamp', () => {
    const tool = open([])
    expect(tool.get('[data-testid=console-challenge-none]').text()).toBe('时间口令不可用：还没有外部时间戳')
    expect(tool.find('button').exists()).toBe(false)
  })

  it('says that a test authority proves nothing', () => {
    expect(open([STAMP]).get('[data-testid=console-challenge-test]').text()).toBe('测试时间戳，无证明力')
  })

  it('shows the code that was asked for until its still was taken', async () => {
    const tool = open([STAMP])
    const after = reduceAll([STAMP, CODE])
    const show = async () => {
      await tool.setProps({ challenge: after.sessions.s!.challenges[0]! })
      return null
    }
    await tool.setProps({ show })
    await tool.get('[data-testid=console-challenge]').trigger('click')
    await nextTick()
    expect(tool.get('[data-testid=console-challenge-code]').text()).toBe('042137')
    await tool.get('[data-testid=console-challenge-still]').trigger('click')
    expect(tool.emitted('still')).toEqual([['c1']])
    await tool.setProps({ stills: reduceAll([STAMP, CODE, STILL]).sessions.s!.stills })
    expect(tool.find('[data-testid=console-challenge-code]').exists()).toBe(false)
  })
})

describe('the challenge code on the phone', () => {
  const open = (entries: Entry[], sinceSeq = 0) =>
    mount(ChallengeCode, { props: { session: reduceAll(entries).sessions.s ?? null, sinceSeq }, global: { plugins: [i18n] } })

  it('is shown large until it is put away or its picture was taken', async () => {
    const page = open([STAMP, CODE])
    expect(page.get('[data-testid=live-challenge-code]').text()).toBe('042137')
    await page.get('[data-testid=live-challenge-done]').trigger('click')
    expect(page.find('[data-testid=live-challenge]').exists()).toBe(false)
    expect(open([STAMP, CODE, STILL]).find('[data-testid=live-challenge]').exists()).toBe(false)
  })

  it('is not one of before this page came', () => {
    expect(open([STAMP, CODE], 2).find('[data-testid=live-challenge]').exists()).toBe(false)
  })
})

it('sends its time again as long as the server asks for it', async () => {
  const sent: unknown[] = []
  await measureClock(async (event, body) => {
    sent.push([event, body])
    return { ok: true, value: { again: sent.length < 4 } }
  }, () => 1000.4)
  expect(sent).toEqual(Array.from({ length: 4 }, () => ['clock:measure', { now_ms: 1000 }]))
})
