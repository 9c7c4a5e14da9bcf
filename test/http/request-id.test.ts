import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startListener } from '../support/listener.ts'
import { KeptConnection } from '../support/raw-http.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

async function idsFor(...headers: string[]) {
  await using listener = await startListener()
  const kept = new KeptConnection(listener.port)
  const ids: string[] = []
  for (const header of headers) {
    const answer = await kept.ask(`GET /healthz HTTP/1.1\r\nHost: g\r\n${header}\r\n`)
    ids.push(answer.headers['x-request-id'] ?? '')
  }
  kept.close()
  return ids
}

test('a client may name its request with a plain word of up to 128 characters', async () => {
  const longest = 'x'.repeat(128)

  const ids = await idsFor('x-client-request-id: run-7.step:2_a\r\n', `x-client-request-id: ${longest}\r\n`)

  assert.deepEqual(ids, ['run-7.step:2_a', longest])
})

test('anything else is ignored for a fresh UUID', async () => {
  const ids = await idsFor(
    '',
    `x-client-request-id: ${'x'.repeat(129)}\r\n`,
    'x-client-request-id: a b\r\n',
    'x-client-request-id: a%0d%0aset-cookie:b\r\n',
    'x-client-request-id: \xfcber\r\n',
    'x-client-request-id: a\r\nx-client-request-id: b\r\n',
    'x-request-id: mine\r\n',
  )

  for (const id of ids) assert.match(id, UUID)
  assert.equal(new Set(ids).size, ids.length)
})
