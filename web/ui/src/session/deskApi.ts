/** HTTP calls of the desk pages. Every call throws `ApiError` when refused. */
import { apiOf, type Api } from '../protocol/api'
import type { Entry } from '../protocol/entries'
import { unwrap, type Result } from '../protocol/problem'
import type { DeskRole, Detail, FindingView, Nature, NewInvitation, Official, OpinionKind, ReplaySession, SessionView, Template, Verdict } from './deskModels'

export interface MapSource {
  tile_url: string
  attribution: string
}
export interface DeskUser extends Official {
  role: DeskRole
}
export interface Me {
  user: DeskUser
  csrf: string
  map?: MapSource | null
}
export interface CaseRow {
  id: string
  number: string
  item_name: string
  premises_name: string
  applicant_name: string
  state: string
  opened_at: string
}
export interface VisitBody {
  visited_at: string
  visitors: string[]
  items: { finding_id?: string; item_id?: string; confirmed: boolean; note: string }[]
}

async function all<T>(answer: Promise<Result<T>>): Promise<T> {
  return unwrap(await answer)
}

export class DeskApi {
  private readonly api: Api

  constructor(readonly role: DeskRole) {
    this.api = apiOf(role)
  }

  get csrf(): string {
    return this.api.csrf
  }

  login = (username: string, password: string): Promise<Me> => all(this.api.post('/login', { username, password }))
  logout = (): Promise<unknown> => all(this.api.post('/logout'))
  me = (): Promise<Me> => all(this.api.get('/me'))

  inspections = async (): Promise<CaseRow[]> => (await all(this.api.get<{ inspections: CaseRow[] }>('/inspections'))).inspections
  inspection = (id: string): Promise<Detail> => all(this.api.get(`/inspections/${id}`))
  templates = async (): Promise<Template[]> => (await all(this.api.get<{ templates: Template[] }>('/templates'))).templates
  colleagues = async (): Promise<Official[]> => (await all(this.api.get<{ users: Official[] }>('/colleagues'))).users

  /** Every entry of an inspection, page by page, in order. */
  entries = async (id: string, after = 0): Promise<Entry[]> => {
    const entries: Entry[] = []
    for (let from = after; ; ) {
      const page = await all(this.api.get<{ entries: Entry[]; last_seq: number }>(`/inspections/${id}/entries?after=${from}&limit=500`))
      entries.push(...page.entries)
      const last = page.entries[page.entries.length - 1]
      if (!last || last.seq >= page.last_seq) return entries
      from = last.seq
    }
  }

  open = (body: unknown, key: string): Promise<Detail> => all(this.api.post('/inspections', body, { key }))
  createSession = (id: string, nature: Nature, key: string): Promise<{ session: SessionView; invitation: NewInvitation; sms_sent: boolean }> =>
    all(this.api.post(`/inspections/${id}/sessions`, { nature }, { key }))
  revoke = (id: string, invitationId: string, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/invitations/${invitationId}/revoke`, {}, { key }))
  raise = (id: string, body: unknown, key: string): Promise<FindingView> => all(this.api.post(`/inspections/${id}/findings`, body, { key }))
  accept = (id: string, findingId: string, reason: string, key: string): Promise<unknown> =>
    all(this.api.post(`/inspections/${id}/findings/${findingId}/accept`, reason ? { reason } : {}, { key }))
  reject = (id: string, findingId: string, reason: string, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/findings/${findingId}/reject`, { reason }, { key }))
  answer = (id: string, findingId: string, text: string, upheld: boolean, key: string): Promise<unknown> =>
    all(this.api.post(`/inspections/${id}/findings/${findingId}/answer`, { text, upheld }, { key }))
  visit = (id: string, body: VisitBody, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/site-visits`, body, { key }))
  opinion = (id: string, opinion: OpinionKind, text: string, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/opinion`, { opinion, text }, { key }))

  replay = async (id: string): Promise<ReplaySession[]> => (await all(this.api.get<{ sessions: ReplaySession[] }>(`/inspections/${id}/replay`))).sessions
  verify = (id: string): Promise<Verdict> => all(this.api.post(`/inspections/${id}/verify`, {}, { timeoutMs: 180_000 }))

  stillUrl = (id: string, stillId: string): string => this.api.url(`/inspections/${id}/stills/${stillId}.jpg`)
  photoUrl = (id: string, rectificationId: string): string => this.api.url(`/inspections/${id}/rectifications/${rectificationId}/photo`)
  packageUrl = (id: string): string => this.api.url(`/inspections/${id}/package`)
}
