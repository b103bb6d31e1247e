import { createApp, h } from 'vue'
import { RouterView, createRouter, createWebHistory } from 'vue-router'
import { auditRoutes } from './views/audit/routes'
import { officeRoutes } from './views/office/routes'

/** One page, many doors: each route loads its own chunk, so that phones never load the desk's library. */
const router = createRouter({ history: createWebHistory('/'), routes: [...officeRoutes, ...auditRoutes] })

createApp({ render: () => h(RouterView) }).use(router).mount('#app')
