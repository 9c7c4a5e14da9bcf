import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { startListener, type TestListener } from '../support/listener.ts'
import { exchangeOpen, KeptConnection } from '../support/raw-http.ts'
import { assertRefusal } from '../support/refusal-body.ts'

const publicUrl = 'https://gateway.example'
const routes: RouteOptions[] = [
  { method: 'POST', url: '/v1/messages', handler: () => 'messages' },
  { method: 'GET', url: '/protocol', config: { takesHead: true }, handler: () => publicUrl },
  { method: ['GET', 'DELETE'], url: '/v1/things/:id', handler: request => request.params },
  { method: 'GET', url: '/v1/things/all', handler: () => 'all' },
]
let listener: TestListener
let kept: KeptConnection
before(async () => {
  listener = await startListener(routes, { publicUrl })
  kept = new KeptConnection(listener.port)
})
after(async () => {
  kept.close()
  await listener[Symbol.asyncDispose]()
})

const ask = (method: string, target: string, headers = '') =>
  kept.ask(`${method} ${target} HTTP/1.1\r\nHost: evil.example\r\n${headers}\r\n`)

async function assertUnknown(method: string, target: string) {
  const { 'strict-transport-security': strict, ...headers } = (await ask(method, target)).headers
  assert.equal(strict, 'max-age=31536000')
  const answer = await ask(method, target)
  delete (answer.headers as Record<string, string>)['strict-transport-security'] // asserted above
  assertRefusal(answer, {
    status: 404,
    type: 'not_found_error',
    message: 'the gateway has nothing at this path',
  })
  assert.equal(headers['allow'], undefined)
}

test('a path is known only when it is spelled exactly', async () => {
  for (const target of [
    ...['/nowhere', '/protocol/', '//protocol', '/Protocol', '/protocol;x', '/./protocol', '/x/../protocol'],
    ...[
      '/%70rotocol',
      '/protocol%2F',
      '/protocol%00',
      '/%zz',
      '/protocol#x',
      '/v1%2Fmessages',
      '/V1/messages',
    ],
    ...['/v1/things/', '/v1/things/a/b', '/v1//a', '*'],
  ]) {
    await assertUnknown('GET', target)
  }
})

test('an unknown path is unknown by every method, whatever body comes with it', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND']) {
    for (const headers of ['', 'Content-Type: application/json\r\n', 'Content-Type: nonsense\r\n']) {
      const asked = `${method} /nowhere HTTP/1.1\r\nHost: g\r\n${headers}Content-Length: 5\r\n\r\nab%zz`

      const answer = await exchangeOpen(listener.port, asked)

      assert.match(answer, /^HTTP\/1\.1 404 /, `${method} ${headers}`)
    }
  }
})

test('a query never selects a route', async () => {
  const answer = await ask('GET', '/protocol?path=/v1/messages&_method=POST')

  assert.deepEqual([answer.status, answer.body], [200, publicUrl])
})

test('an absolute target counts by its path, and no answer repeats its host', async () => {
  const answer = await ask('GET', 'http://evil.example/protocol?x', 'X-Forwarded-Host: evil.example\r\n')

  assert.deepEqual([answer.status, answer.body], [200, publicUrl])
  assert.doesNotMatch(JSON.stringify(answer), /evil/)
})

test('a known path with a wrong method names the right ones', async () => {
  const cases = [
    ['GET', '/v1/messages', 'POST'],
    ['PUT', '/protocol', 'GET, HEAD'],
    ['PROPFIND', '/protocol', 'GET, HEAD'],
    ['OPTIONS', '/protocol', 'GET, HEAD'],
    ['TRACE', '/protocol', 'GET, HEAD'],
    ['OPTIONS', '/nowhere', ''],
    ['OPTIONS', '*', ''],
  ] as const
  for (const [method, target, allow] of cases) {
    const answer = await ask(method, target)
    assert.deepEqual([method, target, answer.status, answer.headers['allow']], [method, target, 405, allow])
    assert.match(answer.body, new RegExp(`"message":"${method} is not served here"`))
  }
})

test('HEAD works where a route says so, and nowhere else', async () => {
  const head = (target: string) => exchangeOpen(listener.port, `HEAD ${target} HTTP/1.0\r\n\r\n`)

  const served = await head('/protocol')
  const refused = await head('/v1/things/a')

  assert.match(served, /^HTTP\/1\.1 200 OK\r\n.*content-length: 23\r\n.*\r\n\r\n$/is)
  assert.match(refused, /^HTTP\/1\.1 405 Method Not Allowed\r\n.*allow: GET, DELETE\r\n.*\r\n\r\n$/is)
})

test('a parameter takes one segment, decoded by nobody before the route is chosen', async () => {
  const answer = await ask('GET', '/v1/things/a%40b')

  assert.deepEqual([answer.status, answer.body], [200, '{"id":"a@b"}'])
})

test('neither 404 nor 405 reads a body', async () => {
  for (const target of ['/nowhere', '/protocol']) {
    const own = new KeptConnection(listener.port)
    const answer = await own.ask(`POST ${target} HTTP/1.1\r\nHost: g\r\nContent-Length: 1000000000\r\n\r\n`)

    assert.ok(answer.status === 404 || answer.status === 405)
    assert.equal(answer.headers['connection'], 'close')
    own.close()
  }
})

test('a path that is spelled out is not one of a parameter, by whatever method', async () => {
  const answer = await ask('DELETE', '/v1/things/all')

  assert.deepEqual([answer.status, answer.headers['allow']], [405, 'GET'])
})
