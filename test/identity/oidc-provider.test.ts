import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSignIn } from '../../app/identity/open-sign-in.ts'
import type { SignIn } from '../../app/identity/sign-in.ts'
import { oidcFor, type RigOptions } from '../support/idp-sign-in.ts'
import { ENGINEER, startOidcProvider } from '../support/oidc-provider.ts'
import { recordLog } from '../support/recorded-log.ts'
import { approveAtIdp } from '../support/sign-in.ts'

const SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access']
const ERIN = { sub: 'erin@example.com', email: 'erin@example.com', name: 'Erin', groups: ['engineering'] }

test('a person signs in at the real oidc-provider by its form, and the session is renewed with rotation', async () => {
  await using idp = await startOidcProvider()
  const signIn = await open(idp)

  const outcome = await walk(signIn, { login: ENGINEER.email, password: ENGINEER.password })
  assert.ok(outcome.kind === 'signed_in' && outcome.refreshToken !== null, JSON.stringify(outcome))
  const renewed = await signIn.renew({ refreshToken: outcome.refreshToken, sub: ERIN.sub })
  assert.ok(renewed.kind === 'renewed' && renewed.refreshToken !== null, JSON.stringify(renewed))
  const reused = await signIn.renew({ refreshToken: outcome.refreshToken, sub: ERIN.sub })

  assert.deepEqual(outcome.identity, ERIN)
  assert.deepEqual(renewed.identity, ERIN)
  assert.deepEqual(reused, {
    kind: 'ended',
    err: 'session_ended_at_idp',
    step: 'token',
    answer: 'invalid_grant',
  })
})

test('the real oidc-provider with thin id_tokens and without rotation signs in and renews through userinfo', async () => {
  await using idp = await startOidcProvider({ fatIdTokens: false, rotateRefreshTokens: false })
  const signIn = await open(idp, {
    userinfo_fallback: true,
    scope_on_refresh: true,
    scopes: SCOPES.filter(scope => scope !== 'offline_access'),
  })

  const outcome = await walk(signIn, { login: ENGINEER.email, password: ENGINEER.password })
  assert.ok(outcome.kind === 'signed_in' && outcome.refreshToken !== null, JSON.stringify(outcome))
  const renewed = await signIn.renew({ refreshToken: outcome.refreshToken, sub: ERIN.sub })

  assert.deepEqual(outcome.identity, ERIN)
  assert.deepEqual(renewed, { kind: 'renewed', identity: ERIN, refreshToken: null, groupsStale: false })
})

test('a wrong password does not come back', async () => {
  await using idp = await startOidcProvider()
  const signIn = await open(idp)

  await assert.rejects(walk(signIn, { login: ENGINEER.email, password: 'guessed' }), /refused what was typed/)
})

test('a revoked refresh token stops working at the real oidc-provider', async () => {
  await using idp = await startOidcProvider()
  const signIn = await open(idp)
  const outcome = await walk(signIn, { login: ENGINEER.email, password: ENGINEER.password })
  assert.ok(outcome.kind === 'signed_in' && outcome.refreshToken !== null)

  await signIn.revoke(outcome.refreshToken)

  const renewed = await signIn.renew({ refreshToken: outcome.refreshToken, sub: ERIN.sub })
  assert.equal(renewed.kind, 'ended')
})

function open(idp: { readonly issuer: string }, oidc: RigOptions['oidc'] = {}): Promise<SignIn> {
  return openSignIn({
    ...{ oidc: oidcFor(idp, { scopes: SCOPES, ...oidc }), publicUrl: 'https://gateway.example' },
    ...{ fetch: globalThis.fetch, clock: Date.now, log: recordLog() },
    ...{ groupLookup: null, namesGroups: false, priorityGroups: [] },
  })
}

async function walk(signIn: SignIn, person: { login: string; password: string }) {
  const request = { state: 'state', nonce: 'nonce', codeVerifier: 'v'.repeat(43) }
  const callback = new URL(await approveAtIdp(await signIn.authorizationUrl(request), person))
  return signIn.complete({ ...request, searchParams: callback.searchParams })
}
