import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { fetchDocument } from './idp-document.ts'
import { failureOf, IdpFailure, isObject } from './idp-failure.ts'
import { type IdpObserver, observed } from './observer.ts'

/**
 * The identity provider's public keys: kept, renewed now and then, and asked for again when a token names a
 * key that is not among them, but at most once a minute, since anybody's token can name one (S-29).
 */
export interface SigningKeys {
  /** For jose. Throws IdpFailure when the keys are needed and cannot be read. */
  readonly resolve: JWTVerifyGetKey
}

interface SigningKeysOptions {
  readonly url: string
  /** The keys read at boot. */
  readonly initial: unknown
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  /** Null, the default, when nobody measures. */
  readonly observer?: IdpObserver | null
}

const REFETCH_PAUSE_MS = 60_000
/** A key that the provider withdrew is forgotten within this time. */
const RENEW_AFTER_MS = 10 * 60_000
/** While the provider publishes nothing, the keys last seen are trusted so long and no longer. */
const TRUST_AT_MOST_MS = 60 * 60_000

export function createSigningKeys(options: SigningKeysOptions): SigningKeys {
  const keys = new KeptKeys(options)
  return { resolve: (header, token) => keys.resolve(header, token) }
}

class KeptKeys {
  readonly #options: SigningKeysOptions
  #keys: JWTVerifyGetKey
  #readAt: number
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | null = null
  #failure: IdpFailure | null = null

  constructor(options: SigningKeysOptions) {
    this.#options = options
    this.#keys = keySet(options.initial)
    this.#readAt = options.clock()
  }

  async resolve(...token: Parameters<JWTVerifyGetKey>): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    if (this.#age() >= RENEW_AFTER_MS) await this.#refresh()
    if (this.#failure && this.#age() >= TRUST_AT_MOST_MS) throw this.#failure
    try {
      return await this.#keys(...token)
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown
    }
    await this.#refresh()
    // An unknown key while the keys cannot be read says nothing about the token.
    if (this.#failure) throw this.#failure
    return this.#keys(...token)
  }

  /** Settles when the keys are as fresh as they may be made now. */
  async #refresh(): Promise<void> {
    if (this.#asking === null && this.#options.clock() - this.#askedAt < REFETCH_PAUSE_MS) return
    this.#asking ??= this.#ask()
    await this.#asking
  }

  async #ask(): Promise<void> {
    this.#askedAt = this.#options.clock()
    const { url, fetch, observer = null } = this.#options
    try {
      this.#keys = keySet(await observed(observer, 'jwks', () => fetchDocument(url, 'jwks', fetch)))
      this.#readAt = this.#options.clock()
      this.#failure = null
    } catch (thrown) {
      this.#failure = await failureOf('jwks', thrown)
    }
    this.#asking = null
  }

  #age(): number {
    return this.#options.clock() - this.#readAt
  }
}

function keySet(document: unknown): JWTVerifyGetKey {
  if (!isObject(document) || !Array.isArray(document['keys']))
    throw new IdpFailure('jwks', { kind: 'bad_answer', what: 'malformed' })
  try {
    return createLocalJWKSet({ keys: document['keys'] } as JSONWebKeySet) // jose checks the members itself
  } catch (thrown) {
    throw new IdpFailure('jwks', { kind: 'bad_answer', what: 'malformed' }, thrown)
  }
}
