import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RenewOutcome } from '../../app/identity/sign-in.ts'
import { cut, type Fault, hang, notJson, oauthError, redirectTo, status } from '../support/idp-faults.ts'
import { ADA } from '../support/idp-manners.ts'
import { openRig, type RigOptions } from '../support/idp-sign-in.ts'

// The table of S-56, for what the token endpoint can answer to a refresh.
const ANSWERS: ReadonlyArray<{ what: string; fault: Fault; outcome: RenewOutcome }> = [
  { what: 'invalid_grant', fault: oauthError('invalid_grant'), outcome: ended('invalid_grant') },
  {
    what: 'interaction_required',
    fault: oauthError('interaction_required'),
    outcome: ended('interaction_required'),
  },
  { what: 'login_required', fault: oauthError('login_required'), outcome: ended('login_required') },
  { what: 'consent_required', fault: oauthError('consent_required'), outcome: ended('consent_required') },
  { what: '500', fault: status(500), outcome: unavailable('500') },
  { what: '503', fault: status(503), outcome: unavailable('503') },
  {
    what: '503 with invalid_grant',
    fault: oauthError('invalid_grant', { code: 503 }),
    outcome: unavailable('503'),
  },
  { what: '429', fault: status(429), outcome: unavailable('429') },
  {
    what: '429 with invalid_grant',
    fault: oauthError('invalid_grant', { code: 429 }),
    outcome: unavailable('invalid_grant'),
  },
  {
    what: 'temporarily_unavailable',
    fault: oauthError('temporarily_unavailable'),
    outcome: unavailable('temporarily_unavailable'),
  },
  {
    what: 'half a JSON document',
    fault: notJson,
    outcome: { ...unavailable('malformed'), err: 'idp_bad_answer' },
  },
  {
    what: 'a page instead of JSON',
    fault: status(200, '<html>'),
    outcome: { ...unavailable('malformed'), err: 'idp_bad_answer' },
  },
  {
    what: 'nothing but a broken connection',
    fault: cut,
    outcome: { ...unavailable('broken'), err: 'idp_unreachable', network: true },
  },
  {
    what: 'invalid_client',
    fault: oauthError('invalid_client', { code: 401, challenge: true }),
    outcome: misconfigured('invalid_client'),
  },
  {
    what: 'unauthorized_client',
    fault: oauthError('unauthorized_client'),
    outcome: misconfigured('unauthorized_client'),
  },
  { what: 'invalid_scope', fault: oauthError('invalid_scope'), outcome: misconfigured('invalid_scope') },
  {
    what: 'an error that nobody knows',
    fault: oauthError('out_of_cheese'),
    outcome: misconfigured('out_of_cheese'),
  },
  { what: '404', fault: status(404), outcome: misconfigured('404') },
  {
    what: 'a redirect',
    fault: redirectTo('http://169.254.169.254/'),
    outcome: { ...misconfigured('redirect'), err: 'idp_bad_answer' },
  },
]

for (const { what, fault, outcome: expected } of ANSWERS) {
  test(`a refresh that the provider answers with ${what} is ${expected.kind}`, async () => {
    await using rig = await openRig({ manners: { faults: { refresh: fault } } })
    const refreshToken = await rig.refreshToken()

    const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

    assert.deepEqual(outcome, expected)
    assert.equal(
      rig.log.lines.some(line => line.startsWith('error ')),
      expected.kind === 'misconfigured',
    )
  })
}

test('a refresh that the provider never answers is unavailable in time', async () => {
  await using rig = await openRig({ manners: { faults: { refresh: hang } }, timing: { refreshCallMs: 100 } })
  const refreshToken = await rig.refreshToken()

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, { ...unavailable('timeout'), err: 'idp_timeout', network: true })
})

test('a refresh of a provider that is gone is unavailable', async () => {
  const rig = await openRig()
  const refreshToken = await rig.refreshToken()
  await rig[Symbol.asyncDispose]()

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  const answer = 'answer' in outcome ? outcome.answer : undefined
  assert.match(answer ?? '', /^(refused|broken)$/) // the kept connection breaks, or a new one is refused
  assert.deepEqual(outcome, { ...unavailable(answer ?? ''), err: 'idp_unreachable', network: true })
})

test('an ended session at the provider ends the session here', async () => {
  await using rig = await openRig()
  const refreshToken = await rig.refreshToken()
  rig.idp.endSessions()

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(outcome, ended('invalid_grant'))
})

test('a raw refresh token names nobody, so that whoever it renews is the person', async () => {
  await using rig = await openRig()
  const refreshToken = await rig.refreshToken()

  const outcome = await rig.signIn.renew({ refreshToken })

  assert.ok(outcome.kind === 'renewed')
  assert.equal(outcome.identity.sub, 'u-ada')
})

test('a renewed session has the email, name and groups of now', async () => {
  await using rig = await openRig()
  const refreshToken = await rig.refreshToken()
  rig.idp.person = { ...ADA, email: 'ada@new.example', groups: ['research'] }

  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada', email: 'ada@example.com' })

  assert.deepEqual(outcome, {
    kind: 'renewed',
    identity: { sub: 'u-ada', email: 'ada@new.example', name: 'Ada Example', groups: ['research'] },
    refreshToken: null,
    groupsStale: false,
  })
})

const NOT_ADMITTED: ReadonlyArray<{
  what: string
  rig: RigOptions
  now: object
  sub?: string
  err: string
  step?: string
}> = [
  { what: 'another subject', rig: {}, now: {}, sub: 'u-other', err: 'other_subject', step: 'id_token' },
  { what: 'an unverified address', rig: {}, now: { email_verified: false }, err: 'email_unverified' },
  {
    what: 'no address any more',
    rig: { oidc: { allowed_email_domains: ['example.com'] } },
    now: { email: null },
    err: 'email_missing',
  },
  {
    what: 'an address elsewhere',
    rig: { oidc: { allowed_email_domains: ['example.com'] } },
    now: { email: 'a@b.example' },
    err: 'email_domain',
  },
  {
    what: 'no allowed group any more',
    rig: { oidc: { allowed_groups: ['engineering'] } },
    now: { groups: ['sales'] },
    err: 'group',
  },
]

for (const { what, rig: options, now, sub = 'u-ada', err, step = 'admission' } of NOT_ADMITTED) {
  test(`a refresh that tells of ${what} is not admitted`, async () => {
    await using rig = await openRig(options)
    const refreshToken = await rig.refreshToken()
    rig.idp.person = { ...ADA, ...now }

    const outcome = await rig.signIn.renew({ refreshToken, sub })

    assert.deepEqual(outcome, { kind: 'not_admitted', err, step })
  })
}

function ended(answer: string): RenewOutcome {
  return { kind: 'ended', err: 'session_ended_at_idp', step: 'token', answer }
}

function unavailable(answer: string) {
  return { kind: 'unavailable', network: false, err: 'idp_unavailable', step: 'token', answer } as const
}

function misconfigured(answer: string) {
  return { kind: 'misconfigured', err: 'idp_refused', step: 'token', answer } as const
}
