// Whatever is presented instead of a session: one answer, an audit line, and no request to an upstream.
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { JWT_SECRET } from '../support/gateway.ts'
import { exchangeOpen, parseAnswer, type RawAnswer } from '../support/raw-http.ts'
import { ASK, openWholeGateway, type WholeGateway } from '../support/whole-gateway.ts'

const seconds = () => Math.floor(Date.now() / 1000)

/** A token whose signature is the HMAC that only the secret's holder could make, whatever its header says. */
function signed(issuer: string, header: object = {}, claims: object = {}, secret = JWT_SECRET): string {
  const [iat, exp] = [seconds(), seconds() + 600]
  const body = { sub: 'u', aud: 'claude-gateway', iss: issuer, iat, exp, ...claims }
  const parts = [{ alg: 'HS256', typ: 'JWT', ...header }, body].map(part =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return `${parts.join('.')}.${createHmac('sha256', secret).update(parts.join('.')).digest('base64url')}`
}

function unsigned(issuer: string): string {
  return signed(issuer, { alg: 'none' }).replace(/[^.]*$/, '')
}

const otherKid = createHash('sha256').update('another secret').digest('hex').slice(0, 16)

interface Attempt {
  readonly lines: readonly string[]
  readonly query?: string
}

type Present = (gateway: string, genuine: string) => Attempt

const only = (token: string): Attempt => ({ lines: [`Authorization: Bearer ${token}`] })

const ABUSES: readonly (readonly [string, string, Present])[] = [
  ['nothing', 'missing_token', () => ({ lines: [] })],
  ['the bearer as Basic', 'missing_token', (_, token) => ({ lines: [`Authorization: Basic ${token}`] })],
  ['the bearer as an API key', 'missing_token', (_, token) => ({ lines: [`x-api-key: ${token}`] })],
  [
    'the bearer in the query',
    'missing_token',
    (_, token) => ({ lines: [], query: `?access_token=${token}` }),
  ],
  [
    'the bearer twice',
    'invalid_token',
    (_, token) => ({ lines: Array(2).fill(`Authorization: Bearer ${token}`) }),
  ],
  ['a token without a signature', 'invalid_token', url => only(unsigned(url))],
  ['RS256 over the secret', 'invalid_token', url => only(signed(url, { alg: 'RS256' }))],
  ['HS384 in the header', 'invalid_token', url => only(signed(url, { alg: 'HS384' }))],
  ['an unknown key id', 'invalid_token', url => only(signed(url, { kid: otherKid }))],
  ['a critical extension', 'invalid_token', url => only(signed(url, { crit: ['b64'], b64: true }))],
  ['another type', 'invalid_token', url => only(signed(url, { typ: 'at+jwt' }))],
  ["another gateway's issuer", 'invalid_token', () => only(signed('https://other.example'))],
  ['another audience', 'invalid_token', url => only(signed(url, {}, { aud: 'claude' }))],
  ['no subject', 'invalid_token', url => only(signed(url, {}, { sub: undefined }))],
  ['no expiry', 'invalid_token', url => only(signed(url, {}, { exp: undefined }))],
  ['an expiry that was now', 'expired', url => only(signed(url, {}, { exp: seconds() }))],
  [
    'a guessed secret',
    'invalid_token',
    url => only(signed(url, {}, {}, 'a guessed secret of enough length')),
  ],
  ['the bearer with a changed claim', 'invalid_token', (_, token) => only(token.replace('.ey', '.eY'))],
  ['65 KiB', 'invalid_token', (_, token) => only(token + 'A'.repeat(65 * 1024))],
]

async function open() {
  const whole = await openWholeGateway()
  return { ...whole, genuine: (await whole.tokens()).access_token }
}

async function present(
  { gateway }: WholeGateway,
  path: string,
  { lines, query = '' }: Attempt,
): Promise<RawAnswer> {
  const { port } = new URL(gateway.url)
  const body = path === '/v1/models' ? '' : JSON.stringify(ASK)
  const first = `${body === '' ? 'GET' : 'POST'} ${path}${query} HTTP/1.1`
  const common = [
    'Host: g',
    'x-client-request-id: r-1',
    'Connection: close',
    `Content-Length: ${body.length}`,
  ]
  return parseAnswer(await exchangeOpen(Number(port), [first, ...common, ...lines, '', body].join('\r\n')))
}

const TEXT = 'Your sign-in is not valid or has ended. Sign in to the gateway again with /login.'

for (const path of ['/v1/messages', '/v1/messages/count_tokens', '/v1/models']) {
  test(`${path} takes a session for a bearer, and nothing that looks like one`, async () => {
    await using whole = await open()
    const { url } = whole.gateway

    const accepted = await present(whole, path, only(whole.genuine))
    const own = await present(whole, path, only(signed(url)))
    const upstreamCalls = whole.upstreams[0]?.requests.length
    const answers: RawAnswer[] = []
    for (const [, , abuse] of ABUSES) answers.push(await present(whole, path, abuse(url, whole.genuine)))

    const told = answers.map(({ status, headers, body }, i) => {
      const { 'www-authenticate': challenge, 'x-should-retry': retry, 'cache-control': cache } = headers
      return [ABUSES[i]?.[0], status, challenge, retry, cache, body]
    })
    const body = `{"type":"error","request_id":"r-1","error":{"type":"authentication_error","message":"${TEXT}"}}`
    const denied = whole.gateway.events.flatMap(event => (event.evt === 'auth.denied' ? [event] : []))
    assert.deepEqual([accepted.status, own.status], [200, 200])
    assert.deepEqual(
      told,
      ABUSES.map(([what, reason]) => {
        const challenge = reason === 'missing_token' ? 'Bearer' : 'Bearer error="invalid_token"'
        return [what, 401, challenge, 'false', 'no-store', body]
      }),
    )
    assert.deepEqual(
      denied.map(({ reason, path: audited, client_ip }) => [reason, audited, client_ip]),
      ABUSES.map(([, reason]) => [reason, path, '127.0.0.1']),
    )
    assert.equal(whole.upstreams[0]?.requests.length, upstreamCalls)
  })
}

test('a bearer of a mebibyte is more header than the gateway reads, and leaves no trace', async () => {
  await using whole = await open()
  const before = whole.gateway.events.length

  const answer = await present(whole, '/v1/messages', only(whole.genuine + 'A'.repeat(1024 * 1024)))

  assert.deepEqual([answer.status, whole.gateway.events.length - before], [431, 0])
  assert.equal(whole.upstreams[0]?.requests.length, 0)
})
