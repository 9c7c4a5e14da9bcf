// Signature Version 4 (AWS General Reference, "Signing AWS API requests"): proves a request without sending the secret.
import { createHash, createHmac } from 'node:crypto'
import type { AwsKeys } from '../../net/aws-keys.ts'

/** What is signed, and for whom. */
export interface SigningScope {
  readonly region: string
  /** As the signature names it, such as `bedrock`. */
  readonly service: string
}

export interface SignableRequest {
  /** Encoded as it is sent, without a query. */
  readonly path: string
  /** Names in lower case and values in turn; `host` is among them. */
  readonly headers: readonly string[]
  /** The SHA-256 of the body, in hexadecimal. */
  readonly bodyHash: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const TERMINATOR = 'aws4_request'

/** What a proxy on the way may change, or what the sender of the bytes adds (I-38). */
const UNSIGNED = new Set(['connection', 'user-agent', 'accept-encoding', 'content-length'])

/**
 * The headers that sign `request`, as a list of names and values in turn, to be added to its own: the date, the
 * body's hash, the session token where there is one, and the signature.
 *
 * `time` is in milliseconds since the Unix epoch.
 */
export function signatureHeaders(
  request: SignableRequest,
  keys: AwsKeys,
  { scope, time }: { scope: SigningScope; time: number },
): string[] {
  const date = new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '') // 20261128T061500Z
  const day = date.slice(0, 8)
  const { bodyHash } = request
  const added = ['x-amz-date', date, 'x-amz-content-sha256', bodyHash]
  if (keys.sessionToken !== undefined) added.push('x-amz-security-token', keys.sessionToken)
  const signed = signedHeaders([...request.headers, ...added])
  const names = [...signed.keys()].sort()
  const listed = names.join(';')
  const canonical = [
    'POST',
    canonicalPath(request.path),
    '', // no query
    ...names.map(name => `${name}:${signed.get(name)}`),
    '',
    listed,
    bodyHash,
  ].join('\n')
  const credentialScope = `${day}/${scope.region}/${scope.service}/${TERMINATOR}`
  const toSign = [ALGORITHM, date, credentialScope, hashOfText(canonical)].join('\n')
  const signature = hmac(signingKey(keys, day, scope), toSign).toString('hex')
  const credential = `Credential=${keys.accessKeyId}/${credentialScope}`
  added.push('authorization', `${ALGORITHM} ${credential}, SignedHeaders=${listed}, Signature=${signature}`)
  return added
}

function hashOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Values of one name are joined by a comma; runs of spaces count as one. */
function signedHeaders(flat: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index]?.toLowerCase() ?? ''
    if (UNSIGNED.has(name)) continue
    const value = (flat[index + 1] ?? '').trim().replaceAll(/[ \t]+/g, ' ')
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before},${value}`)
  }
  return headers
}

/** Every service but S3 encodes the encoded path once more: `%3A` becomes `%253A`. */
function canonicalPath(path: string): string {
  return path
    .split('/')
    .map(segment =>
      encodeURIComponent(segment).replaceAll(
        /[!'()*]/g,
        character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/')
}

/** The key of the day for each region and service in use; a credential's keys go when the credential goes. */
const derived = new WeakMap<AwsKeys, Map<string, { readonly day: string; readonly key: Buffer }>>()

function signingKey(keys: AwsKeys, day: string, { region, service }: SigningScope): Buffer {
  const ofCredential = derived.get(keys) ?? new Map<string, { day: string; key: Buffer }>()
  const place = `${region}/${service}`
  const last = ofCredential.get(place)
  if (last?.day === day) return last.key
  const ofDay = hmac(`AWS4${keys.secretAccessKey}`, day)
  const key = hmac(hmac(hmac(ofDay, region), service), TERMINATOR)
  derived.set(keys, ofCredential.set(place, { day, key }))
  return key
}
