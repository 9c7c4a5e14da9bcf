// The largest requests that pass, and the smallest that do not.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'node:test'
import { KeptConnection, parseAnswer, received } from '../support/raw-http.ts'
import { assertRefusal } from '../support/refusal-body.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

const MIB = 1024 * 1024
const LIMIT = 32 * MIB

/** A request of exactly `length` bytes. */
function bodyOf(length: number): Buffer {
  const [before, after] = [
    '{"model":"claude-sonnet-5","max_tokens":1,"messages":[{"role":"user","content":"',
    '"}]}',
  ]
  return Buffer.from(before + 'x'.repeat(length - before.length - after.length) + after)
}

function head(bearer: string, length: number, more: readonly string[] = []): string {
  const lines = ['POST /v1/messages HTTP/1.1', 'Host: g', `Authorization: Bearer ${bearer}`]
  return [...lines, `Content-Length: ${length}`, ...more, '', ''].join('\r\n')
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

for (const length of [31 * MIB, LIMIT]) {
  test(`a body of ${length} bytes reaches the upstream byte for byte`, async () => {
    await using whole = await openWholeGateway()
    const { access_token } = await whole.tokens()
    const body = bodyOf(length)
    const connection = new KeptConnection(Number(new URL(whole.gateway.url).port))

    connection.socket.write(head(access_token, length))
    connection.socket.write(body)
    const { status } = await connection.answer()

    connection.close()
    const arrived = whole.upstreams[0]?.requests[0]?.body ?? Buffer.alloc(0)
    assert.deepEqual([status, arrived.length, sha256(arrived)], [200, length, sha256(body)])
  })
}

const TOO_LARGE = {
  ...{ status: 413, type: 'request_too_large' },
  message: `the request body is larger than ${LIMIT} bytes`,
}

for (const [what, length] of [
  ['one byte too many', LIMIT + 1],
  ['33 MiB', 33 * MIB],
  ['a petabyte', 1024 ** 5],
] as const) {
  test(`${what} announced is refused before a byte of it was sent, and the connection closes`, async () => {
    await using whole = await openWholeGateway()
    const { access_token } = await whole.tokens()
    const socket = connect(Number(new URL(whole.gateway.url).port), '127.0.0.1')
    socket.write(head(access_token, length))

    const { headers, ...answer } = parseAnswer(await received(socket))

    const { connection, ...others } = headers
    assert.equal(connection, 'close')
    assertRefusal({ ...answer, headers: others }, TOO_LARGE)
    assert.equal(whole.upstreams[0]?.requests.length, 0)
  })
}

test('a body that is refused for its size is not asked for either', async () => {
  await using whole = await openWholeGateway()
  const { access_token } = await whole.tokens()
  const socket = connect(Number(new URL(whole.gateway.url).port), '127.0.0.1')
  socket.write(head(access_token, 33 * MIB, ['Expect: 100-continue']))

  const answer = parseAnswer(await received(socket))

  assert.equal(answer.status, 413)
})

test('a wrong bearer is told before a large body is asked for', async () => {
  await using whole = await openWholeGateway()
  const socket = connect(Number(new URL(whole.gateway.url).port), '127.0.0.1')
  socket.write(head('wrong', 31 * MIB, ['Expect: 100-continue']))

  const answer = parseAnswer(await received(socket))

  assert.deepEqual([answer.status, answer.headers['x-should-retry']], [401, 'false'])
})
