import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { Refusal } from '../../app/http/errors.ts'
import { startBodyReader } from '../support/body-reader.ts'
import { exchangeOpen, parseAnswer, received } from '../support/raw-http.ts'
import { assertRefusal } from '../support/refusal-body.ts'

const MIB = 1024 * 1024

function bodyOf(bytes: number): Buffer {
  const head = '{"model":"a","x":"'
  return Buffer.from(`${head}${'a'.repeat(bytes - head.length - 2)}"}`)
}

function head(length: number, more = ''): string {
  return `POST /v1/messages HTTP/1.1\r\nHost: g\r\n${more}Content-Length: ${length}\r\n\r\n`
}

test('31 MiB pass whole', async () => {
  await using reader = await startBodyReader()

  const response = await reader.post(new Uint8Array(bodyOf(31 * MIB)))

  const answer = { model: 'a', stream: false, length: 31 * MIB, sum: 31 * MIB, kept: 0 }
  assert.deepEqual([response.status, await response.json()], [200, answer])
})

test('33 MiB get 413 before a byte is read', async () => {
  await using reader = await startBodyReader()

  const answer = parseAnswer(await exchangeOpen(reader.port, head(33 * MIB)))

  assert.equal(answer.status, 413)
  assert.deepEqual(reader.outcomes, [])
})

test('every content coding is undone, in any case', async () => {
  await using reader = await startBodyReader()
  const text = '{"model":"a","stream":true}'
  const encoded = {
    identity: Buffer.from(text),
    GZIP: gzipSync(text),
    deflate: deflateSync(text),
    br: brotliCompressSync(text),
    zstd: zstdCompressSync(text),
  }

  for (const [encoding, body] of Object.entries(encoded)) {
    const response = await reader.post(new Uint8Array(body), { 'content-encoding': encoding })

    const answer = { model: 'a', stream: true, length: text.length, sum: text.length, kept: 0 }
    assert.deepEqual([encoding, await response.json()], [encoding, answer])
  }
})

test('an unknown or doubled content coding is refused with 415', async () => {
  await using reader = await startBodyReader()

  for (const encoding of ['compress', 'gzip, gzip', 'gzip, identity', 'x']) {
    const more = `Content-Encoding: ${encoding}\r\nConnection: close\r\n`
    const answer = parseAnswer(await exchangeOpen(reader.port, `${head(2, more)}{}`))

    assertRefusal(answer, {
      status: 415,
      type: 'invalid_request_error',
      message:
        'the request body must be sent as it is or with one of the content codings gzip, deflate, br, zstd',
    })
  }
})

test('a small body that unpacks to more than the limit gets 413', async () => {
  const held: number[] = []
  await using reader = await startBodyReader({ maxBytes: MIB, hold: bytes => void held.push(bytes) })
  const bomb = gzipSync(bodyOf(40 * MIB))

  const response = await reader.post(new Uint8Array(bomb), { 'content-encoding': 'gzip' })

  assert.equal(response.status, 413)
  assert.ok(Math.max(...held) <= MIB)
})

test('a body that does not fit its content coding is refused', async () => {
  await using reader = await startBodyReader()
  const cut = gzipSync('{"model":"a"}').subarray(0, 20)

  for (const body of [cut, Buffer.from('{"model":"a"}')]) {
    const response = await reader.post(new Uint8Array(body), { 'content-encoding': 'gzip' })

    const { error } = (await response.json()) as { error: object } // the error shape
    const message = 'the request body does not match its content-encoding'
    assert.deepEqual([response.status, error], [400, { type: 'invalid_request_error', message }])
  }
})

test('a refused place for what is unpacked ends the reading', async () => {
  const hold = () => {
    throw new Refusal('saturated', 'the gateway is at capacity')
  }
  await using reader = await startBodyReader({ hold })

  const response = await reader.post(new Uint8Array(gzipSync(bodyOf(MIB))), { 'content-encoding': 'gzip' })

  assert.equal(response.status, 503)
})

test('a sender that pauses longer than client_body_ms gets 408 and is cut off', async () => {
  await using reader = await startBodyReader({}, { clientBodyMs: 30 })

  const answer = parseAnswer(await exchangeOpen(reader.port, `${head(100)}{"model"`))

  assertRefusal(answer, {
    status: 408,
    type: 'timeout_error',
    message: 'the request body did not arrive in time',
  })
  assert.equal(answer.headers['connection'], 'close')
})

test('a sender that stops short gets 400', async () => {
  await using reader = await startBodyReader()
  const socket = connect({ port: reader.port, host: '127.0.0.1', allowHalfOpen: true })
  const text = received(socket)

  socket.end(`${head(100)}{"model":"a"}`)

  assert.equal(parseAnswer(await text).status, 400)
})

test('a sender that goes away ends the reading at once', async () => {
  await using reader = await startBodyReader()
  const socket = connect(reader.port, '127.0.0.1')
  socket.write(`${head(100)}{"model"`)
  await once(reader.server.server, 'request')

  socket.destroy()

  assert.equal(String(await reader.firstOutcome), 'Refusal: the request body ended early')
})

test('a body that is wrong from the start is read to its end, so that its sender hears of it', async () => {
  await using reader = await startBodyReader()

  const response = await reader.post(new Uint8Array(Buffer.concat([Buffer.from('}'), bodyOf(4 * MIB)])))

  assert.equal(response.status, 400)
})
