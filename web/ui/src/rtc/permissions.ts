/**
 * What the browser lets us do, and on which system we are (to tell a person where to allow it). States are detected,
 * never assumed: where a browser does not say, the answer is `prompt`, which only means "ask and see".
 */
export type PermissionKind = 'camera' | 'microphone' | 'geolocation'
export type PermissionAnswer = 'granted' | 'prompt' | 'denied' | 'unsupported'

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

interface NavigatorLike {
  userAgent?: string
  permissions?: { query(descriptor: { name: PermissionName }): Promise<{ state: string }> }
  mediaDevices?: { getUserMedia?: unknown }
  geolocation?: unknown
}

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

export async function askPermission(kind: PermissionKind, nav: NavigatorLike = navigator as NavigatorLike): Promise<PermissionAnswer> {
  if (!isSupported(kind, nav)) return 'unsupported'
  try {
    const answer = await nav.permissions?.query({ name: kind as PermissionName })
    return answer?.state === 'granted' || answer?.state === 'denied' ? answer.state : 'prompt'
  } catch {
    return 'prompt' // Safari and Firefox know only some of the names
  }
}

function isSupported(kind: PermissionKind, nav: NavigatorLike): boolean {
  if (kind === 'geolocation') return nav.geolocation !== undefined
  return typeof nav.mediaDevices?.getUserMedia === 'function'
}
