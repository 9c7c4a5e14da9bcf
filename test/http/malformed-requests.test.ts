import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { readBody } from '../../app/http/body.ts'
import { startListener, type TestListener } from '../support/listener.ts'
import { exchange, exchangeOpen, KeptConnection, parseAnswer } from '../support/raw-http.ts'
import { assertRefusal } from '../support/refusal-body.ts'

const echo: RouteOptions = {
  method: 'POST',
  url: '/echo',
  handler: async request => (await readBody(request, 1000)).toString('latin1'),
}
const behind = 'GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n'

let listener: TestListener
before(async () => {
  listener = await startListener([echo])
})
after(() => listener[Symbol.asyncDispose]())

/** The request is answered with one 400, the connection ends, and what stood behind it is never answered. */
async function assertNotHttp(request: string) {
  const text = await exchangeOpen(listener.port, request + behind)

  const answer = parseAnswer(text)
  assertRefusal(answer, {
    status: 400,
    type: 'invalid_request_error',
    message: 'the request is not valid HTTP',
  })
  assert.equal(answer.headers['connection'], 'close')
  assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
}

test('a request with both a length and a transfer coding is refused', async () => {
  await assertNotHttp(
    'POST /echo HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  )
})

test('a transfer coding before a length is refused too', async () => {
  await assertNotHttp(
    'POST /echo HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
  )
})

test('two different lengths are refused', async () => {
  await assertNotHttp('POST /echo HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc')
})

test('a length that is no number is refused', async () => {
  await assertNotHttp('POST /echo HTTP/1.1\r\nHost: g\r\nContent-Length: 3x\r\n\r\nabc')
})

test('a line that ends in a bare line feed is refused', async () => {
  await assertNotHttp('GET /healthz HTTP/1.1\nHost: g\r\n\r\n')
})

test('a header that ends in a bare line feed is refused', async () => {
  await assertNotHttp('GET /healthz HTTP/1.1\r\nHost: g\nX-Forwarded-For: 10.0.0.1\r\n\r\n')
})

test('a folded header is refused', async () => {
  await assertNotHttp('GET /healthz HTTP/1.1\r\nHost: g\r\nX-A: b\r\n c\r\n\r\n')
})

test('a zero byte in a header is refused', async () => {
  await assertNotHttp('GET /healthz HTTP/1.1\r\nHost: g\r\nX-A: b\0c\r\n\r\n')
})

test('a space before the colon of a header is refused', async () => {
  await assertNotHttp('GET /healthz HTTP/1.1\r\nHost: g\r\nX-A : b\r\n\r\n')
})

test('a method nobody knows is refused', async () => {
  await assertNotHttp('GATE /healthz HTTP/1.1\r\nHost: g\r\n\r\n')
})

test('the preface of HTTP/2 is refused', async () => {
  await assertNotHttp('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
})

test('a body that ends before its length is answered with 400', async () => {
  const answer = parseAnswer(
    await exchange(listener.port, 'POST /echo HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nab'),
  )

  assertRefusal(answer, {
    status: 400,
    type: 'invalid_request_error',
    message: 'the request is not valid HTTP',
  })
})

test('a chunked body with extensions is refused unread, for want of a length', async () => {
  const text = await exchangeOpen(
    listener.port,
    `POST /echo HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n${behind}`,
  )

  const answer = parseAnswer(text)
  assertRefusal(answer, {
    status: 411,
    type: 'invalid_request_error',
    message: 'the request needs a Content-Length',
  })
  assert.equal(answer.headers['connection'], 'close')
})

test('HTTP/1.1 needs exactly one Host, HTTP/1.0 needs none', async () => {
  const expected = {
    status: 400,
    type: 'invalid_request_error',
    message: 'the request needs exactly one Host header',
  }
  const none = parseAnswer(await exchangeOpen(listener.port, 'GET /v1/models HTTP/1.1\r\n\r\n'))
  const two = parseAnswer(await exchangeOpen(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n'))
  const old = parseAnswer(await exchangeOpen(listener.port, 'GET /healthz HTTP/1.0\r\n\r\n'))

  assertRefusal(none, expected)
  assertRefusal(two, expected)
  assert.equal(two.headers['connection'], 'close')
  assert.equal(old.status, 200)
})

test('a request behind a refused body is never answered', async () => {
  const refused = `POST /echo HTTP/1.1\r\nHost: g\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(2000)}`

  const text = await exchangeOpen(listener.port, refused + behind)

  assert.equal(parseAnswer(text).status, 413)
  assert.equal(parseAnswer(text).headers['connection'], 'close')
  assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1)
})

test('CONNECT closes the socket without an answer', async () => {
  const text = await exchangeOpen(listener.port, 'CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: g\r\n\r\n')

  assert.equal(text, '')
})

test('Upgrade is ignored: the request is served as HTTP/1.1', async () => {
  const kept = new KeptConnection(listener.port)

  const answer = await kept.ask(
    'GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )

  assert.equal(answer.status, 200)
  assert.equal(answer.body, 'ok')
  kept.close()
})

test('requests that are not HTTP are neither logged nor audited', () => {
  assert.deepEqual(listener.log.lines, [])
  assert.deepEqual(listener.events, [])
})
