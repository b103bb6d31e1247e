/** The catalogue: zh-CN first, en complete. The browser's language decides at first; a choice on the page is kept. */
import { computed, type WritableComputedRef } from 'vue'
import { createI18n, type Composer, type I18nOptions } from 'vue-i18n'
import type { Problem } from '@/protocol/problem'
import { commonMessages } from './common'
import { errorMessages } from './errors'
import { phoneMessages } from './phone'
import { receiptMessages } from './receipt'

export type Locale = 'zh-CN' | 'en'
const STORED = 'ytk-locale'

const catalogue = (locale: Locale): Record<string, unknown> => ({
  ...commonMessages[locale],
  error: errorMessages[locale],
  phone: phoneMessages[locale],
  receipt: receiptMessages[locale],
})

export const messages = { 'zh-CN': catalogue('zh-CN'), en: catalogue('en') }

/** Chinese unless the browser prefers English. */
export function chooseLocale(languages: readonly string[], stored: string | null): Locale {
  if (stored === 'zh-CN' || stored === 'en') return stored
  const first = languages.find((language) => /^(zh|en)/i.test(language))
  return first && /^en/i.test(first) ? 'en' : 'zh-CN'
}

export const i18n = createI18n({
  legacy: false,
  locale: chooseLocale(globalThis.navigator?.languages ?? [], stored()),
  fallbackLocale: 'zh-CN',
  messages: messages as unknown as NonNullable<I18nOptions['messages']>,
})

// vue-i18n derives this type from its options and loses it when messages are merged later.
const composer = i18n.global as unknown as Composer

/** The language in use; setting it changes every page at once. */
export const locale: WritableComputedRef<Locale> = computed({
  get: () => composer.locale.value as Locale,
  set: (value) => setLocale(value),
})

export function setLocale(value: Locale): void {
  composer.locale.value = value
  document.documentElement.lang = value
  try {
    localStorage.setItem(STORED, value)
  } catch {
    // Storage forbidden: the choice holds until the page goes.
  }
}

function stored(): string | null {
  try {
    return globalThis.localStorage?.getItem(STORED) ?? null
  } catch {
    return null
  }
}

/** The text for an error code in the page's language. */
export function problemText(problem: Pick<Problem, 'code'>): string {
  const key = `error.${problem.code}`
  return composer.te(key) ? composer.t(key) : composer.t('error.unknown')
}

/** `problemText` for components (it reads the language, so what it renders follows a change). */
export function useProblemText(): (problem: Pick<Problem, 'code'>) => string {
  return problemText
}
