import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startListener } from '../support/listener.ts'
import { KeptConnection } from '../support/raw-http.ts'

async function probe(path: string, isReady: boolean) {
  await using listener = await startListener([], { readiness: { isReady: () => Promise.resolve(isReady) } })
  const kept = new KeptConnection(listener.port)
  const { status, body, headers } = await kept.ask(`GET ${path} HTTP/1.1\r\nHost: g\r\n\r\n`)
  kept.close()
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.deepEqual(listener.events, [])
  return { status, body }
}

test('liveness is ok whatever is down, under both of its names', async () => {
  for (const path of ['/healthz', '/health']) {
    assert.deepEqual(await probe(path, false), { status: 200, body: 'ok' })
  }
})

test('readiness follows the store, under both of its names', async () => {
  for (const path of ['/readyz', '/ready']) {
    assert.deepEqual(await probe(path, true), { status: 200, body: 'ready' })
    assert.deepEqual(await probe(path, false), { status: 503, body: 'store unavailable' })
  }
})
