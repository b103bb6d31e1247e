/**
 * What can go wrong, as values. A `Problem` carries the server's stable `code`; the text that a person reads is looked
 * up by that code, so `message` is for logs only.
 */
export interface Problem {
  code: string
  message: string
  /** Whether the very same request may succeed later without the person changing anything. */
  retryable: boolean
  status?: number
  /** Name of the input field that is to blame, where there is one. */
  field?: string
  /** Seconds to wait, where the server said so. */
  retry_after_s?: number
}

export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem }

/** A `Problem` to throw, for callers that prefer exceptions. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.message}`)
  }

  get code(): string {
    return this.problem.code
  }

  get status(): number | undefined {
    return this.problem.status
  }

  get field(): string | undefined {
    return this.problem.field
  }
}

export function succeed<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function fail<T = never>(code: string, message = '', retryable = false): Result<T> {
  return { ok: false, problem: { code, message, retryable } }
}

/** The value of a success. Throws `ApiError` for a failure. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new ApiError(result.problem)
}

/** A fresh idempotency key: 128 random bits as hex. (`crypto.randomUUID` is missing in older in-app browsers.) */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Reads a problem+json body or the `error` of an acknowledgement; anything else becomes `internal`. */
export function parseProblem(body: unknown, status?: number): Problem {
  const raw = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const problem: Problem = {
    code: textOf(raw.code) ?? codeOfStatus(status),
    message: textOf(raw.detail) ?? textOf(raw.message) ?? textOf(raw.title) ?? '',
    retryable: typeof raw.retryable === 'boolean' ? raw.retryable : status === 502 || status === 503 || status === 504,
  }
  const field = textOf(raw.field)
  const wait = numberOf(raw.retry_after_s)
  if (status !== undefined) problem.status = status
  if (field !== undefined) problem.field = field
  if (wait !== undefined) problem.retry_after_s = wait
  return problem
}

function codeOfStatus(status: number | undefined): string {
  if (status === 401) return 'not_authenticated'
  if (status === 403) return 'not_allowed'
  if (status === 404) return 'not_found'
  if (status === 413) return 'too_large'
  if (status === 429) return 'too_many_attempts'
  if (status === 502 || status === 503 || status === 504) return 'unavailable'
  return 'internal'
}
