// The sign-in of Claude Code as it was observed on the wire: its steps, headers, intervals and reactions.
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface ClaudeClientOptions {
  /** `forceLoginGatewayUrl`; a path in it goes before every path. */
  readonly gatewayUrl: string
  /** Waits between polls; a test moves the database's rows instead of its clock. */
  readonly wait: (seconds: number) => Promise<void>
}

export interface SignInPrompt {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly expires_in: number
  readonly interval: number
}

export type PollEnd =
  | { readonly kind: 'signed_in'; readonly tokens: Tokens }
  | { readonly kind: 'stopped'; readonly message: string }

export interface Tokens {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly refresh_token?: string
  readonly email?: string
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const DENIED = 'Sign-in was denied in the browser.'
const TIMED_OUT = 'Sign-in timed out before the browser flow completed. Try again.'
const MALFORMED = 'gateway token endpoint returned malformed response'

/** One terminal. One kept-alive connection carries discovery, the device authorization and all polls. */
export class ClaudeClient implements AsyncDisposable {
  readonly #options: ClaudeClientOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(options: ClaudeClientOptions) {
    this.#options = options
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
  }

  /** Reads the discovery document, then asks for codes. */
  async begin(): Promise<SignInPrompt> {
    const metadata = await this.#ask('/.well-known/oauth-authorization-server')
    const endpoint = this.#ownEndpoint(
      metadata,
      'device_authorization_endpoint',
      '/oauth/device_authorization',
    )
    const answer = await this.#ask(endpoint, 'surface=claude_code')
    if (answer.status === 429) {
      const { error_description = '' } = JSON.parse(answer.body)
      throw new Error(
        `The gateway is limiting sign-in attempts right now. Wait a few minutes and try again. ${error_description}`,
      )
    }
    if (answer.status !== 200) throw new Error(`The gateway answered HTTP ${answer.status}.`)
    return JSON.parse(answer.body) as SignInPrompt // what the endpoint's own tests check
  }

  /** Polls until there is a decision. `slow_down` adds five seconds each time; Retry-After is not read. */
  async poll({ device_code, interval }: SignInPrompt): Promise<PollEnd> {
    const grant = encodeURIComponent('urn:ietf:params:oauth:grant-type:device_code')
    for (let pause = interval; ; ) {
      await this.#options.wait(pause)
      const answer = await this.#ask('/oauth/token', `grant_type=${grant}&device_code=${device_code}`)
      const body = parsed(answer.body)
      if (answer.status === 200) {
        return body === null ? stopped(MALFORMED) : { kind: 'signed_in', tokens: body as unknown as Tokens } // as above
      }
      if (body?.['error'] === 'slow_down') pause += 5
      else if (body?.['error'] === 'access_denied') return stopped(DENIED)
      else if (body?.['error'] === 'expired_token') return stopped(TIMED_OUT)
      else if (body?.['error'] !== 'authorization_pending')
        return stopped(`The gateway answered HTTP ${answer.status}.`)
    }
  }

  refresh(refreshToken: string): Promise<Reply> {
    return this.#ask('/oauth/token', `grant_type=refresh_token&refresh_token=${refreshToken}`)
  }

  /** Looks the endpoint up afresh, then revokes both tokens without waiting for each other. */
  async logout({ access_token, refresh_token }: Tokens): Promise<readonly number[]> {
    const metadata = await this.#ask('/.well-known/oauth-authorization-server')
    const endpoint = this.#ownEndpoint(metadata, 'revocation_endpoint', '')
    if (endpoint === '') return []
    const forms = [`token=${access_token}`]
    if (refresh_token !== undefined) forms.push(`token=${refresh_token}&token_type_hint=refresh_token`)
    const answers = await Promise.all(forms.map(form => this.#ask(endpoint, form)))
    return answers.map(({ status }) => status)
  }

  get(path: string, bearer: string): Promise<Reply> {
    return this.#ask(path, undefined, { authorization: `Bearer ${bearer}` })
  }

  /** An advertised endpoint counts only on the origin that was dialled. */
  #ownEndpoint(metadata: Reply, name: string, fallback: string): string {
    const advertised = parsed(metadata.body)?.[name]
    if (typeof advertised !== 'string') return fallback
    const url = new URL(advertised)
    return url.origin === new URL(this.#options.gatewayUrl).origin ? url.href : fallback
  }

  #ask(target: string, form?: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const sent = request(target.startsWith('http') ? target : this.#options.gatewayUrl + target, {
      ...{ agent: this.#agent, method: form === undefined ? 'GET' : 'POST', timeout: 10_000 },
      headers: {
        accept: 'application/json, text/plain, */*',
        ...(form !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': String(Buffer.byteLength(form)),
        }),
        'user-agent': 'claude-code/2.1.330',
        'accept-encoding': 'gzip, compress, deflate, br',
        ...headers,
      },
    })
    sent.on('error', reject)
    sent.on('response', async response => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: await text(response) })
    })
    sent.end(form)
    return promise
  }
}

function stopped(message: string): PollEnd {
  return { kind: 'stopped', message }
}

function parsed(body: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
