import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignInOutcome } from '../../app/identity/sign-in.ts'
import { cut, hang, notJson, oauthError, redirectTo, status } from '../support/idp-faults.ts'
import { openRig } from '../support/idp-sign-in.ts'

test('a sign-in ends with the identity that the provider told, and its refresh token', async () => {
  await using rig = await openRig()

  const outcome = await rig.signInOnce()

  assert.ok(outcome.kind === 'signed_in')
  assert.deepEqual(outcome.identity, {
    sub: 'u-ada',
    email: 'ada@example.com',
    name: 'Ada Example',
    groups: ['engineering', 'on-call'],
  })
  assert.match(outcome.refreshToken ?? '', /^rt-/)
  assert.equal(outcome.groupsStale, false)
})

test('a provider that gives no refresh token is a sign-in without one', async () => {
  await using rig = await openRig({ manners: { refreshToken: 'none' } })

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, {
    kind: 'signed_in',
    identity: {
      sub: 'u-ada',
      email: 'ada@example.com',
      name: 'Ada Example',
      groups: ['engineering', 'on-call'],
    },
    refreshToken: null,
    groupsStale: false,
  })
})

const EXCHANGE_FAULTS = [
  {
    what: 'refuses the code',
    fault: oauthError('invalid_grant'),
    err: 'idp_refused',
    answer: 'invalid_grant',
  },
  {
    what: 'refuses the client with a challenge',
    fault: oauthError('invalid_client', { code: 401, challenge: true }),
    err: 'idp_refused',
    answer: 'invalid_client',
  },
  { what: 'answers 500', fault: status(500), err: 'idp_unavailable', answer: '500' },
  { what: 'answers 429', fault: status(429), err: 'idp_unavailable', answer: '429' },
  { what: 'answers 403 without an OAuth error', fault: status(403), err: 'idp_refused', answer: '403' },
  {
    what: 'redirects',
    fault: redirectTo('http://127.0.0.1:9/token'),
    err: 'idp_bad_answer',
    answer: 'redirect',
  },
  { what: 'sends half a JSON document', fault: notJson, err: 'idp_bad_answer', answer: 'malformed' },
  { what: 'breaks the connection', fault: cut, err: 'idp_unreachable', answer: 'broken' },
] as const

for (const { what, fault, err, answer } of EXCHANGE_FAULTS) {
  test(`the exchange fails when the token endpoint ${what}`, async () => {
    await using rig = await openRig({ manners: { faults: { token: fault } } })

    const outcome = await rig.signInOnce()

    assert.deepEqual(outcome, { kind: 'failed', cause: 'exchange', err, step: 'token', answer })
  })
}

test('a token endpoint that never answers ends the exchange in time', async () => {
  await using rig = await openRig({ manners: { faults: { token: hang } }, timing: { signInMs: 100 } })

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, {
    kind: 'failed',
    cause: 'exchange',
    err: 'idp_timeout',
    step: 'token',
    answer: 'timeout',
  })
})

test('signing keys that are needed and cannot be read fail the exchange', async () => {
  await using rig = await openRig()
  rig.idp.manners.faults = { jwks: status(503) }
  rig.idp.keys.rotate()

  const outcome = await rig.signInOnce()

  assert.deepEqual(outcome, {
    kind: 'failed',
    cause: 'exchange',
    err: 'idp_unavailable',
    step: 'jwks',
    answer: '503',
  })
})

const CALLBACK_FAULTS: ReadonlyArray<{
  what: string
  alter: (callback: URL) => void
  outcome: SignInOutcome
}> = [
  {
    what: 'no code',
    alter: url => url.searchParams.delete('code'),
    outcome: { kind: 'failed', cause: 'exchange', err: 'code_missing', step: 'callback' },
  },
  {
    what: 'two codes',
    alter: url => url.searchParams.append('code', 'another'),
    outcome: { kind: 'failed', cause: 'exchange', err: 'code_missing', step: 'callback' },
  },
  {
    what: 'the iss of another provider',
    alter: url => url.searchParams.set('iss', 'https://other.example'),
    outcome: { kind: 'failed', cause: 'issuer', err: 'iss_wrong', step: 'callback' },
  },
]

for (const { what, alter, outcome: expected } of CALLBACK_FAULTS) {
  test(`a callback with ${what} is refused before the provider is asked`, async () => {
    await using rig = await openRig()

    const outcome = await rig.signInOnce(alter)

    assert.deepEqual(outcome, expected)
    assert.equal(
      rig.idp.requests.some(request => request.endpoint === 'token'),
      false,
    )
  })
}

test('a stolen code is useless without the verifier of its sign-in', async () => {
  await using rig = await openRig()
  const victim = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }
  const location = (
    await fetch(await rig.signIn.authorizationUrl(victim), { redirect: 'manual' })
  ).headers.get('location')
  const { searchParams } = new URL(location ?? '')

  const outcome = await rig.signIn.complete({ searchParams, nonce: 'n', codeVerifier: 'w'.repeat(43) })

  assert.deepEqual(outcome, {
    kind: 'failed',
    cause: 'exchange',
    err: 'idp_refused',
    step: 'token',
    answer: 'invalid_grant',
  })
})
