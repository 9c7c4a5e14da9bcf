// The loopback identity provider's keys and its id_tokens, honest and otherwise.
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/**
 * `unpublished`: another key id. `forged`: the published key id over another key's signature. `own_key`: as
 * forged, with that other key in the token's header.
 */
export type Signature = 'honest' | 'unpublished' | 'forged' | 'own_key' | 'none' | 'hs256' | 'es256'

export interface IdpKeys {
  /** The published set. */
  jwks(): { keys: JWK[] }
  /** From now on another key signs, and only it is published. */
  rotate(): void
  sign(claims: JWTPayload, how: { signature: Signature; clientSecret: string }): Promise<string>
}

interface Key {
  kid: string
  privateKey: CryptoKey
  publicJwk: JWK
}

// Generating RSA keys is slow, and no test depends on whose they are.
let generated: Promise<{ first: Key; second: Key; elliptic: Key }> | null = null

export async function createIdpKeys(): Promise<IdpKeys> {
  generated ??= generateKeys()
  const { first, second, elliptic } = await generated
  let current = first

  return {
    jwks: () => ({ keys: [current.publicJwk] }),
    rotate() {
      current = second
    },
    async sign(claims, { signature, clientSecret }) {
      const other = current === first ? second : first
      const token = new SignJWT(claims)
      switch (signature) {
        case 'honest':
          return token.setProtectedHeader({ alg: 'RS256', kid: current.kid }).sign(current.privateKey)
        case 'unpublished':
          return token.setProtectedHeader({ alg: 'RS256', kid: 'unheard-of' }).sign(other.privateKey)
        case 'forged':
          return token.setProtectedHeader({ alg: 'RS256', kid: current.kid }).sign(other.privateKey)
        case 'own_key': {
          const jku = 'https://evil.example/jwks'
          const header = { alg: 'RS256', kid: current.kid, jwk: other.publicJwk, jku }
          return token.setProtectedHeader(header).sign(other.privateKey)
        }
        case 'hs256':
          return token.setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(clientSecret.padEnd(32, '\0')))
        case 'es256':
          return token.setProtectedHeader({ alg: 'ES256', kid: elliptic.kid }).sign(elliptic.privateKey)
        case 'none':
          return `${part({ alg: 'none' })}.${part(claims)}.`
      }
    },
  }
}

async function generateKeys() {
  const [first, second, elliptic] = await Promise.all([
    generateKey('first', 'RS256'),
    generateKey('second', 'RS256'),
    generateKey('elliptic', 'ES256'),
  ])
  return { first, second, elliptic }
}

async function generateKey(kid: string, alg: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
