import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { readBody } from '../../app/http/body.ts'
import { Refusal } from '../../app/http/errors.ts'
import { startListener } from '../support/listener.ts'
import { exchangeOpen, KeptConnection, parseAnswer } from '../support/raw-http.ts'

const head = 'Host: g\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n'
const take: RouteOptions = {
  method: 'POST',
  url: '/take',
  handler: async request => (await readBody(request, 64)).toString(),
}
const guarded: RouteOptions = {
  ...take,
  url: '/guarded',
  onRequest: async () => {
    throw new Refusal('missing_bearer', 'the request carries no bearer token')
  },
}

test('a held-back body is asked for once the checks have passed', async () => {
  await using listener = await startListener([take])
  const kept = new KeptConnection(listener.port)

  const first = await kept.ask(`POST /take HTTP/1.1\r\n${head}`)
  const second = await kept.ask('abc')

  assert.deepEqual(first, { status: 100, headers: {}, body: '' })
  assert.deepEqual([second.status, second.body], [200, 'abc'])
  kept.close()
})

test('a refused request is never asked for its body', async () => {
  await using listener = await startListener([take, guarded])

  for (const target of ['/nowhere', '/guarded']) {
    const text = await exchangeOpen(listener.port, `POST ${target} HTTP/1.1\r\n${head}`)

    assert.doesNotMatch(text, /100 Continue/)
    assert.equal(parseAnswer(text).headers['connection'], 'close')
  }
})

test('an expectation that nobody knows is ignored', async () => {
  await using listener = await startListener([])
  const kept = new KeptConnection(listener.port)

  const answer = await kept.ask('GET /healthz HTTP/1.1\r\nHost: g\r\nExpect: tea\r\n\r\n')

  assert.equal(answer.status, 200)
  kept.close()
})
