// Google's REST APIs, asked as the caller: an answer of a known shape, or why there is none.
import { z } from 'zod'
import { printable } from '../../app/lib/printable.ts'

export type Answer<T> = { readonly kind: 'answered'; readonly value: T } | Refused

export interface Refused {
  readonly kind: 'refused'
  readonly status: number
  /** Google's word for it, such as `SERVICE_DISABLED`; empty when there is none. */
  readonly reason: string
}

export interface GoogleRestOptions {
  readonly transport: typeof fetch
  /** Asked once. */
  readonly token: () => Promise<string>
  /** Whose quota the requests count on: credentials of a person have no project of their own. */
  readonly project: string
}

/** How Google's errors look (AIP-193); Compute and Storage keep the older `errors` beside or instead of `details`. */
const Fault = z.object({
  error: z.object({
    status: z.string().optional(),
    details: z.array(z.object({ reason: z.string().optional() })).optional(),
    errors: z.array(z.object({ reason: z.string().optional() })).optional(),
  }),
})

/** Pages of one list that are followed; more are left unread. */
const MAX_PAGES = 20

export class GoogleRest {
  readonly #options: GoogleRestOptions
  #token: Promise<string> | undefined

  constructor(options: GoogleRestOptions) {
    this.#options = options
  }

  /** Resolves once there is a token for the requests. */
  async signIn(): Promise<void> {
    await this.#bearer()
  }

  get<T>(shape: z.ZodType<T>, url: URL): Promise<Answer<T>> {
    return this.#ask(shape, url, { method: 'GET' })
  }

  /** For the custom methods that only look, such as `testIamPermissions`. */
  post<T>(shape: z.ZodType<T>, url: URL, body: unknown): Promise<Answer<T>> {
    return this.#ask(shape, url, { method: 'POST', body: JSON.stringify(body) })
  }

  /** Every page of a list, at most 20 of them. */
  async pages<T extends { nextPageToken?: string | undefined }>(
    shape: z.ZodType<T>,
    url: URL,
  ): Promise<Answer<T[]>> {
    const pages: T[] = []
    const next = new URL(url)
    for (let index = 0; index < MAX_PAGES; index += 1) {
      const answer = await this.get(shape, next)
      if (answer.kind === 'refused') return answer
      pages.push(answer.value)
      if (!answer.value.nextPageToken) break
      next.searchParams.set('pageToken', answer.value.nextPageToken)
    }
    return { kind: 'answered', value: pages }
  }

  #bearer(): Promise<string> {
    this.#token ??= this.#options.token()
    return this.#token
  }

  async #ask<T>(shape: z.ZodType<T>, url: URL, init: RequestInit): Promise<Answer<T>> {
    const { transport, project } = this.#options
    const response = await transport(url, {
      ...init,
      headers: {
        authorization: `Bearer ${await this.#bearer()}`,
        'x-goog-user-project': project,
        ...(init.body !== undefined && { 'content-type': 'application/json' }),
      },
    })
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok) return { kind: 'refused', status: response.status, reason: reasonOf(body) }
    const parsed = shape.safeParse(body)
    if (!parsed.success) throw new Error(`the answer of ${url.host}${url.pathname} has an unknown shape`)
    return { kind: 'answered', value: parsed.data }
  }
}

function reasonOf(body: unknown): string {
  const parsed = Fault.safeParse(body)
  if (!parsed.success) return ''
  const { details = [], errors = [], status } = parsed.data.error
  const [reason] = [...details, ...errors].flatMap(({ reason }) => reason ?? [])
  return printable(reason ?? status ?? '', 80)
}
