import type { RouteRecordRaw } from 'vue-router'

/** The applicant's pages and the front door. */
export const phoneRoutes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./HomePage.vue') },
  { path: '/a', name: 'pick-up', component: () => import('./PickUpPage.vue') },
  { path: '/i/:token', name: 'invitation', component: () => import('./InvitationPage.vue'), props: true },
  { path: '/live', name: 'live', component: () => import('./LivePage.vue') },
  { path: '/my', name: 'my', component: () => import('./MyPage.vue') },
]
