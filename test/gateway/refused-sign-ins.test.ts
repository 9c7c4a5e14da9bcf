// What the terminal, the browser, the audit log and the database say of a sign-in that an identity provider spoils.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oauthError, status } from '../support/idp-faults.ts'
import { ADA, type Manners } from '../support/idp-manners.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

interface Case {
  readonly what: string
  readonly manners: Partial<Manners>
  readonly person?: typeof ADA
  readonly oidc?: Readonly<Record<string, unknown>>
  readonly page?: string
  readonly facts: object
}

const inIdToken = (err: string) => ({ err, step: 'id_token' })
const seconds = () => Math.floor(Date.now() / 1000)

const CASES: readonly Case[] = [
  {
    what: 'a wrong nonce',
    manners: { tamper: claims => ({ ...claims, nonce: 'another' }) },
    facts: inIdToken('id_token_nonce'),
  },
  {
    what: 'a wrong issuer',
    manners: { tamper: claims => ({ ...claims, iss: 'https://other.example' }) },
    facts: inIdToken('id_token_issuer'),
  },
  {
    what: 'a wrong audience',
    manners: { tamper: claims => ({ ...claims, aud: 'another-client' }) },
    facts: inIdToken('id_token_audience'),
  },
  {
    what: 'an expired id_token',
    manners: { tamper: claims => ({ ...claims, iat: seconds() - 301, exp: seconds() - 1 }) },
    facts: inIdToken('id_token_expired'),
  },
  {
    what: "another key's signature",
    manners: { signature: 'forged' },
    facts: inIdToken('id_token_signature'),
  },
  { what: 'alg none', manners: { signature: 'none' }, facts: inIdToken('id_token_alg') },
  {
    what: 'HS256 keyed with the client secret',
    manners: { signature: 'hs256' },
    facts: inIdToken('id_token_alg'),
  },
  {
    what: 'an address that is not verified',
    manners: {},
    person: { ...ADA, email_verified: false },
    page: 'This account cannot sign in here',
    facts: { err: 'email_unverified', step: 'admission' },
  },
  {
    what: 'a group that is not allowed',
    manners: {},
    oidc: { allowed_groups: ['administrators'] },
    page: 'This account cannot sign in here',
    facts: { err: 'group', step: 'admission' },
  },
  {
    what: 'a refusal of the code',
    manners: { faults: { token: oauthError('invalid_grant') } },
    page: 'Your identity provider did not complete the sign-in',
    facts: { err: 'idp_refused', step: 'token', answer: 'invalid_grant' },
  },
  {
    what: 'an internal error',
    manners: { faults: { token: status(500) } },
    page: 'Your identity provider did not complete the sign-in',
    facts: { err: 'idp_unavailable', step: 'token', answer: '500' },
  },
  {
    what: 'a connection that breaks',
    manners: { faults: { token: (_request, response) => void response.destroy() } },
    page: 'Your identity provider did not complete the sign-in',
    facts: { err: 'idp_unreachable', step: 'token', answer: 'broken' },
  },
]

for (const { what, manners, person, oidc = {}, page = 'You could not be signed in', facts } of CASES) {
  test(`a sign-in that meets ${what} ends for good, in the browser and in the terminal`, async () => {
    await using whole = await openWholeGateway({ manners, oidc })
    if (person) whole.idp.person = person
    const seen: (readonly [number, string | undefined])[] = []

    const end = await whole.signIn(async prompt => {
      const { status: code, text } = await whole.approve(prompt)
      seen.push([code, /<h1>([^<]*)<\/h1>/.exec(text)?.[1]])
    })

    const { rows } = await whole.database.pool.query('select status from device_grants')
    const mints = whole.gateway.events.filter(({ evt }) => evt === 'session.mint')
    assert.deepEqual(end, { kind: 'stopped', message: 'Sign-in was denied in the browser.' })
    assert.deepEqual(seen, [[200, page]])
    assert.deepEqual(
      mints.map(event => ({ ...event, request_id: '' })),
      [{ evt: 'session.mint', request_id: '', client_ip: '127.0.0.1', result: 'fail', ...facts }],
    )
    assert.deepEqual(rows, [])
  })
}
