import type { RouteRecordRaw } from 'vue-router'

/** The inspector's pages. Every component is a chunk of its own, so that phones never load the desk's library. */
export const officeRoutes: RouteRecordRaw[] = [
  { path: '/office/login', name: 'office-login', component: () => import('./OfficeLogin.vue') },
  { path: '/office', name: 'office', component: () => import('./InspectionList.vue') },
  { path: '/office/new', name: 'office-new', component: () => import('./NewInspection.vue') },
  { path: '/office/inspections/:id', name: 'office-case', component: () => import('./CasePage.vue'), props: true },
  {
    path: '/office/inspections/:id/sessions/:sid',
    name: 'office-console',
    component: () => import('./ConsolePage.vue'),
    props: true,
  },
]
