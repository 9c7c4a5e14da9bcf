import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { openRig } from '../support/idp-sign-in.ts'

test('the authorization request holds what the standards ask for, and nothing from outside', async () => {
  await using rig = await openRig()
  const codeVerifier = 'v'.repeat(43)

  const url = new URL(await rig.signIn.authorizationUrl({ state: 'sealed', nonce: 'once', codeVerifier }))

  assert.equal(`${url.origin}${url.pathname}`, rig.signIn.authorizationEndpoint)
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    client_id: 'gatehouse',
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: 'https://gateway.example/oauth/callback',
    scope: 'openid profile email offline_access',
    nonce: 'once',
    state: 'sealed',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
})

test("use_pkce: false sends no challenge; extra_auth_params and the endpoint's own query are kept", async () => {
  await using rig = await openRig({
    manners: { metadata: { authorization_endpoint: 'https://idp.example/authorize?p=sign_in' } },
    oidc: {
      use_pkce: false,
      scopes: ['openid'],
      extra_auth_params: { prompt: 'consent', access_type: 'offline' },
    },
  })

  const url = new URL(await rig.signIn.authorizationUrl({ state: 's', nonce: 'n', codeVerifier: null }))

  assert.deepEqual(Object.fromEntries(url.searchParams), {
    p: 'sign_in',
    client_id: 'gatehouse',
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: 'https://gateway.example/oauth/callback',
    scope: 'openid',
    nonce: 'n',
    state: 's',
    prompt: 'consent',
    access_type: 'offline',
  })
})
