import type { Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.ts'
import { type Delivered, type Delivery, deliver } from './delivery.ts'

/** Gives the bearer of a collector that wants one. */
export interface CollectorToken {
  get(): string | Promise<string>
  /** The collector answered 401. */
  refused(): void
}

export interface CollectorOptions {
  /** Where it is, and the headers that the operator gives it. */
  readonly config: {
    /** A base: `/v1/<signal>` is appended. */
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly auth?: { readonly google: { readonly quota_project?: string | undefined } } | undefined
  }
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  /** Null unless `auth.google` is set. */
  readonly token: CollectorToken | null
  /** Our product token. */
  readonly product: string
  /** The time of day. */
  readonly wallClock: Clock
}

/** One export. */
export interface Parcel {
  /** The last part of the path. */
  readonly signal: string
  readonly contentType: string
  readonly contentEncoding: string | undefined
  readonly body: Buffer
}

/** Where exports of OpenTelemetry data go: the address, the headers and the credential of one collector (T-8, T-9, T-20). */
export class Collector {
  readonly #options: CollectorOptions
  readonly #origin: string
  readonly #path: string
  readonly #fixed: readonly string[]

  constructor(options: CollectorOptions) {
    const { config, product } = options
    const url = new URL(config.url)
    this.#options = options
    this.#origin = url.origin
    this.#path = url.pathname.replace(/\/+$/, '')
    this.#fixed = fixedHeaders(config, product)
  }

  /** Sends one export once; nothing is on the wire while the credential is fetched. */
  send(parcel: Parcel): Delivery {
    const { token } = this.#options
    if (token === null) return this.#deliver(parcel, [])
    let delivery: Delivery | null = null
    let isGivenUp = false
    const attempt = async (): Promise<Delivered> => {
      let credential: string
      try {
        credential = `Bearer ${await token.get()}`
      } catch (error) {
        return withoutCredential(error instanceof Error ? error.message : String(error))
      }
      if (isGivenUp) return withoutCredential('given up')
      delivery = this.#deliver(parcel, ['authorization', credential])
      const delivered = await delivery.done
      if (delivered.end.kind === 'answered' && delivered.end.status === 401) token.refused()
      return delivered
    }
    return {
      done: attempt(),
      judgeAge: ms => delivery?.judgeAge(ms),
      abort() {
        isGivenUp = true
        delivery?.abort()
      },
    }
  }

  #deliver({ signal, contentType, contentEncoding, body }: Parcel, credential: readonly string[]): Delivery {
    const encoding = contentEncoding === undefined ? [] : ['content-encoding', contentEncoding]
    return deliver({
      ...{ dispatcher: this.#options.dispatcher, wallClock: this.#options.wallClock },
      ...{ origin: this.#origin, path: `${this.#path}/v1/${signal}`, body },
      headers: ['content-type', contentType, ...encoding, ...this.#fixed, ...credential],
    })
  }
}

function withoutCredential(cause: string): Delivered {
  return { end: { kind: 'no_credentials', cause }, rejected: 0 }
}

/** What the operator writes replaces ours, whatever its case: no name goes out twice. */
function fixedHeaders({ headers, auth }: CollectorOptions['config'], product: string): string[] {
  const written = Object.entries(headers)
  const isNamed = written.some(([name]) => name.toLowerCase() === 'user-agent')
  const quota = auth?.google.quota_project
  return [
    ...(isNamed ? [] : ['user-agent', product]),
    ...written.flat(),
    ...(quota === undefined ? [] : ['x-goog-user-project', quota]),
  ]
}
