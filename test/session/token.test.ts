import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { createKeyring } from '../../app/session/keyring.ts'
import { createTokens, digestOf, looksMinted } from '../../app/session/token.ts'

const SECRET = 'the secret that signs, more than 32 bytes long'
const OLDER = 'the secret before it, more than 32 bytes long too'
const ISSUER = 'https://gateway.example'
const NOW = Date.parse('2026-08-07T12:00:00.900Z')
const IAT = Math.floor(NOW / 1000)
const ADA = { sub: 'u-ada', email: 'ada@example.com', name: 'Ada', groups: ['eng', 'on-call'] }

function tokensOf({ secrets = [SECRET], issuer = ISSUER, ttlHours = 1 } = {}) {
  return createTokens({ keyring: createKeyring(secrets), issuer, ttlHours, clock: () => NOW })
}

/** A token of anybody's making; `claims` and `header` replace the usual ones. */
function forge(claims: object, { header = {}, secret = SECRET }: { header?: object; secret?: string } = {}) {
  const usual = { sub: 'u', aud: 'claude-gateway', iss: ISSUER, iat: IAT, exp: IAT + 60 }
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header })
    .sign(new TextEncoder().encode(secret))
}

test('a bearer is an HS256 JWT with the claims of the person, the gateway and the session', async () => {
  const bearer = await tokensOf({ ttlHours: 1.5 }).mint(ADA, 'sid-1')

  assert.equal(bearer.expiresIn, 5400)
  assert.deepEqual(decodeProtectedHeader(bearer.token), {
    alg: 'HS256',
    typ: 'JWT',
    kid: createHash('sha256').update(SECRET).digest('hex').slice(0, 16),
  })
  assert.deepEqual(decodeJwt(bearer.token), {
    ...ADA,
    aud: 'claude-gateway',
    iss: ISSUER,
    iat: IAT,
    exp: IAT + 5400,
    sid: 'sid-1',
  })
})

test('claims that the identity provider did not tell are absent from the bearer', async () => {
  const bearer = await tokensOf().mint({ sub: 'u' }, 'sid-1')

  assert.deepEqual(Object.keys(decodeJwt(bearer.token)), ['sub', 'aud', 'iss', 'iat', 'exp', 'sid'])
})

test('a bearer proves who signed in, again and again', async () => {
  const tokens = tokensOf()
  const { token } = await tokens.mint(ADA, 'sid-1')

  const sessions = [await tokens.verify(token), await tokens.verify(token)]

  const session = { identity: ADA, sid: 'sid-1', iat: IAT, exp: IAT + 3600, digest: digestOf(token) }
  assert.deepEqual(sessions, [session, session])
})

test('a bearer of a replaced reference gateway, without a session id or a key id, is accepted', async () => {
  const token = await forge({ email: 'ada@example.com' }, { secret: OLDER })

  const session = await tokensOf({ secrets: [SECRET, OLDER] }).verify(token)

  assert.deepEqual(session, {
    identity: { sub: 'u', email: 'ada@example.com' },
    sid: null,
    iat: IAT,
    exp: IAT + 60,
    digest: digestOf(token),
  })
})

test('a secret is rotated by prepending, waiting and dropping', async () => {
  const before = (await tokensOf({ secrets: [OLDER] }).mint(ADA, 'sid-1')).token
  const after = (await tokensOf({ secrets: [SECRET, OLDER] }).mint(ADA, 'sid-2')).token
  const during = tokensOf({ secrets: [SECRET, OLDER] })
  const later = tokensOf({ secrets: [SECRET] })

  const sids = []
  for (const tokens of [during, later]) {
    for (const token of [before, after]) sids.push((await tokens.verify(token))?.sid ?? null)
  }

  assert.deepEqual(sids, ['sid-1', 'sid-2', null, 'sid-2'])
})

const FOREIGN: readonly (readonly [string, () => string | Promise<string>])[] = [
  ['of another gateway', () => forge({ iss: 'https://other.example' })],
  ['for another audience', () => forge({ aud: 'somebody-else' })],
  ['for several audiences', () => forge({ aud: ['claude-gateway', 'somebody-else'] })],
  ['signed with another secret', () => forge({}, { secret: OLDER })],
  ['that names a key we do not have', () => forge({}, { header: { kid: '0123456789abcdef' } })],
  ['of another type', () => forge({}, { header: { typ: 'at+jwt' } })],
  ['with critical extensions', () => forge({}, { header: { crit: ['b64'], b64: true } })],
  ['without a subject', () => forge({ sub: undefined })],
  ['with an empty subject', () => forge({ sub: '' })],
  ['without a time of issue', () => forge({ iat: undefined })],
  ['without an expiry', () => forge({ exp: undefined })],
  ['signed with HS512', () => forge({}, { header: { alg: 'HS512' }, secret: SECRET.repeat(2) })],
  ['without a signature', async () => (await forge({})).replace(/[^.]*$/, '')],
  ['that says alg none', () => `${encode({ alg: 'none' })}.${encode({ sub: 'u' })}.`],
  ['of 1 MiB', async () => `${await forge({})}${'A'.repeat(2 ** 20)}`],
  ['that is no JWT', () => 'opaque'],
  ['that is empty', () => ''],
]

for (const [what, make] of FOREIGN) {
  test(`a token ${what} proves nothing`, async () => {
    const token = await make()

    const session = await tokensOf().verify(token)

    assert.equal(session, null)
  })
}

test('a bearer with any character of its signature changed proves nothing', async () => {
  const tokens = tokensOf()
  const { token } = await tokens.mint(ADA, 'sid-1')
  await tokens.verify(token)
  const start = token.lastIndexOf('.') + 1
  const altered = Array.from({ length: token.length - start }, (_, at) => {
    const place = start + at
    return `${token.slice(0, place)}${token[place] === 'A' ? 'B' : 'A'}${token.slice(place + 1)}`
  })

  const sessions = await Promise.all(altered.map(text => tokens.verify(text)))

  assert.deepEqual(new Set(sessions), new Set([null]))
})

test('a bearer of any gateway is recognised without its secret', async () => {
  const foreign = await forge({ iss: 'https://other.example' }, { secret: OLDER })
  const idToken = await forge({ aud: 'gatehouse' })

  assert.deepEqual([foreign, idToken, 'opaque', 'a.b.c', ''].map(looksMinted), [
    true,
    false,
    false,
    false,
    false,
  ])
})

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
