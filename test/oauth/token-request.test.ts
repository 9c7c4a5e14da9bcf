import assert from 'node:assert/strict'
import { test } from 'node:test'
import { revoke } from '../../app/oauth/revoke.ts'
import { token } from '../../app/oauth/token.ts'
import { openSessionRig } from '../support/session-rig.ts'

const DEVICE = 'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code'

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['no grant type', 'device_code=x', 'unsupported_grant_type'],
  ['an empty grant type', 'grant_type=&device_code=x', 'unsupported_grant_type'],
  ['another grant type', 'grant_type=client_credentials', 'unsupported_grant_type'],
  ['an empty form', '', 'unsupported_grant_type'],
  ['a repeated grant type', `${DEVICE}&${DEVICE}&device_code=x`, 'invalid_request'],
  ['a repeated device code', `${DEVICE}&device_code=x&device_code=x`, 'invalid_request'],
  ['a repeated refresh token', 'grant_type=refresh_token&refresh_token=x&refresh_token=y', 'invalid_request'],
  ['a repeated client id', `${DEVICE}&device_code=x&client_id=a&client_id=a`, 'invalid_request'],
  ['no device code', DEVICE, 'invalid_request'],
  ['an empty device code', `${DEVICE}&device_code=`, 'invalid_request'],
  ['no refresh token', 'grant_type=refresh_token', 'invalid_request'],
  ['an unknown device code', `${DEVICE}&device_code=x`, 'expired_token'],
  ['parameters nobody knows, twice', `${DEVICE}&device_code=x&resource=a&resource=b`, 'expired_token'],
]

for (const [what, form, error] of REFUSED) {
  test(`the token endpoint answers ${error} to ${what}`, async () => {
    await using rig = await openSessionRig()

    const answer = await rig.gateway.post('/oauth/token', form)

    assert.deepEqual([answer.status, answer.body], [400, { error }])
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('pragma'), 'no-cache')
  })
}

for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
  test(`the token endpoint takes forms only, not ${type}`, async () => {
    await using rig = await openSessionRig()

    const response = await fetch(`http://127.0.0.1:${rig.gateway.port}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: `${DEVICE}&device_code=x`,
    })

    assert.deepEqual([response.status, await response.json()], [400, { error: 'invalid_request' }])
  })
}

test('a body of more than 64 KiB is refused', async () => {
  await using rig = await openSessionRig()

  const answer = await rig.gateway.collect('x'.repeat(64 * 1024))

  assert.equal(answer.status, 413)
})

test('a drain does not end sign-ins, refreshes and log-outs', () => {
  const routes = [token, revoke].map(route => route({} as never)) // nothing is asked of the options before a request

  assert.deepEqual(
    routes.map(({ url, config }) => [url, config?.servedWhileDraining]),
    [
      ['/oauth/token', true],
      ['/oauth/revoke', true],
    ],
  )
})
