/** One page, many doors: each route loads its own chunk, so that phones never load the desk's library. */
import { createRouter, createWebHistory, type RouteRecordRaw, type Router } from 'vue-router'
import { auditRoutes } from './views/audit/routes'
import { officeRoutes } from './views/office/routes'
import { phoneRoutes } from './views/phone/routes'

const routes: RouteRecordRaw[] = [
  ...phoneRoutes,
  ...officeRoutes,
  ...auditRoutes,
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('./views/phone/NotFound.vue') },
]

export function makeRouter(): Router {
  return createRouter({
    history: createWebHistory('/'),
    routes,
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  })
}
