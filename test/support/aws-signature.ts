// Signature Version 4, checked from the bytes on the wire: written from AWS's description, byte by byte, and sharing
// nothing with the code it checks.
import { createHash, createHmac } from 'node:crypto'
import type { RecordedRequest } from './upstream.ts'

export interface ExpectedSignature {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly region: string
  readonly service: string
  /** Whether headers may stand beside the signed ones, as fetch adds some to the SDK's. Default: false. */
  readonly takesMore?: boolean
}

/** What may travel unsigned; everything else on the wire must be covered. */
const MAY_BE_UNSIGNED = ['authorization', 'connection', 'user-agent', 'accept-encoding', 'content-length']

/** Why AWS would not take the signature of `request`; null when it would. */
export function signatureFault(request: RecordedRequest, expected: ExpectedSignature): string | null {
  const { headers, body } = request
  const read =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
  const [, keyId, scope = '', listed = '', signature] = read.exec(headers['authorization'] ?? '') ?? []
  if (signature === undefined) return 'IncompleteSignature'
  if (keyId !== expected.accessKeyId) return 'UnrecognizedClient'
  if (headers['x-amz-security-token'] !== expected.sessionToken) return 'InvalidClientTokenId: session token'
  const moment = headers['x-amz-date'] ?? ''
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(moment) ?? []
  const age = Date.now() - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (!(Math.abs(age) < 300_000)) return 'RequestTimeTooSkewed'
  const place = [moment.slice(0, 8), expected.region, expected.service, 'aws4_request']
  if (scope !== place.join('/')) return `scope ${scope}`
  const bare = expected.takesMore
    ? listed.split(';')
    : Object.keys(headers).filter(name => !MAY_BE_UNSIGNED.includes(name))
  if (listed !== bare.sort().join(';') || !bare.includes('host'))
    return `unsigned: ${bare.join(';')} but ${listed}`
  const digest = createHash('sha256').update(body).digest('hex')
  if (headers['x-amz-content-sha256'] !== digest) return 'the hash of another body'
  const [path = '', query = ''] = request.path.split('?')
  const fields = bare.map(name => `${name}:${(headers[name] ?? '').replace(/ +/g, ' ').trim()}\n`).join('')
  const canonical = `POST\n${encodedAgain(path)}\n${query}\n${fields}\n${listed}\n${digest}`
  const text = `AWS4-HMAC-SHA256\n${moment}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  const key = place.reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${expected.secretAccessKey}`,
  )
  return createHmac('sha256', key).update(text).digest('hex') === signature ? null : 'SignatureDoesNotMatch'
}

/** Every byte but the unreserved ones and the slash (RFC 3986 section 2.3), those of escapes included. */
function encodedAgain(path: string): string {
  let encoded = ''
  for (const byte of Buffer.from(path)) {
    const character = String.fromCharCode(byte)
    encoded += /[A-Za-z0-9._~/-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}
