import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { request } from 'undici'
import { openNetwork } from '../../app/net/network.ts'
import { startHttp } from '../support/http-server.ts'

const server = await startHttp((_request, response) => response.end('hello'))
after(() => server.stop())

/** A resolver that gives `answers` one after the other, and counts the questions. */
function resolver(...answers: readonly string[][]) {
  const asked: string[] = []
  const lookup: LookupFunction = (host, _options, done) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(host)
    done(
      null,
      answer.map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { lookup, asked }
}

/** Asks for `url` through a network that resolves with `lookup`; answers the code of what went wrong. */
async function failure(url: string, lookup: LookupFunction, allowLoopback = false) {
  const network = openNetwork({ allowLoopback, lookup })
  const dispatcher = network.dispatcher({ purpose: 'idp' })
  try {
    const { statusCode } = await request(url, { dispatcher })
    return { code: statusCode, message: '' }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return { code: error.code, message: error.message }
  } finally {
    await network.close()
  }
}

test('a name that resolves to a metadata server is refused, and the refusal names purpose, host and address', async () => {
  const { lookup } = resolver(['169.254.169.254'])

  assert.deepEqual(await failure('http://idp.example.com/', lookup), {
    code: 'ECONNREFUSED_SSRF',
    message: 'idp: the connection to idp.example.com (169.254.169.254) is refused: metadata address',
  })
})

test('one forbidden address among good ones refuses the whole name', async () => {
  const { lookup } = resolver(['203.0.113.7', '2001:db8::7', '::ffff:127.0.0.1'])

  const { code } = await failure('https://idp.example.com/', lookup)

  assert.equal(code, 'ECONNREFUSED_SSRF')
})

test('a literal and a forbidden name are refused without a look-up', async () => {
  const { lookup, asked } = resolver(['203.0.113.7'])

  const codes = await Promise.all(
    ['http://2130706433/', 'http://[::ffff:a9fe:a9fe]/', 'https://localhost./', 'http://metadata.goog/'].map(
      async url => (await failure(url, lookup)).code,
    ),
  )

  assert.deepEqual(codes, new Array(4).fill('ECONNREFUSED_SSRF'))
  assert.deepEqual(asked, [])
})

test('a name is resolved once for a connection, so it cannot turn bad between check and use', async t => {
  const { lookup, asked } = resolver(['127.0.0.1'], ['169.254.169.254'])
  const network = openNetwork({ allowLoopback: true, lookup })
  t.after(() => network.close())
  const dispatcher = network.dispatcher({ purpose: 'idp' })

  const first = await request(`http://rebind.example.com:${server.port}/`, { dispatcher })
  await first.body.dump()
  await setImmediate() // the socket is free again one turn after its last byte
  const kept = await request(`http://rebind.example.com:${server.port}/`, { dispatcher })
  await kept.body.dump()

  assert.equal(kept.statusCode, 200)
  assert.deepEqual(asked, ['rebind.example.com'])
})

test('a name that has turned bad is refused at the next connection', async () => {
  const { lookup } = resolver(['127.0.0.1'], ['169.254.169.254'])
  const url = `http://rebind.example.com:${server.port}/`

  const before = await failure(url, lookup, true)
  const afterwards = await failure(url, lookup, true)

  assert.deepEqual([before.code, afterwards.code], [200, 'ECONNREFUSED_SSRF'])
})

test('the pinned connection still says the name it was asked for', async () => {
  const { lookup } = resolver(['127.0.0.1'])

  await failure(`http://idp.example.com:${server.port}/`, lookup, true)

  assert.equal(server.requests.at(-1)?.headers.host, `idp.example.com:${server.port}`)
})

test('loopback is refused with the name of the variable that opens it', async () => {
  const { lookup } = resolver(['::1'])

  assert.deepEqual(await failure(`http://127.0.0.1:${server.port}/`, lookup), {
    code: 'ECONNREFUSED_SSRF',
    message:
      'idp: the connection to 127.0.0.1 is refused: loopback address; CLAUDE_GATEWAY_ALLOW_LOOPBACK=1 allows it',
  })
})

test('open loopback does not open metadata servers', async () => {
  const { lookup } = resolver(['169.254.169.254'])

  const { code } = await failure('http://idp.example.com/', lookup, true)

  assert.equal(code, 'ECONNREFUSED_SSRF')
})

test('private addresses pass the guard', async () => {
  const { lookup } = resolver(['10.0.0.1', 'fd12:3456::1'])

  const { code } = await failure('http://idp.example.com/', lookup)

  // The tests' own barrier, which stands behind the guard.
  assert.equal(code, 'ERR_TEST_ESCAPE')
})
