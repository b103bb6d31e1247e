// @vitest-environment jsdom
import { mount, flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { i18n, setLocale } from '@/i18n'
import { ApiError } from '../../protocol/problem'
import type { FindingDraft } from '../../session/deskForms'
import ChatPanel from './ChatPanel.vue'
import FindingForm from './FindingForm.vue'

const problem = (code: string, field?: string): { code: string; message: string; retryable: boolean; field?: string } => ({ code, message: '', retryable: false, ...(field ? { field } : {}) })
const global = { plugins: [i18n] }
beforeEach(() => setLocale('zh-CN'))

describe('the finding form', () => {
  function open(send: (draft: FindingDraft, key: string) => Promise<unknown>): ReturnType<typeof mount> {
    return mount(FindingForm, { props: { clause: '第十二条', send }, global })
  }
  const text = (form: ReturnType<typeof mount>): string => (form.find('[data-testid="finding-text"]').element as HTMLTextAreaElement).value

  it('is prefilled with the clause of the item and asks for the text before sending anything', async () => {
    const send = vi.fn(() => Promise.resolve())
    const form = open(send)
    expect((form.find('[data-testid="finding-clause"]').element as HTMLInputElement).value).toBe('第十二条')
    await form.find('form').trigger('submit')
    expect(send).not.toHaveBeenCalled()
    await vi.waitFor(() => expect(form.text()).toContain('请填写此项')) // the form shows it after its own short delay
  })
  it('keeps the typed text when refused, says why beside the field, and repeats with the same key', async () => {
    const keys: string[] = []
    const send = vi.fn((_draft: FindingDraft, key: string) => {
      keys.push(key)
      return keys.length === 1 ? Promise.reject(new ApiError(problem('field_invalid', 'due_date'))) : Promise.resolve()
    })
    const form = open(send)
    await form.find('[data-testid="finding-text"]').setValue('生熟案板混用')
    await form.find('form').trigger('submit')
    await flushPromises()
    expect(text(form)).toBe('生熟案板混用')
    expect(form.find('[data-testid="refusal"]').text()).toContain('已填写的内容都在')
    expect(form.emitted('done')).toBeUndefined()
    await form.find('form').trigger('submit')
    await flushPromises()
    expect(form.emitted('done')).toHaveLength(1)
    expect(keys[1]).toBe(keys[0])
  })
  it('takes a new key when the content has changed after a refusal', async () => {
    const keys: string[] = []
    const form = open((_draft, key) => (keys.push(key), Promise.reject(new ApiError(problem('storage_full')))))
    for (const typed of ['一', '二']) {
      await form.find('[data-testid="finding-text"]').setValue(typed)
      await form.find('form').trigger('submit')
      await flushPromises()
    }
    expect(keys[1]).not.toBe(keys[0])
  })
  it('follows the chosen item, but not over a clause typed by hand', async () => {
    const form = open(() => Promise.resolve())
    const clause = (): string => (form.find('[data-testid="finding-clause"]').element as HTMLInputElement).value
    await form.setProps({ clause: '第十三条' })
    expect(clause()).toBe('第十三条')
    await form.find('[data-testid="finding-clause"]').setValue('自定')
    await form.setProps({ clause: '第十四条' })
    expect(clause()).toBe('自定')
  })
})

describe('the chat', () => {
  it('keeps what was typed until the server has it', async () => {
    const answers = [problem('offline'), null]
    const panel = mount(ChatPanel, { props: { lines: [], guidance: [], ownId: 'u1', disabled: false, send: () => Promise.resolve(answers.shift() ?? null) }, global })
    const input = panel.find('[data-testid="console-chat-input"]')
    await input.setValue('请拍招牌')
    await panel.find('form').trigger('submit')
    await flushPromises()
    expect((input.element as HTMLInputElement).value).toBe('请拍招牌')
    expect(panel.find('[role="alert"]').exists()).toBe(true)
    await panel.find('form').trigger('submit')
    await flushPromises()
    expect((input.element as HTMLInputElement).value).toBe('')
  })
})
