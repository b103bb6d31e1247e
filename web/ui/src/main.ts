import { createApp } from 'vue'
import App from './App.vue'
import { i18n, locale } from './i18n'
import { makeRouter } from './router'
import './styles/base.css'

document.documentElement.lang = locale.value
createApp(App).use(i18n).use(makeRouter()).mount('#app')
