import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { readBody } from '../../app/http/body.ts'
import { startListener } from '../support/listener.ts'
import { exchangeOpen, KeptConnection, parseAnswer, received } from '../support/raw-http.ts'
import { assertRefusal } from '../support/refusal-body.ts'

const MIB = 1024 * 1024
const take: RouteOptions = {
  method: 'POST',
  url: '/take',
  handler: async request => String((await readBody(request, 64)).length),
}

test('257 KiB of headers get 431, without a line in any log', async () => {
  await using listener = await startListener()
  const filler = `X-Filler: ${'a'.repeat(1000)}\r\n`.repeat(262)

  const answer = parseAnswer(
    await exchangeOpen(listener.port, `GET /healthz HTTP/1.1\r\nHost: g\r\n${filler}\r\n`),
  )

  assertRefusal(answer, {
    status: 431,
    type: 'invalid_request_error',
    message: 'the headers are too large',
  })
  assert.equal(answer.headers['connection'], 'close')
  assert.deepEqual([listener.log.lines, listener.events], [[], []])
})

test('max_request_header_bytes lowers the limit', async () => {
  await using listener = await startListener([], {
    limits: { max_request_bytes: 1000, max_request_header_bytes: 2048 },
  })
  const request = (bytes: number) =>
    `GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: close\r\nX-Filler: ${'a'.repeat(bytes)}\r\n\r\n`

  const fits = parseAnswer(await exchangeOpen(listener.port, request(1900)))
  const over = parseAnswer(await exchangeOpen(listener.port, request(2100)))

  assert.equal(fits.status, 200)
  assert.equal(over.status, 431)
})

test('too many headers get 431: none is dropped in silence', async () => {
  await using listener = await startListener()
  const headers = (count: number) => Array.from({ length: count }, (_, i) => `a${i}: b\r\n`).join('')

  for (const count of [1_000, 1_500, 10_000]) {
    const answer = parseAnswer(
      await exchangeOpen(listener.port, `GET /v1/models HTTP/1.1\r\nHost: g\r\n${headers(count)}\r\n`),
    )

    assert.equal(answer.status, 431)
    assert.equal(answer.headers['connection'], 'close')
  }
  assert.deepEqual([listener.log.lines, listener.events], [[], []])
})

test('a URL of 1 MiB counts as headers and gets 431', async () => {
  await using listener = await startListener()
  const socket = connect(listener.port, '127.0.0.1')
  const text = received(socket)
  // The parser refuses at 256 KiB; what follows fits into what is still drained.
  socket.write(`GET /${'a'.repeat(300 * 1024)}`)

  assert.equal(parseAnswer(await text).status, 431)

  const flood = connect(listener.port, '127.0.0.1')
  const end = received(flood)
  flood.write(`GET /${'a'.repeat(MIB)} HTTP/1.1\r\nHost: g\r\n\r\n`)

  // Beyond 64 KiB the connection is cut, so the answer may be lost; a success it is never.
  assert.doesNotMatch(await end, /^HTTP\/1\.1 [^4]/)
})

test('max_url_length counts path and query', async () => {
  const limits = { max_request_bytes: 1000, max_request_header_bytes: 262_144, max_url_length: 20 }
  await using listener = await startListener([], { limits })
  const kept = new KeptConnection(listener.port)

  const fits = await kept.ask('GET /1234567890?23456789 HTTP/1.1\r\nHost: g\r\n\r\n')
  const over = await kept.ask('GET /1234567890?234567890 HTTP/1.1\r\nHost: g\r\n\r\n')

  assert.equal(fits.status, 404)
  assertRefusal(over, {
    status: 414,
    type: 'invalid_request_error',
    message: 'the URL is longer than 20 bytes',
  })
  kept.close()
})

test('33 MiB announced are refused before a byte is read', async () => {
  await using listener = await startListener([take])
  const announced = `POST /take HTTP/1.1\r\nHost: g\r\nContent-Length: ${33 * MIB}\r\n\r\n`

  const answer = parseAnswer(await exchangeOpen(listener.port, announced))

  assertRefusal(answer, {
    status: 413,
    type: 'request_too_large',
    message: 'the request body is larger than 33554432 bytes',
  })
  assert.equal(answer.headers['connection'], 'close')
})

test('a route with a smaller cap of its own refuses by that', async () => {
  await using listener = await startListener([{ ...take, config: { maxBodyBytes: 64 } }])
  const kept = new KeptConnection(listener.port)

  const fits = await kept.ask(`POST /take HTTP/1.1\r\nHost: g\r\nContent-Length: 64\r\n\r\n${'x'.repeat(64)}`)
  const over = await kept.ask('POST /take HTTP/1.1\r\nHost: g\r\nContent-Length: 65\r\n\r\n')

  assert.equal(fits.body, '64')
  assertRefusal(over, {
    status: 413,
    type: 'request_too_large',
    message: 'the request body is larger than 64 bytes',
  })
  kept.close()
})

test('after a refusal little more is read; a sender that goes on is cut off', async () => {
  await using listener = await startListener([take])
  const sockets: Socket[] = []
  listener.server.server.on('connection', socket => sockets.push(socket))
  const socket = connect(listener.port, '127.0.0.1')
  const end = received(socket)
  socket.write(`POST /take HTTP/1.1\r\nHost: g\r\nContent-Length: ${33 * MIB}\r\n\r\n`)
  socket.write(Buffer.alloc(33 * MIB))

  await end

  assert.ok(sockets[0]!.bytesRead < MIB) // one connection was made
})

test('bytes beyond a false length are not part of the body', async () => {
  await using listener = await startListener([take])

  const text = await exchangeOpen(
    listener.port,
    `POST /take HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\n\r\n${'x'.repeat(5000)}`,
  )

  assert.doesNotMatch(text, /\r\n\r\n5000/)
  assert.match(text, /HTTP\/1\.1 400 Bad Request/)
})
