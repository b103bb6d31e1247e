// @vitest-environment jsdom
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { i18n, setLocale } from '@/i18n'
import type { Problem } from '../../protocol/problem'
import type { CheckRow } from '../../protocol/reduce'
import type { CheckInput } from '../../session/deskConsole'
import CheckPanel from './CheckPanel.vue'

beforeEach(() => setLocale('zh-CN'))
const item = (id: string): { id: string; title: string; clause: string; hint: string } => ({ id, title: id, clause: '第十二条', hint: '' })

function open(answer: Problem | null = null): { panel: ReturnType<typeof mount>; sent: CheckInput[] } {
  const sent: CheckInput[] = []
  const mark = (input: CheckInput): Promise<Problem | null> => (sent.push(input), Promise.resolve(answer))
  const props = { items: [item('signboard'), item('kitchen')], checks: {}, stills: [], chosen: 'st1', active: 'signboard', disabled: false, urlOf: (id: string) => id, mark }
  return { panel: mount(CheckPanel, { props, global: { plugins: [i18n] } }), sent }
}
const press = async (panel: ReturnType<typeof mount>, id: string): Promise<void> => {
  await panel.find(`[data-testid="${id}"]`).trigger('click')
  await flushPromises()
}
const pressed = (panel: ReturnType<typeof mount>, id: string): string | undefined => panel.find(`[data-testid="${id}"]`).attributes('aria-pressed')

describe('the checklist', () => {
  it('has nothing answered beforehand', () => {
    const { panel } = open()
    expect(panel.findAll('[aria-pressed="true"]')).toHaveLength(0)
  })
  it('sends an answer once, when both halves are known', async () => {
    const { panel, sent } = open()
    await press(panel, 'check-signboard-seen')
    expect(sent).toEqual([])
    await press(panel, 'check-signboard-pass')
    expect(sent).toEqual([{ item_id: 'signboard', seen: 'seen', result: 'pass', note: '', still_ids: [] }])
  })
  it('does not let pass what was not seen clearly', async () => {
    const { panel, sent } = open()
    await press(panel, 'check-kitchen-unclear')
    expect(sent.at(-1)).toMatchObject({ item_id: 'kitchen', seen: 'unclear', result: 'na' })
  })
  it('keeps a refused answer on screen and says why', async () => {
    const { panel } = open({ code: 'session_not_open', message: '', retryable: false })
    await press(panel, 'check-kitchen-not_shown')
    expect(pressed(panel, 'check-kitchen-not_shown')).toBe('true')
    expect(panel.find('[role="alert"]').exists()).toBe(true)
  })
  it('attaches the chosen still to a known answer', async () => {
    const { panel, sent } = open()
    const known: CheckRow = { seq: 1, at: '', actor: { role: 'inspector', id: 'u', name: '', level: '' }, itemId: 'signboard', title: '', seen: 'seen', result: 'pass', note: '清楚', stillIds: ['st0'] }
    await panel.setProps({ checks: { signboard: known } })
    await press(panel, 'check-signboard-attach')
    expect(sent).toEqual([{ item_id: 'signboard', seen: 'seen', result: 'pass', note: '清楚', still_ids: ['st0', 'st1'] }])
  })
})
