// The keys that come out of `session.jwt_secret`: one per secret for bearers, one per secret and purpose for seals.
import { createHash, hkdfSync } from 'node:crypto'

/** What a seal is for; each purpose has a key and a `typ` of its own, so none opens as another. */
export type SealPurpose = 'state' | 'grant' | 'refresh' | 'page'

/** One entry of `session.jwt_secret`. */
export interface SessionKey {
  /** The first 16 hex digits of the secret's SHA-256: names the key without telling it. */
  readonly kid: string
  /** Signs and verifies bearers: the secret's own UTF-8 bytes. */
  readonly bearerKey: Uint8Array
  /** 256-bit keys of the seals. */
  readonly sealKeys: Readonly<Record<SealPurpose, Uint8Array>>
}

export interface Keyring {
  /** Index 0 of the list: the one that signs and seals. */
  readonly current: SessionKey
  /** Every key that still verifies and opens, the current one first. */
  readonly all: readonly SessionKey[]
  find(kid: string): SessionKey | undefined
}

/** Derives every key of `secrets` once, at start; equal entries count once. */
export function createKeyring(secrets: readonly string[]): Keyring {
  const keys = new Map(secrets.map(secret => deriveKey(secret)).map(key => [key.kid, key]))
  const all = [...keys.values()]
  const current = all[0]
  if (current === undefined) throw new Error('session.jwt_secret holds no secret')
  return { current, all, find: kid => keys.get(kid) }
}

function deriveKey(secret: string): SessionKey {
  const bytes = new TextEncoder().encode(secret)
  return {
    kid: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
    bearerKey: bytes,
    sealKeys: {
      state: sealKey(bytes, 'state'),
      grant: sealKey(bytes, 'grant'),
      refresh: sealKey(bytes, 'refresh'),
      page: sealKey(bytes, 'page'),
    },
  }
}

function sealKey(secret: Uint8Array, purpose: SealPurpose): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `gatehouse/${purpose}/v1`, 32))
}
