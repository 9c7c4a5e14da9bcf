// Encrypts what the gateway hands out or stores and must later trust: sign-in states, grants, refresh tokens, page tokens.
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, errors } from 'jose'
import type { Keyring, SealPurpose } from './keyring.ts'

/** Seals larger than this were not made here. */
const MAX_SEAL_LENGTH = 64 * 1024

export interface Sealer {
  /** A compact JWE (`dir`, `A256GCM`) under the current secret. */
  seal(purpose: SealPurpose, payload: object): Promise<string>
  /**
   * The payload of a seal of this purpose under any listed secret; null for everything else.
   *
   * It does not look at `exp`: the caller knows which clock counts.
   */
  open(purpose: SealPurpose, sealed: string): Promise<Record<string, unknown> | null>
}

export function createSealer(keyring: Keyring): Sealer {
  return {
    seal(purpose, payload) {
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({
          alg: 'dir',
          enc: 'A256GCM',
          typ: typeOf(purpose),
          kid: keyring.current.kid,
        })
        .encrypt(keyring.current.sealKeys[purpose])
    },

    async open(purpose, sealed) {
      const key = keyOf(keyring, purpose, sealed)
      if (key === null) return null
      try {
        const { plaintext } = await compactDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
          maxDecompressedLength: 0, // seals are never compressed
        })
        return JSON.parse(new TextDecoder().decode(plaintext))
      } catch (error) {
        if (error instanceof errors.JOSEError) return null
        throw error
      }
    },
  }
}

/** Reports whether `token` says that it is a seal, of whatever purpose, key or gateway. */
export function looksSealed(token: string): boolean {
  return headerOf(token)?.typ?.endsWith('+jwe') === true
}

function keyOf(keyring: Keyring, purpose: SealPurpose, sealed: string): Uint8Array | null {
  const header = headerOf(sealed)
  if (header?.typ !== typeOf(purpose) || typeof header.kid !== 'string') return null
  return keyring.find(header.kid)?.sealKeys[purpose] ?? null
}

function headerOf(token: string): { typ?: string; kid?: string } | null {
  if (token.length > MAX_SEAL_LENGTH || token.split('.', 6).length !== 5) return null
  try {
    const { typ, kid } = decodeProtectedHeader(token)
    return { ...(typeof typ === 'string' && { typ }), ...(typeof kid === 'string' && { kid }) }
  } catch (error) {
    if (error instanceof TypeError) return null // jose's word for a header that cannot be read
    throw error
  }
}

function typeOf(purpose: SealPurpose): string {
  return `${purpose}+jwe`
}
