import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { chooseMethod } from '../../app/identity/client-authentication.ts'
import { createCertificate } from '../support/certificate.ts'
import { CLIENT } from '../support/idp-manners.ts'
import { openRig } from '../support/idp-sign-in.ts'

const METADATA = {
  issuer: 'https://idp.example',
  authorization_endpoint: 'https://idp.example/authorize',
  token_endpoint: 'https://idp.example/token',
  jwks_uri: 'https://idp.example/jwks',
}

test('the configured method wins, then client_secret_post if it is advertised, then basic', () => {
  const advertising = (...methods: string[]) => ({
    ...METADATA,
    token_endpoint_auth_methods_supported: methods,
  })
  const basic = { ...CLIENT, token_endpoint_auth_method: 'client_secret_basic' } as const

  assert.equal(chooseMethod(basic, advertising('client_secret_post')), 'client_secret_basic')
  assert.equal(
    chooseMethod(CLIENT, advertising('client_secret_basic', 'client_secret_post')),
    'client_secret_post',
  )
  assert.equal(chooseMethod(CLIENT, advertising('client_secret_basic')), 'client_secret_basic')
  assert.equal(chooseMethod(CLIENT, METADATA), 'client_secret_basic')
})

const SECRETS = [
  { methods: ['client_secret_post'], used: 'client_secret_post' },
  { methods: ['client_secret_basic'], used: 'client_secret_basic' },
] as const

for (const { methods, used } of SECRETS) {
  test(`a provider that takes only ${used} gets it at the exchange, the refresh and the revocation`, async () => {
    await using rig = await openRig({ manners: { clientMethods: methods } })

    const refreshToken = await rig.refreshToken()
    const renewed = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })
    await rig.signIn.revoke(refreshToken)

    assert.equal(renewed.kind, 'renewed')
    const posts = rig.idp.requests.filter(({ endpoint }) => ['token', 'refresh', 'revoke'].includes(endpoint))
    assert.deepEqual(
      posts.map(({ endpoint, method }) => [endpoint, method]),
      [
        ['token', used],
        ['refresh', used],
        ['revoke', used],
      ],
    )
  })
}

test('private_key_jwt signs each request anew, naming its certificate by both thumbprints and no kid', async () => {
  const client_assertion = createCertificate()
  await using rig = await openRig({
    manners: { clientMethods: ['private_key_jwt'], certificate: client_assertion.certificate_pem },
    oidc: { token_endpoint_auth_method: 'private_key_jwt', client_assertion },
  })

  const refreshToken = await rig.refreshToken()
  const renewed = await rig.signIn.renew({ refreshToken, sub: 'u-ada' })

  assert.equal(renewed.kind, 'renewed')
  const assertions = rig.idp.requests.flatMap(({ form }) => form.getAll('client_assertion'))
  const payloads = assertions.map(assertion => decodeJwt(assertion))
  assert.equal(new Set(payloads.map(payload => payload.jti)).size, 2)
  for (const payload of payloads) {
    const { jti, iat = 0, nbf, exp = 0, ...rest } = payload
    assert.deepEqual(rest, { aud: `${rig.idp.issuer}/token`, iss: CLIENT.client_id, sub: CLIENT.client_id })
    assert.equal(exp - iat, 60)
  }
  const names = assertions.map(assertion => Object.keys(decodeProtectedHeader(assertion)).toSorted())
  assert.deepEqual(names, [
    ['alg', 'typ', 'x5t', 'x5t#S256'],
    ['alg', 'typ', 'x5t', 'x5t#S256'],
  ])
})

test('a certificate of another key does not start', async () => {
  const { private_key_pem } = createCertificate()
  const { certificate_pem } = createCertificate()

  const opening = openRig({
    oidc: {
      token_endpoint_auth_method: 'private_key_jwt',
      client_assertion: { private_key_pem, certificate_pem },
    },
  })

  await assert.rejects(opening, /certificate/)
})
