/** On which system and in which browser we are: to tell a person where to allow what was refused. */

/** Systems with their own way to unblock; each has a text `unblock.<system>`. */
export type PhoneSystem =
  | 'wechat-android'
  | 'wechat-ios'
  | 'wechat-harmony'
  | 'huawei'
  | 'xiaomi'
  | 'oppo'
  | 'vivo'
  | 'safari-ios'
  | 'chrome-ios'
  | 'chrome-android'
  | 'firefox'
  | 'desktop'
  | 'other'

const SYSTEMS: [RegExp, PhoneSystem][] = [
  [/MicroMessenger.*(OpenHarmony|HarmonyOS)|(OpenHarmony|HarmonyOS).*MicroMessenger/i, 'wechat-harmony'],
  [/MicroMessenger.*(iPhone|iPad)|(iPhone|iPad).*MicroMessenger/i, 'wechat-ios'],
  [/MicroMessenger/i, 'wechat-android'],
  [/HuaweiBrowser|ArkWeb/i, 'huawei'],
  [/MiuiBrowser|XiaoMi/i, 'xiaomi'],
  [/HeyTapBrowser|OppoBrowser/i, 'oppo'],
  [/VivoBrowser/i, 'vivo'],
  [/(iPhone|iPad).*(CriOS|EdgiOS)/i, 'chrome-ios'],
  [/FxiOS|Firefox/i, 'firefox'],
  [/iPhone|iPad/i, 'safari-ios'],
  [/Android.*Chrome/i, 'chrome-android'],
  [/Windows|Macintosh|X11/i, 'desktop'],
]

export function detectSystem(userAgent: string): PhoneSystem {
  return SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'other'
}

/** Browsers inside another app hand on whatever position that app has, so its datum is not known. */
export function isInAppBrowser(userAgent: string): boolean {
  return /MicroMessenger|AlipayClient|DingTalk|QQ\/|Weibo|; wv\)/i.test(userAgent)
}
