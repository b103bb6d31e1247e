import { expect, it } from 'vitest'
import { findPhotoDraft, keepPhotoDraft, useTextDraft } from './drafts'

it('keeps text over a reload and forgets it when it was sent', () => {
  const name = 'f1'
  useTextDraft(name).value = '已配灭火器'
  const again = useTextDraft(name)
  expect(again.value).toBe('已配灭火器')
  again.value = ''
  expect(useTextDraft(name).value).toBe('')
})

it('still holds the text where the browser keeps nothing', () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError')
    },
    removeItem: () => undefined,
  }
  const text = useTextDraft('f2', full)
  text.value = '写了一半'
  expect(text.value).toBe('写了一半')
})

it('says when a photo could not be kept instead of failing', async () => {
  expect(await keepPhotoDraft('f1', new Blob(['x']))).toBe(false) // jsdom has no IndexedDB, as some private windows
  expect(await findPhotoDraft('f1')).toBeNull()
})
