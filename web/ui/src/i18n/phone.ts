export const phoneMessages = { 'zh-CN': {}, en: {} }
