import { expect, it } from 'vitest'
import { detectSystem, isInAppBrowser } from './permissions'

const AGENTS: [string, string][] = [
  ['Mozilla/5.0 (Linux; Android 13; M2012K11AC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49', 'wechat-android'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49 NetType/WIFI', 'wechat-ios'],
  ['Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 Chrome/114 Safari/537.36 ArkWeb/4.1 Mobile MicroMessenger/8.0.6', 'wechat-harmony'],
  ['Mozilla/5.0 (Linux; Android 12; NOH-AN00) AppleWebKit/537.36 Chrome/99 HuaweiBrowser/13.0 Mobile Safari/537.36', 'huawei'],
  ['Mozilla/5.0 (Linux; U; Android 13; zh-cn; 2201123C) AppleWebKit/537.36 Chrome/100 Mobile Safari/537.36 XiaoMi/MiuiBrowser/17.8', 'xiaomi'],
  ['Mozilla/5.0 (Linux; Android 13; PGEM10) Chrome/115 Mobile Safari/537.36 HeyTapBrowser/40.9', 'oppo'],
  ['Mozilla/5.0 (Linux; Android 13; V2230A) Chrome/107 Mobile Safari/537.36 VivoBrowser/19.5', 'vivo'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1', 'safari-ios'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 CriOS/123.0 Mobile/15E148 Safari/604.1', 'chrome-ios'],
  ['Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/124.0 Mobile Safari/537.36', 'chrome-android'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'firefox'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/124.0 Safari/537.36', 'desktop'],
  ['Something/1.0', 'other'],
]

it.each(AGENTS)('reads %s as %s', (agent, system) => {
  expect(detectSystem(agent)).toBe(system)
})

it('does not vouch for the datum inside another app', () => {
  expect(isInAppBrowser(AGENTS[0]![0])).toBe(true)
  expect(isInAppBrowser(AGENTS[9]![0])).toBe(false)
})
