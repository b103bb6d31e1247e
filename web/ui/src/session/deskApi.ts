/** HTTP calls of the desk pages. Every call throws `ApiError` when refused. */
import { apiOf, type Api } from '../protocol/api'
import type { Entry } from '../protocol/entries'
import { unwrap, type Result } from '../protocol/problem'
import type { RevealedNumber } from '../protocol/http_answers'
import type {
  CaseRow, Colleagues, CopyAs, DeskRole, Detail, FindingView, Inspections, Nature, NewSession, Official, OpinionKind, ReplayAnswer, ReplayCopy, ReplaySession, StaffLogin, Template, Templates, Verdict,
  VisitBody,
} from './deskModels'

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

  login = (username: string, password: string): Promise<StaffLogin> => all(this.api.post('/login', { username, password }))
  logout = (): Promise<unknown> => all(this.api.post('/logout'))
  me = (): Promise<StaffLogin> => all(this.api.get('/me'))

  inspections = async (): Promise<CaseRow[]> => (await all(this.api.get<Inspections>('/inspections'))).inspections
  inspection = (id: string): Promise<Detail> => all(this.api.get(`/inspections/${id}`))
  templates = async (): Promise<Template[]> => (await all(this.api.get<Templates>('/templates'))).templates
  colleagues = async (): Promise<Official[]> => (await all(this.api.get<Colleagues>('/colleagues'))).users

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
  createSession = (id: string, nature: Nature, key: string): Promise<NewSession> =>
    all(this.api.post(`/inspections/${id}/sessions`, { nature }, { key }))
  revoke = (id: string, invitationId: string, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/invitations/${invitationId}/revoke`, {}, { key }))
  raise = (id: string, body: unknown, key: string): Promise<FindingView> => all(this.api.post(`/inspections/${id}/findings`, body, { key }))
  accept = (id: string, findingId: string, reason: string, key: string): Promise<unknown> =>
    all(this.api.post(`/inspections/${id}/findings/${findingId}/accept`, reason ? { reason } : {}, { key }))
  reject = (id: string, findingId: string, reason: string, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/findings/${findingId}/reject`, { reason }, { key }))
  answer = (id: string, findingId: string, text: string, upheld: boolean, key: string): Promise<unknown> =>
    all(this.api.post(`/inspections/${id}/findings/${findingId}/answer`, { text, upheld }, { key }))
  visit = (id: string, body: VisitBody, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/site-visits`, body, { key }))
  /** By the inspection's number, or the applicant's whole identity or phone number. */
  find = async (number: string): Promise<CaseRow[]> => (await all(this.api.post<Inspections>('/find', { number }))).inspections
  /** A masked number in clear: an act with a reason, on record. */
  reveal = (id: string, what: 'id_number' | 'phone', reason: string): Promise<RevealedNumber> => all(this.api.post(`/inspections/${id}/reveal`, { what, reason }))
  opinion = (id: string, opinion: OpinionKind, text: string, key: string): Promise<unknown> => all(this.api.post(`/inspections/${id}/opinion`, { opinion, text }, { key }))

  replay = async (id: string): Promise<ReplaySession[]> => (await all(this.api.get<ReplayAnswer>(`/inspections/${id}/replay`))).sessions
  /** Asks for a film to take away; the replay says when it is there. */
  askForCopy = (id: string, sessionId: string, copy: CopyAs): Promise<ReplayCopy> => all(this.api.post(`/inspections/${id}/sessions/${sessionId}/copies/${copy}`, {}))
  /** The statements of the verdict come in `language`, `zh-CN` or `en`. */
  verify = (id: string, language: string): Promise<Verdict> => all(this.api.post(`/inspections/${id}/verify?language=${language}`, {}, { timeoutMs: 180_000 }))

  stillUrl = (id: string, stillId: string): string => this.api.url(`/inspections/${id}/stills/${stillId}.jpg`)
  photoUrl = (id: string, rectificationId: string): string => this.api.url(`/inspections/${id}/rectifications/${rectificationId}/photo`)
  packageUrl = (id: string): string => this.api.url(`/inspections/${id}/package`)
}
