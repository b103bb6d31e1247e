// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it } from 'vitest'
import { i18n, setLocale } from '@/i18n'
import type { ReplayCopy, ReplaySession } from '../../session/deskModels'
import FilmCopies from './FilmCopies.vue'

const none = (copy_as: ReplayCopy['copy_as']): ReplayCopy => ({ copy_as, state: 'none', url: null, size_bytes: null, sha256: null, reencoded: null })
const session = (copies: ReplayCopy[]): ReplaySession => ({
  id: 's', number: 1, nature: 'guidance', started_at: null, ended_at: null, origin_at: null, duration_ms: null, media_url: null, state: 'ready', copies,
})
const open = (copies: ReplayCopy[]): ReturnType<typeof mount> => mount(FilmCopies, { props: { session: session(copies) }, global: { plugins: [i18n] } })
beforeEach(() => setLocale('zh-CN'))

describe('films to take away', () => {
  it('are asked for, and said to be no evidence', async () => {
    const line = open([none('webm'), none('mp4')])
    await line.find('[data-testid="film-ask-mp4"]').trigger('click')
    expect(line.emitted('ask')).toEqual([['mp4']])
    expect(line.text()).toContain('不是证据原件')
  })
  it('are links once they are there, with their size, and no button while they are made', () => {
    const line = open([{ ...none('webm'), state: 'making' }, { ...none('mp4'), state: 'ready', url: '/api/x/copies/mp4', size_bytes: 12_345_678 }])
    expect(line.find('[data-testid="film-copy-mp4"]').attributes('href')).toBe('/api/x/copies/mp4')
    expect(line.text()).toContain('12.3 MB')
    expect(line.findAll('button')).toHaveLength(0)
  })
})
