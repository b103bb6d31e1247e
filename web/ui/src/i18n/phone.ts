import { phoneEn } from './phone.en'
import { phoneZh } from './phone.zh'

export const phoneMessages = { 'zh-CN': phoneZh, en: phoneEn }
