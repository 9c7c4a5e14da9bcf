import assert from 'node:assert/strict'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import { PUBLIC_URL, type Replica, SECRET } from '../support/session-replica.ts'
import { eventsOf, openSessionRig } from '../support/session-rig.ts'

interface Page {
  readonly status: number | undefined
  readonly challenge: string | undefined
  readonly shouldRetry: string | string[] | undefined
  readonly body: { readonly error?: object; readonly request_id?: string; readonly sub?: string }
}

/** Asks with exactly these header lines. */
async function visit({ port }: Replica, lines: readonly string[], path = '/page'): Promise<Page> {
  const { promise, resolve, reject } = Promise.withResolvers<Page>()
  const headers = ['host', 'gateway.example', 'x-client-request-id', 'r-1', ...lines]
  const sent = request({ host: '127.0.0.1', port, path, agent: false, headers })
  sent.on('error', reject).on('response', async response => {
    const { statusCode: status, headers: received } = response
    const [challenge, shouldRetry] = [received['www-authenticate'], received['x-should-retry']]
    resolve({ status, challenge, shouldRetry, body: JSON.parse(await text(response)) })
  })
  sent.end()
  return promise
}

function refusal(challenge: string): Page {
  return {
    status: 401,
    challenge,
    shouldRetry: 'false',
    body: {
      type: 'error',
      request_id: 'r-1',
      error: {
        type: 'authentication_error',
        message: 'Your sign-in is not valid or has ended. Sign in to the gateway again with /login.',
      },
    } as Page['body'],
  }
}

const MISSING = 'Bearer'
const INVALID = 'Bearer error="invalid_token"'

function bearerOf(claims: object): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ sub: 'u', aud: 'claude-gateway', iss: PUBLIC_URL, iat: now, exp: now + 60, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(SECRET))
}

test('a bearer opens what needs a signed-in developer', async () => {
  await using rig = await openSessionRig()
  const token = await bearerOf({ sid: 's-1' })

  const page = await visit(rig.gateway, ['Authorization', `Bearer ${token}`])

  assert.deepEqual([page.status, page.body], [200, { sub: 'u', sid: 's-1' }])
})

test('a bearer that a replaced reference gateway minted stays valid', async () => {
  await using rig = await openSessionRig()
  const token = await bearerOf({})

  const page = await visit(rig.gateway, ['Authorization', `Bearer ${token}`])

  assert.deepEqual([page.status, page.body], [200, { sub: 'u', sid: null }])
})

type Lines = (token: string) => readonly string[]

const DENIED: readonly (readonly [string, Lines, string, string])[] = [
  ['no credential', () => [], MISSING, 'missing_token'],
  ['the token as an API key', token => ['x-api-key', token], MISSING, 'missing_token'],
  ['another scheme', token => ['authorization', `Basic ${token}`], MISSING, 'missing_token'],
  ['the scheme in lower case', token => ['authorization', `bearer ${token}`], MISSING, 'missing_token'],
  ['no token after the scheme', () => ['authorization', 'Bearer '], MISSING, 'missing_token'],
  ['two spaces', token => ['authorization', `Bearer  ${token}`], INVALID, 'invalid_token'],
  ['something after the token', token => ['authorization', `Bearer ${token} x`], INVALID, 'invalid_token'],
  ['a token that is none', () => ['authorization', 'Bearer x'], INVALID, 'invalid_token'],
  [
    'a token of 100 KiB',
    token => ['authorization', `Bearer ${token}${'A'.repeat(102_400)}`],
    INVALID,
    'invalid_token',
  ],
  [
    'the same token twice',
    token => ['authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`],
    INVALID,
    'invalid_token',
  ],
  [
    'a second, empty line',
    token => ['authorization', `Bearer ${token}`, 'AUTHORIZATION', ''],
    INVALID,
    'invalid_token',
  ],
]

for (const [what, lines, challenge, reason] of DENIED) {
  test(`a request with ${what} is refused with the one text, and audited as ${reason}`, async () => {
    await using rig = await openSessionRig()
    const token = await bearerOf({ sid: 's-1' })

    const page = await visit(rig.gateway, lines(token))

    assert.deepEqual(page, refusal(challenge))
    assert.deepEqual(eventsOf(rig.gateway, 'auth.denied'), [
      { evt: 'auth.denied', reason, path: '/page', client_ip: '127.0.0.1' },
    ])
  })
}

test('a token in the query is no credential, and is not audited', async () => {
  await using rig = await openSessionRig()
  const token = await bearerOf({})

  const page = await visit(rig.gateway, [], `/page?access_token=${token}`)

  assert.deepEqual(page, refusal(MISSING))
  assert.equal(
    JSON.stringify([rig.gateway.events, rig.gateway.log.lines]).includes(token.slice(0, 20)),
    false,
  )
})

test('a remembered bearer is refused from the second it expires', async () => {
  let now = Date.parse('2026-08-07T12:00:00Z')
  await using rig = await openSessionRig({ clock: () => now })
  const { token } = await rig.gateway.tokens.mint({ sub: 'u' }, 's-1')
  const lines = ['authorization', `Bearer ${token}`]

  const pages: Page[] = []
  for (const wait of [0, 3_599_999, 1]) {
    now += wait
    pages.push(await visit(rig.gateway, lines))
  }

  assert.deepEqual(
    pages.map(({ status }) => status),
    [200, 200, 401],
  )
  assert.deepEqual(pages[2], refusal(INVALID))
  assert.deepEqual(eventsOf(rig.gateway, 'auth.denied'), [
    { evt: 'auth.denied', reason: 'expired', path: '/page', client_ip: '127.0.0.1' },
  ])
})

test('a remembered bearer is refused at the request after its log-out', async () => {
  await using rig = await openSessionRig()
  const { token } = await rig.gateway.tokens.mint({ sub: 'u' }, 's-1')
  const lines = ['authorization', `Bearer ${token}`]

  const before = await visit(rig.gateway, lines)
  await rig.gateway.revoke(token)
  const after = await visit(rig.gateway, lines)

  assert.deepEqual([before.status, after], [200, refusal(INVALID)])
  assert.deepEqual(eventsOf(rig.gateway, 'auth.denied'), [
    { evt: 'auth.denied', reason: 'revoked', path: '/page', client_ip: '127.0.0.1' },
  ])
})
