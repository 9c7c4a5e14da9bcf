// The Admin API of a running gateway, as the commands of the terminal use it.
import { randomUUID } from 'node:crypto'
import type { Environment } from '../config/environment.ts'
import { causeCode } from '../lib/cause-code.ts'
import { guardedFetch } from '../net/fetch.ts'
import { openNetwork } from '../net/network.ts'
import { refusalFault, unreachableFault } from './admin-fault.ts'
import { CommandFault } from './command-fault.ts'
import type { GatewayAccess } from './gateway-access.ts'

/** Values of a query; a list is repeated, and what is null is left out. */
export type Query = Readonly<Record<string, string | readonly string[] | null>>

export interface Change {
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly query?: Query
  readonly body?: object
}

/** A successful answer. */
export interface AdminAnswer {
  readonly text: string
  readonly headers: Headers
}

export interface AdminApi {
  read(path: string, query?: Query): Promise<AdminAnswer>
  /** An answer that got lost is asked for once more under the same Idempotency-Key, so that nothing happens twice. */
  change(change: Change): Promise<AdminAnswer>
}

/** From the call to the last byte; the gateway itself gives up on its store sooner. */
const REQUEST_MS = 30_000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Answers what `work` answers; the connections are closed then. What goes wrong is thrown as a `CommandFault`. */
export async function withAdminApi<T>(
  access: GatewayAccess,
  environment: Pick<Environment, 'allowLoopback' | 'proxies' | 'proxyProblems'>,
  work: (api: AdminApi) => Promise<T>,
): Promise<T> {
  const [problem] = environment.proxyProblems
  if (problem !== undefined) throw new CommandFault(problem)
  const network = openNetwork(environment)
  try {
    const dispatcher = network.dispatcher({ purpose: 'upstream', name: 'gateway' })
    const send = guardedFetch({ dispatcher, totalMs: REQUEST_MS, maxBytes: MAX_ANSWER_BYTES })
    return await work(createAdminApi(access, send))
  } finally {
    await network.close()
  }
}

function createAdminApi({ origin, key }: GatewayAccess, send: typeof fetch): AdminApi {
  const ask = async (path: string, { query = {}, ...init }: RequestInit & { query?: Query }) => {
    const url = new URL(path, origin)
    for (const [name, value] of Object.entries(query))
      for (const one of [value ?? []].flat()) url.searchParams.append(name, one)
    const headers = { ...init.headers, 'x-api-key': key, 'user-agent': 'gatehouse-cli' }
    const answer = await answerOf(() => send(url, { ...init, headers }), {
      origin,
      method: init.method ?? 'GET',
    })
    const text = await answer.text()
    if (!answer.ok) throw refusalFault(answer, text)
    return { text, headers: answer.headers }
  }
  return {
    read: (path, query = {}) => ask(path, { query }),
    change: ({ method, path, query = {}, body }) =>
      ask(path, {
        ...{ method, query },
        headers: {
          'idempotency-key': randomUUID(),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  }
}

/** The answer, at the second attempt when the first brought none. */
async function answerOf(
  send: () => Promise<Response>,
  about: { readonly origin: string; readonly method: string },
): Promise<Response> {
  const first = await send().catch((error: unknown) => {
    if (isFinal(error)) throw unreachableFault(error, about)
    return null
  })
  if (first !== null) return first
  return send().catch((error: unknown) => {
    throw unreachableFault(error, about)
  })
}

/** A second attempt would end alike, and cost its time. */
function isFinal(error: unknown): boolean {
  const code = causeCode(error) ?? ''
  return /^(ECONNREFUSED_SSRF|ERR_ANSWER_TOO_LONG|ERR_UNEXPECTED_REDIRECT)$/.test(code)
}

/** A path of the Admin API with a name of a stranger's as its last segment. */
export function pathOf(folder: string, name: string): string {
  return `${folder}/${encodeURIComponent(name)}`
}
