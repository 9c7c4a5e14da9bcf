// The manners of the providers that the manual names: each signs in, refreshes and refuses (2.15).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificate } from '../support/certificate.ts'
import { startDirectory } from '../support/directory.ts'
import { oauthError } from '../support/idp-faults.ts'
import { ADA, CLIENT } from '../support/idp-manners.ts'
import { openRig, type SignInRig } from '../support/idp-sign-in.ts'

const GROUP_SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access']

test('Okta, organisation server: thin id_tokens, groups from userinfo, an id_token on refresh only for the scope', async () => {
  await using rig = await openRig({
    manners: { idTokenClaims: ['name'], idTokenOnRefresh: 'with_scope' },
    oidc: {
      userinfo_fallback: true,
      scope_on_refresh: true,
      scopes: GROUP_SCOPES,
      allowed_groups: ['engineering'],
    },
  })
  const refreshToken = await rig.refreshToken()

  await assertRenewed(rig, refreshToken, { email: 'ada@example.com', groups: ['engineering', 'on-call'] })
  rig.idp.manners.userinfoSub = 'u-eve'
  const refused = await rig.signInOnce()
  const ended = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(refused, {
    kind: 'failed',
    cause: 'groups',
    err: 'userinfo_sub_mismatch',
    step: 'userinfo',
  })
  assert.deepEqual(ended, { kind: 'not_admitted', err: 'userinfo_sub_mismatch', step: 'userinfo' })
})

test('Okta, custom server: full id_tokens from a path issuer, refresh tokens that rotate', async () => {
  await using rig = await openRig({
    manners: { path: '/oauth2/default', refreshToken: 'rotating' },
    oidc: { scopes: GROUP_SCOPES, allowed_groups: ['engineering'] },
  })
  const refreshToken = await rig.refreshToken()

  const renewed = await assertRenewed(rig, refreshToken, {
    email: 'ada@example.com',
    groups: ['engineering', 'on-call'],
  })
  assert.match(renewed ?? '', /^rt-/)
  rig.idp.person = { ...ADA, groups: ['sales'] }
  const refused = await rig.signIn.renew({ refreshToken: renewed ?? '', sub: 'u-ada' })

  assert.deepEqual(refused, { kind: 'not_admitted', err: 'group', step: 'admission' })
})

test('Entra ID: a certificate instead of a secret, app roles, no email_verified, step-up at a refresh', async () => {
  const client_assertion = createCertificate()
  await using rig = await openRig({
    manners: {
      clientMethods: ['private_key_jwt'],
      certificate: client_assertion.certificate_pem,
      path: '/tenant/v2.0',
    },
    oidc: {
      ...{ token_endpoint_auth_method: 'private_key_jwt', client_assertion },
      ...{
        groups_claim: 'roles',
        email_claim: ['email', 'preferred_username'],
        allowed_groups: ['Gateway.User'],
      },
    },
  })
  const entra = {
    sub: 'u-ada',
    preferred_username: 'ada@example.com',
    roles: ['Gateway.User'],
    name: 'Ada Example',
  }
  rig.idp.person = entra
  const refreshToken = await rig.refreshToken()

  await assertRenewed(rig, refreshToken, { email: 'ada@example.com', groups: ['Gateway.User'] })
  rig.idp.manners.faults = {
    refresh: oauthError('interaction_required', { description: 'AADSTS50076: MFA' }),
  }
  const stepUp = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })
  rig.idp.person = { ...entra, roles: undefined }
  const refused = await rig.signInOnce()

  const ended = { kind: 'ended', err: 'session_ended_at_idp', step: 'token', answer: 'interaction_required' }
  assert.deepEqual(stepUp, ended)
  assert.deepEqual(refused, { kind: 'failed', cause: 'admission', err: 'group', step: 'admission' })
})

test('Google: no offline_access, no groups in tokens, no second refresh token', async () => {
  await using directory = await startDirectory({ 'ada@example.com': ['eng@example.com'] })
  await using rig = await openRig({
    manners: { refusedScopes: ['offline_access'], idTokenClaims: ['email', 'email_verified', 'name'] },
    groupLookup: directory,
    oidc: {
      ...{ scopes: ['openid', 'profile', 'email'], allowed_groups: ['eng@example.com'] },
      extra_auth_params: { access_type: 'offline', prompt: 'consent' },
    },
  })
  const refreshToken = await rig.refreshToken()

  const replaced = await assertRenewed(rig, refreshToken, {
    email: 'ada@example.com',
    groups: ['eng@example.com'],
  })
  directory.members.clear()
  const signIn = await rig.signInOnce()
  const refresh = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.equal(replaced, null)
  assert.deepEqual(signIn, { kind: 'failed', cause: 'groups', err: 'user_not_in_directory', step: 'groups' })
  assert.deepEqual(refresh, {
    kind: 'unavailable',
    network: false,
    err: 'user_not_in_directory',
    step: 'groups',
  })
})

