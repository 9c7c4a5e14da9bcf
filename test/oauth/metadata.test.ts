import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify from 'fastify'
import { metadata } from '../../app/oauth/metadata.ts'
import { createDatabase } from '../support/postgres.ts'
import { startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'

const PATH = '/.well-known/oauth-authorization-server'

test('the discovery document names the endpoints below public_url, and no authorization endpoint', async () => {
  await using database = await createDatabase()
  await using gateway = await startSignInGateway({ pool: database.pool, signIn: stubSignIn() })

  const answer = await gateway.ask(PATH, {
    headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
  })

  assert.deepEqual(
    { status: answer.status, type: answer.headers['content-type'], cache: answer.headers['cache-control'] },
    { status: 200, type: 'application/json', cache: 'no-cache' },
  )
  assert.equal(
    answer.body,
    JSON.stringify({
      issuer: 'https://gateway.example',
      device_authorization_endpoint: 'https://gateway.example/oauth/device_authorization',
      token_endpoint: 'https://gateway.example/oauth/token',
      revocation_endpoint: 'https://gateway.example/oauth/revoke',
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint_auth_methods_supported: ['none'],
      scopes_supported: ['openid', 'profile', 'email'],
      gateway_protocol_version: 1,
    }),
  )
})

test('a gateway without revocation does not advertise it', async () => {
  const server = fastify()
  server.route(metadata({ publicUrl: 'https://gateway.example', revocation: false }))

  const response = await server.inject(PATH)

  assert.deepEqual(
    Object.keys(response.json()).filter(name => name.startsWith('revocation')),
    [],
  )
})
