/**
 * HTTP calls of one role. Every answer is a `Result`; nothing throws for a refusal or a broken connection.
 * The CSRF token is remembered from whichever answer carried one (`login`, `redeem`, `me`).
 */
import { fail, newKey, parseProblem, succeed, unwrap, type Result } from './problem'

export type Role = 'inspector' | 'auditor' | 'applicant'
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface ApiOptions {
  fetch?: typeof fetch
  newKey?: () => string
  /** Milliseconds until a request without an answer counts as failed. @default 20000 */
  timeoutMs?: number
}

export interface RequestOptions {
  body?: unknown
  /** Idempotency key; keep it for a repeat of the same act. A fresh one is made when absent. */
  key?: string
  timeoutMs?: number
}

export class Api {
  csrf = ''
  private readonly fetch: typeof fetch
  private readonly newKey: () => string
  private readonly timeoutMs: number

  constructor(
    readonly role: Role,
    options: ApiOptions = {},
  ) {
    this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
    this.newKey = options.newKey ?? newKey
    this.timeoutMs = options.timeoutMs ?? 20_000
  }

  /** Address of `path` under this role, for pictures and films. */
  url(path: string): string {
    return `/api/${this.role}${path}`
  }

  get<T>(path: string): Promise<Result<T>> {
    return this.send<T>('GET', path)
  }

  post<T>(path: string, body: unknown = {}, options: { key?: string; timeoutMs?: number } = {}): Promise<Result<T>> {
    return this.send<T>('POST', path, { body, ...options })
  }

  /** Sends files; the browser sets the boundary, so no content type is given. */
  postForm<T>(path: string, form: FormData, options: { key?: string } = {}): Promise<Result<T>> {
    return this.send<T>('POST', path, { body: form, timeoutMs: 120_000, ...options })
  }

  /** Who is signed in under this role's cookie. Also fetches the CSRF token again after a reload. */
  me<T = unknown>(): Promise<Result<T>> {
    return this.get<T>('/me')
  }

  async send<T>(method: Method, path: string, options: RequestOptions = {}): Promise<Result<T>> {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), options.timeoutMs ?? this.timeoutMs)
    try {
      const response = await this.fetch(this.url(path), { ...this.request(method, options), signal: stop.signal })
      return await this.read<T>(response)
    } catch (error) {
      return fail('network_unreachable', String(error), true)
    } finally {
      clearTimeout(timer)
    }
  }

  private request(method: Method, { body, key }: RequestOptions): RequestInit {
    const headers: Record<string, string> = { Accept: 'application/json' }
    const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' }
    if (method === 'GET') return init
    headers['Idempotency-Key'] = key ?? this.newKey()
    if (this.csrf) headers['X-CSRF-Token'] = this.csrf
    if (body instanceof FormData) init.body = body
    else if (body !== undefined) {
      headers['Content-Type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    return init
  }

  private async read<T>(response: Response): Promise<Result<T>> {
    const text = await response.text()
    const body = parseJson(text)
    if (!response.ok) return { ok: false, problem: withWait(parseProblem(body, response.status), response) }
    if (text !== '' && body === undefined) return fail('internal', 'the answer is not JSON')
    this.remember(body)
    return succeed(body as T)
  }

  private remember(body: unknown): void {
    const csrf = (body as { csrf?: unknown } | null | undefined)?.csrf
    if (typeof csrf === 'string' && csrf !== '') this.csrf = csrf
  }
}

function withWait(problem: ReturnType<typeof parseProblem>, response: Response): ReturnType<typeof parseProblem> {
  const wait = Number(response.headers.get('Retry-After') ?? '')
  return problem.retry_after_s === undefined && wait > 0 ? { ...problem, retry_after_s: wait } : problem
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined // a proxy's HTML page, say: the caller judges by the status
  }
}

const apis = new Map<Role, Api>()

/** The page's one `Api` of a role (it holds that role's CSRF token). */
export function apiOf(role: Role): Api {
  const known = apis.get(role)
  if (known) return known
  const api = new Api(role)
  apis.set(role, api)
  return api
}

/** As `Api.send`, but throws `ApiError`. */
export async function request<T>(role: Role, method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  return unwrap(await apiOf(role).send<T>(method, path, options))
}
