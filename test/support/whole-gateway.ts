// A whole gateway with everything around it: database, identity provider, upstreams, a terminal and a browser.
import type { Clock } from '../../app/lib/clock.ts'
import { approveInBrowser, type Page } from './browser.ts'
import { ClaudeClient, type PollEnd, type Reply, type SignInPrompt, type Tokens } from './claude-client.ts'
import { freePort } from './free-port.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { type LoopbackIdp, startIdp } from './idp.ts'
import { CLIENT, type Manners } from './idp-manners.ts'
import { createDatabase, type TestDatabase } from './postgres.ts'
import type { Credentials } from './sign-in.ts'
import { REPLY_EVENTS } from './sse.ts'
import {
  chunk,
  jsonAnswer,
  LAST_CHUNK,
  type Script,
  startUpstream,
  streamHead,
  type TestUpstream,
} from './upstream.ts'

export interface Surroundings {
  /** One upstream each. */
  readonly scripts?: readonly Script[]
  readonly oidc?: Readonly<Record<string, unknown>>
  readonly sections?: Readonly<Record<string, unknown>>
  /** Who signs in, where the identity provider asks. */
  readonly person?: Credentials
  readonly clock?: Clock
  /** A clock that only goes forward. */
  readonly monotonic?: Clock
  /** A `listen` of its own, for the port that was drawn. */
  readonly listen?: (port: number) => Readonly<Record<string, unknown>>
  /** Through what the gateway reaches its database. */
  readonly databaseUrl?: (database: TestDatabase) => Promise<string>
}

export interface WholeGateway extends AsyncDisposable {
  readonly gateway: Gateway
  readonly database: TestDatabase
  readonly upstreams: readonly TestUpstream[]
  readonly terminal: ClaudeClient
  /** What the terminal waited for, in seconds. */
  readonly pauses: readonly number[]
  /** The browser's part of a sign-in. */
  approve(prompt: SignInPrompt): Promise<Page>
  /** A sign-in from the terminal's first request on: its second poll finds what the browser did. */
  signIn(browser?: (prompt: SignInPrompt) => Promise<unknown>): Promise<PollEnd>
  /** The tokens of a sign-in that must succeed. */
  tokens(): Promise<Tokens & { readonly refresh_token: string }>
  /** `POST /v1/messages`. */
  ask(bearer: string, body?: Readonly<Record<string, unknown>>): Promise<Reply>
  get(path: string): Promise<Reply>
}

export const ASK = { model: 'claude-sonnet-5', max_tokens: 64, messages: [{ role: 'user', content: 'hi' }] }

/** Answers as the Messages API does: streams, whole messages, counts. */
export const polite: Script = ({ path, body }) => {
  if (path.includes('count_tokens')) return jsonAnswer({ input_tokens: 9 })
  if (JSON.parse(body.toString())['stream'] === true) {
    return Buffer.concat([streamHead(), chunk(REPLY_EVENTS.join('')), LAST_CHUNK])
  }
  const usage = { input_tokens: 11, output_tokens: 5 }
  return jsonAnswer({ type: 'message', content: [{ type: 'text', text: 'yes' }], usage })
}

/** With the loopback identity provider, which has `manners`. */
export async function openWholeGateway(
  options: Surroundings & { readonly manners?: Partial<Manners> } = {},
): Promise<WholeGateway & { readonly idp: LoopbackIdp }> {
  await using opening = new AsyncDisposableStack()
  const port = await freePort()
  const idp = opening.use(await startIdp({ redirectUri: redirectUriOf(port), ...options.manners }))
  const whole = opening.use(await surround({ ...options, port, issuer: idp.issuer }))
  const opened = opening.move()
  return { ...whole, idp, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

export function redirectUriOf(port: number): string {
  return `http://127.0.0.1:${port}/oauth/callback`
}

/** With the identity provider at `issuer`, where `redirectUriOf(port)` is registered. */
export async function surround(
  options: Surroundings & { readonly port: number; readonly issuer: string },
): Promise<WholeGateway> {
  const { port, issuer, person } = options
  await using opening = new AsyncDisposableStack()
  const database = opening.use(await createDatabase())
  const upstreams: TestUpstream[] = []
  for (const script of options.scripts ?? [polite]) upstreams.push(opening.use(await startUpstream(script)))
  const gateway = opening.use(
    await startGateway({
      ...{ port, issuer, databaseUrl: (await options.databaseUrl?.(database)) ?? database.url },
      upstreamUrls: upstreams.map(({ origin }) => origin),
      ...(options.clock && { clock: options.clock }),
      ...(options.monotonic && { monotonic: options.monotonic }),
      sections: {
        ...options.listen?.(port),
        oidc: { issuer, ...CLIENT, ...options.oidc },
        ...options.sections,
      },
    }),
  )
  const pauses: number[] = []
  let beforeSecondPoll: (() => Promise<unknown>) | null = null
  const wait = async (seconds: number) => {
    pauses.push(seconds)
    await database.pool.query(
      `update device_grants set last_poll_at = last_poll_at - $1 * interval '1 second'`,
      [seconds],
    )
    if (pauses.length > 20) throw new Error('the terminal waits for something that does not come')
    if (pauses.length % 2 === 0) await beforeSecondPoll?.()
  }
  const terminal = opening.use(new ClaudeClient({ gatewayUrl: gateway.url, wait }))
  const opened = opening.move()
  const whole: WholeGateway = {
    ...{ gateway, database, upstreams, terminal, pauses },
    approve: prompt => approveInBrowser(prompt, { person }),
    async signIn(browser = whole.approve) {
      const prompt = await terminal.begin()
      pauses.length = 0
      beforeSecondPoll = () => browser(prompt)
      return terminal.poll(prompt)
    },
    async tokens() {
      const end = await whole.signIn()
      if (end.kind !== 'signed_in') throw new Error(end.message)
      return { refresh_token: '', ...end.tokens }
    },
    ask: (bearer, body = ASK) => askMessages(gateway.url, bearer, { body }),
    async get(path) {
      return replyOf(await fetch(`${gateway.url}${path}`, { redirect: 'manual' }))
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
  return whole
}

/** `POST /v1/messages` as the real client sends it. */
export async function askMessages(
  url: string,
  bearer: string,
  { body = ASK, headers: others = {} }: { body?: object; headers?: Readonly<Record<string, string>> } = {},
): Promise<Reply> {
  const headers = {
    ...{ authorization: `Bearer ${bearer}`, 'anthropic-version': '2023-06-01' },
    'content-type': 'application/json',
    'user-agent': 'claude-cli/2.1.330 (external, cli)',
    ...others,
  }
  const sent = await fetch(`${url}/v1/messages?beta=true`, {
    ...{ method: 'POST', headers, body: JSON.stringify(body) },
  })
  return replyOf(sent)
}

async function replyOf(response: Response): Promise<Reply> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  }
}
