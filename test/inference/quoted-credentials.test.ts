import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { errorAnswer, startUpstream } from '../support/upstream.ts'

const CASES = [
  ['an API key', { api_key: 'key-of-the-operator' }, 'key-of-the-operator'],
  ['an OAuth token', { oauth_token: 'token-of-the-operator' }, 'token-of-the-operator'],
] as const

for (const [what, auth, credential] of CASES) {
  test(`an error in which an upstream quotes ${what} that it was sent is told in our words`, async () => {
    await using upstream = await startUpstream(() =>
      errorAnswer(400, 'invalid_request_error', `no budget is left for ${credential}`),
    )
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin, auth }] })

    const { status, body } = await post(relay.port, { headers: { 'x-client-request-id': 'r-1' } })

    const error = { type: 'invalid_request_error', message: 'the upstream refused the request' }
    assert.deepEqual([status, JSON.parse(body)], [400, { type: 'error', request_id: 'r-1', error }])
    assert.ok(JSON.stringify(upstream.requests[0]?.headers).includes(credential))
  })
}