test('Keycloak: client roles by pointer, a foreign azp, iss in the callback, rotation, an ended session', async () => {
  await using rig = await openRig({
    manners: {
      ...{ path: '/realms/work', refreshToken: 'rotating', iss: issuer => [issuer] },
      metadata: { authorization_response_iss_parameter_supported: true },
      tamper: claims => ({ ...claims, aud: [CLIENT.client_id, 'account'], azp: 'portal' }),
    },
    oidc: { groups_claim: '/resource_access/gatehouse/roles', additional_authorized_parties: ['portal'] },
  })
  rig.idp.person = {
    ...ADA,
    groups: ['/realm/group'],
    resource_access: { gatehouse: { roles: ['developer'] } },
  }
  const refreshToken = await rig.refreshToken()

  const replaced = await assertRenewed(rig, refreshToken, { email: 'ada@example.com', groups: ['developer'] })
  rig.idp.endSessions()
  const ended = await rig.signIn.renew({ refreshToken: replaced ?? '', sub: 'u-ada' })
  rig.idp.manners.iss = () => []
  const mixedUp = await rig.signInOnce()

  assert.deepEqual(ended, {
    kind: 'ended',
    err: 'session_ended_at_idp',
    step: 'token',
    answer: 'invalid_grant',
  })
  assert.deepEqual(mixedUp, { kind: 'failed', cause: 'issuer', err: 'iss_missing', step: 'callback' })
})

test('Dex: an issuer with a path, groups by scope', async () => {
  await using rig = await openRig({
    manners: { path: '/dex', refreshToken: 'rotating' },
    oidc: { scopes: GROUP_SCOPES, allowed_email_domains: ['example.com'] },
  })
  const refreshToken = await rig.refreshToken()

  await assertRenewed(rig, refreshToken, { email: 'ada@example.com', groups: ['engineering', 'on-call'] })
  rig.idp.person = { ...ADA, email_verified: false }
  const refused = await rig.signInOnce()

  assert.deepEqual(refused, {
    kind: 'failed',
    cause: 'admission',
    err: 'email_unverified',
    step: 'admission',
  })
})

test('Ping: scopes that are refused at a refresh, and one group as a text', async () => {
  await using rig = await openRig({
    manners: { refusedScopes: ['offline_access'] },
    oidc: { scopes: ['openid', 'email'], groups_claim: 'memberOf', allowed_groups: ['cn=dev, ou=groups'] },
  })
  rig.idp.person = { sub: 'u-ada', email: 'ada@example.com', memberOf: 'cn=dev, ou=groups' }
  const refreshToken = await rig.refreshToken()

  await assertRenewed(rig, refreshToken, { email: 'ada@example.com', groups: ['cn=dev, ou=groups'] })
  rig.idp.manners.faults = { refresh: oauthError('invalid_scope') }
  const refused = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.deepEqual(refused, {
    kind: 'misconfigured',
    err: 'idp_refused',
    step: 'token',
    answer: 'invalid_scope',
  })
  assert.ok(rig.log.lines.some(line => line.startsWith('error ') && line.includes('oidc.scopes')))
})

test('ADFS: upn as the address, no PKCE, basic authentication, a second host on the way', async () => {
  await using rig = await openRig({
    manners: { path: '/adfs', pkce: 'refused', clientMethods: ['client_secret_basic'], secondHost: true },
    oidc: { email_claim: 'upn', use_pkce: false, allowed_email_domains: ['example.com'] },
  })
  rig.idp.person = { sub: 'u-ada', upn: 'ada@example.com', groups: 'EXAMPLE\\Developers' }
  const refreshToken = await rig.refreshToken()

  await assertRenewed(rig, refreshToken, { email: 'ada@example.com', groups: ['EXAMPLE\\Developers'] })
  rig.idp.person = { sub: 'u-ada', upn: 'EXAMPLE\\ada' }
  const refused = await rig.signInOnce()

  assert.deepEqual(refused, { kind: 'failed', cause: 'admission', err: 'email_missing', step: 'admission' })
})

/** The session goes on with these facts; answers the refresh token that replaced the old one. */
async function assertRenewed(
  rig: SignInRig,
  refreshToken: string,
  facts: { email: string; groups: readonly string[] },
): Promise<string | null> {
  const outcome = await rig.signIn.renew({ refreshToken, sub: 'u-ada', email: facts.email })
  assert.ok(outcome.kind === 'renewed', JSON.stringify(outcome))
  const { sub, email, groups } = outcome.identity
  assert.deepEqual({ sub, email, groups }, { sub: 'u-ada', ...facts })
  return outcome.refreshToken
}
