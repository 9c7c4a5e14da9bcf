import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { fetchDocument } from './idp-document.ts'
import { failureOf, IdpFailure, isObject } from './idp-failure.ts'

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
}

const REFETCH_PAUSE_MS = 60_000
/** A key that the provider withdrew is forgotten within this time. */
const RENEW_AFTER_MS = 10 * 60_000
/** While the provider publishes nothing, the keys last seen are trusted so long and no longer. */
const TRUST_AT_MOST_MS = 60 * 60_000

export function createSigningKeys(options: SigningKeysOptions): SigningKeys {
  const { clock } = options
  let keys = keySet(options.initial)
  let readAt = clock()
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | null = null
  let lastFailure: IdpFailure | null = null

  async function ask(): Promise<void> {
    askedAt = clock()
    try {
      keys = keySet(await fetchDocument(options.url, 'jwks', options.fetch))
      readAt = clock()
      lastFailure = null
    } catch (thrown) {
      lastFailure = await failureOf('jwks', thrown)
    }
  }

  /** Answers when the keys are as fresh as they may be made now. */
  async function refresh(): Promise<void> {
    if (asking === null && clock() - askedAt < REFETCH_PAUSE_MS) return
    asking ??= ask().finally(() => {
      asking = null
    })
    await asking
  }

  return {
    async resolve(header, token) {
      if (clock() - readAt >= RENEW_AFTER_MS) await refresh()
      if (lastFailure && clock() - readAt >= TRUST_AT_MOST_MS) throw lastFailure
      try {
        return await keys(header, token)
      } catch (thrown) {
        if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown
      }
      await refresh()
      // An unknown key while the keys cannot be read says nothing about the token.
      if (lastFailure) throw lastFailure
      return keys(header, token)
    },
  }
}

function keySet(document: unknown): ReturnType<typeof createLocalJWKSet> {
  if (!isObject(document) || !Array.isArray(document['keys']))
    throw new IdpFailure('jwks', { kind: 'bad_answer', what: 'malformed' })
  try {
    return createLocalJWKSet({ keys: document['keys'] } as JSONWebKeySet) // jose checks the members itself
  } catch (thrown) {
    throw new IdpFailure('jwks', { kind: 'bad_answer', what: 'malformed' }, thrown)
  }
}
