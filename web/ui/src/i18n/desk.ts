import { useI18n } from 'vue-i18n'
import type { WritableComputedRef } from 'vue'
import { locale, type Locale } from '@/i18n'
import { deskEn } from './desk.en'
import { deskZh } from './desk.zh-CN'

export const deskMessages = { 'zh-CN': { desk: deskZh }, en: { desk: deskEn } }

export interface DeskI18n {
  /** Text of a desk key, without the `desk.` in front. */
  t: (key: string, values?: Record<string, unknown>) => string
  /** Text of `group.value`, or the raw value where the catalogue has no word for it. */
  word: (group: string, value: string | null | undefined) => string
  errorText: (error: unknown) => string
  /** What is wrong with a field, by its code; nothing without a code. */
  fieldText: (code: string | undefined) => string
  dateTime: (at: string | null | undefined) => string
  timeOfDay: (at: string) => string
  locale: WritableComputedRef<Locale>
}

interface Coded {
  code?: unknown
  message?: unknown
}

/** The desk's texts; merged into the application's catalogue when the first desk page loads. */
export function useDeskI18n(): DeskI18n {
  const composer = useI18n({ useScope: 'global' })
  for (const [locale, texts] of Object.entries(deskMessages)) {
    const known = composer.getLocaleMessage(locale) as Record<string, unknown>
    if (!known.desk) composer.mergeLocaleMessage(locale, texts)
  }
  const t = (key: string, values: Record<string, unknown> = {}): string => composer.t(`desk.${key}`, values)
  const has = (key: string): boolean => composer.te(`desk.${key}`)
  const word = (group: string, value: string | null | undefined): string =>
    !value ? t('common.none') : has(`${group}.${value}`) ? t(`${group}.${value}`) : value
  const errorText = (error: unknown): string => {
    const { code, message } = (error ?? {}) as Coded
    const known = typeof code === 'string' ? code : 'internal'
    // The server names the characters after the colon; every other text needs no detail.
    if (has(`error.${known}`)) return t(`error.${known}`, { detail: String(message ?? '').split(': ').at(-1) })
    return composer.te(`error.${known}`) ? composer.t(`error.${known}`) : t('error.fallback', { code: known })
  }
  const fieldText = (code: string | undefined): string => (!code ? '' : has(`field.${code}`) ? t(`field.${code}`) : errorText({ code }))
  const format = (at: string, options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat(locale.value, options).format(new Date(at))
  return {
    t, word, errorText, fieldText, locale,
    dateTime: (at) => (at ? format(at, { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false }) : '—'),
    timeOfDay: (at) => format(at, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }),
  }
}
