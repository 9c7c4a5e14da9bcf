// Signatures: the same as the vendor's own library makes, and accepted by a check written from AWS's description.
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { signatureHeaders } from '../../app/inference/upstreams/aws-signature.ts'
import { bodyHash } from '../../app/inference/upstreams/body-hash.ts'
import { signatureFault } from '../support/aws-signature.ts'

const SCOPE = { region: 'eu-central-1', service: 'bedrock' }
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const UNSIGNED = new Set(['connection', 'user-agent', 'accept-encoding', 'content-length'])

/** What Node.js hashes with, in the form that the library wants. */
class Sha256 {
  readonly #hash: Pick<ReturnType<typeof createHmac>, 'update' | 'digest'>

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer)
  }

  update(data: Uint8Array): void {
    this.#hash.update(data)
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {}
}

interface Sample {
  readonly path: string
  readonly headers: readonly string[]
  readonly chunks: readonly Buffer[]
  readonly time: number
  readonly sessionToken?: string | undefined
}

function ours({ path, headers, chunks, time, sessionToken }: Sample): Record<string, string> {
  const hash = bodyHash({ chunks, length: Buffer.concat(chunks).length })
  assert.ok(typeof hash === 'string')
  const request = { path, headers, bodyHash: hash }
  const flat = signatureHeaders(request, { ...KEYS, sessionToken }, { scope: SCOPE, time })
  return Object.fromEntries(
    flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])),
  )
}

async function theirs({
  path,
  headers,
  chunks,
  time,
  sessionToken,
}: Sample): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    ...SCOPE,
    credentials: { ...KEYS, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256,
  })
  const named = headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? '']] : []))
  const request = {
    ...{ method: 'POST', protocol: 'https:', hostname: 'unused', path, query: {} },
    ...{ headers: Object.fromEntries(named), body: Buffer.concat(chunks) },
  }
  const signed = await signer.sign(request, { signingDate: new Date(time), unsignableHeaders: UNSIGNED })
  return signed.headers
}

test('random requests are signed as the vendor’s library signs them, and as AWS’s description says', async () => {
  const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map(encodeURIComponent)
  const value = fc.stringMatching(/^[!-~]([ -~]*[!-~])?$/)
  const sample = fc.record({
    path: fc
      .array(
        segment.filter(text => !/^\.+$/.test(text)),
        { minLength: 1, maxLength: 4 },
      )
      .map(parts => `/${parts.join('/')}`),
    headers: fc
      .dictionary(fc.constantFrom('x-team', 'content-type', 'accept', 'anthropic-version', 'x-a'), value)
      .map(headers => [
        'host',
        'h.example.com:8443',
        'user-agent',
        'g/1',
        'accept-encoding',
        'identity',
        ...Object.entries(headers).flat(),
      ]),
    chunks: fc.array(
      fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)),
      { maxLength: 4 },
    ),
    time: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) }),
    sessionToken: fc.option(fc.base64String({ minLength: 4, maxLength: 300 }), { nil: undefined }),
  })

  await fc.assert(
    fc.asyncProperty(sample, async one => {
      const made = ours(one)
      const wanted = await theirs(one)
      for (const name of ['authorization', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'])
        assert.equal(made[name], wanted[name])
    }),
    { numRuns: 300 },
  )
})

const NOW = {
  path: '/model/us.anthropic.claude%3A0/invoke',
  chunks: [Buffer.from('{"a":'), Buffer.from('1}')],
}

/** The request as it would be recorded on the wire. */
function onWire(headers: Record<string, string>, sessionToken?: string) {
  const flat = Object.entries(headers).flat()
  const added = ours({ ...NOW, headers: flat, time: Date.now(), sessionToken })
  return { line: '', path: NOW.path, headers: { ...headers, ...added }, body: Buffer.concat(NOW.chunks) }
}

test('a request that was changed on its way is refused', () => {
  const expected = { ...KEYS, ...SCOPE, sessionToken: 'session' }
  const request = onWire({ host: '127.0.0.1:9', 'x-team': 'one  two' }, 'session')
  const changed = (change: Partial<typeof request>) => signatureFault({ ...request, ...change }, expected)

  assert.equal(changed({}), null)
  assert.equal(changed({ path: NOW.path.replace('%3A', ':') }), 'SignatureDoesNotMatch')
  assert.equal(changed({ body: Buffer.from('{"a":2}') }), 'the hash of another body')
  assert.equal(changed({ headers: { ...request.headers, 'x-team': 'two' } }), 'SignatureDoesNotMatch')
  assert.match(changed({ headers: { ...request.headers, 'x-new': '1' } }) ?? '', /^unsigned/)
  assert.match(signatureFault(request, { ...expected, service: 'other' }) ?? '', /^scope/)
  assert.equal(signatureFault(request, { ...expected, secretAccessKey: 'x' }), 'SignatureDoesNotMatch')
  assert.match(signatureFault(request, { ...expected, sessionToken: 'x' }) ?? '', /session token/)
})

test('the signing key of one day does not sign on the next, nor in another region or service', () => {
  const keys = { ...KEYS }
  const request = { path: '/', headers: ['host', 'h'], bodyHash: '' }
  const sign = (time: number, scope = SCOPE) => signatureHeaders(request, keys, { scope, time }).at(-1)
  const first = sign(Date.UTC(2026, 0, 1, 23, 59, 59))

  const others = [
    sign(Date.UTC(2026, 0, 2)),
    sign(Date.UTC(2026, 0, 1, 23, 59, 59), { ...SCOPE, region: 'us-east-1' }),
    sign(Date.UTC(2026, 0, 1, 23, 59, 59), { ...SCOPE, service: 'bedrock-mantle' }),
  ]

  assert.equal(new Set([first, ...others]).size, 4)
  assert.equal(sign(Date.UTC(2026, 0, 1, 23, 59, 59)), first)
})
