import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { answer, chunk, LAST_CHUNK, startUpstream, streamHead } from '../support/upstream.ts'

/** What describes the operator's account, network or connection. */
const STRIPPED = {
  'anthropic-ratelimit-requests-limit': '50',
  'anthropic-ratelimit-unified-status': 'allowed',
  'anthropic-organization-id': 'org-secret',
  'request-id': 'req_upstream',
  'x-request-id': 'req_upstream',
  via: '1.1 google',
  'cf-ray': 'abc',
  'cf-cache-status': 'DYNAMIC',
  server: 'cloudflare',
  'set-cookie': 'a=b',
  'strict-transport-security': 'max-age=1',
  'alt-svc': 'h3=":443"',
  location: 'http://elsewhere.test/',
  'keep-alive': 'timeout=5',
  'proxy-authenticate': 'Basic',
  trailer: 'x-later',
  upgrade: 'h2c',
  connection: 'keep-alive, x-hop',
  'x-hop': '1',
  'access-control-allow-origin': '*',
  'x-frame-options': 'SAMEORIGIN',
}

const KEPT = {
  date: 'Thu, 01 Jan 2026 00:00:00 GMT',
  'x-should-retry': 'true',
  'retry-after': '3',
  'x-robots-tag': 'none',
}

/** H-1, and the request id under both names. */
const OURS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'x-request-id': 'mine',
  'request-id': 'mine',
}

for (const status of [200, 400, 429]) {
  test(`with status ${status}, what describes the operator stays behind`, async () => {
    await using upstream = await startUpstream(() =>
      answer({ status, headers: { ...STRIPPED, ...KEPT, 'content-type': 'application/json' }, body: '{}' }),
    )
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

    const reply = await post(relay.port, { headers: { 'x-client-request-id': 'mine' } })

    assert.equal(reply.status, status)
    assert.deepEqual(reply.headers, {
      ...OURS,
      ...KEPT,
      'content-type': 'application/json',
      'content-length': '2',
      connection: 'close',
    })
    assert.equal((await relay.audited(1))[0]?.upstream_request_id, 'req_upstream')
  })
}

test('a stream leaves the same headers behind', async () => {
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead({ ...STRIPPED, ...KEPT }), chunk(REPLY_EVENTS.join('')), LAST_CHUNK]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY, headers: { 'x-client-request-id': 'mine' } })

  assert.deepEqual(reply.headers, {
    ...OURS,
    ...KEPT,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
    'transfer-encoding': 'chunked',
    connection: 'close',
  })
})
