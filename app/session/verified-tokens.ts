// Bearers whose signature, issuer and audience passed, so that the next request costs one hash and a look-up.
import type { Session } from './token.ts'

const MAX_ENTRIES = 10_000
const MAX_BYTES = 32 * 1024 * 1024

/** What an entry weighs beside its claims: keys, object headers, the map's own slot. */
const ENTRY_OVERHEAD_BYTES = 512

/** The most recently used verified bearers, by the SHA-256 of the token; failures are never remembered. */
export interface VerifiedTokens {
  get(digest: string): Session | undefined
  /** `tokenLength` stands for the size of the claims, which are a part of the token. */
  add(digest: string, session: Session, tokenLength: number): void
  readonly size: number
}

export function createVerifiedTokens({
  maxEntries = MAX_ENTRIES,
  maxBytes = MAX_BYTES,
} = {}): VerifiedTokens {
  // A Map remembers the order of insertion: the least recently used entry comes first.
  const entries = new Map<string, { session: Session; bytes: number }>()
  let bytes = 0

  function remove(digest: string): void {
    bytes -= entries.get(digest)?.bytes ?? 0
    entries.delete(digest)
  }

  return {
    get(digest) {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      entries.delete(digest)
      entries.set(digest, entry)
      return entry.session
    },

    add(digest, session, tokenLength) {
      remove(digest) // two requests may have verified one token side by side
      const entry = { session, bytes: tokenLength + ENTRY_OVERHEAD_BYTES }
      entries.set(digest, entry)
      bytes += entry.bytes
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries && bytes <= maxBytes) break
        remove(oldest)
      }
    },

    get size() {
      return entries.size
    },
  }
}
