import type { RouteRecordRaw } from 'vue-router'

/** The auditor's pages: sign in, list, replay. */
export const auditRoutes: RouteRecordRaw[] = [
  { path: '/audit/login', name: 'audit-login', component: () => import('./AuditLogin.vue') },
  { path: '/audit', name: 'audit', component: () => import('./AuditList.vue') },
  { path: '/audit/inspections/:id', name: 'audit-replay', component: () => import('./ReplayPage.vue'), props: true },
]
