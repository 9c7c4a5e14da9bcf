import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { guardedFetch } from '../../app/net/fetch.ts'
import { openNetwork } from '../../app/net/network.ts'
import { startHttp } from '../support/http-server.ts'

/** A fetch with small bounds, and a server that answers with `listener`. */
async function arrange(listener: RequestListener, totalMs = 60_000) {
  const server = await startHttp(listener)
  const network = openNetwork({ allowLoopback: true })
  const dispatcher = network.dispatcher({ purpose: 'idp' })
  return {
    server,
    fetch: guardedFetch({ dispatcher, totalMs, maxBytes: 1024 }),
    async [Symbol.asyncDispose]() {
      await network.close()
      await server.stop()
    },
  }
}

test('an answer arrives with its status, headers and body', async () => {
  await using bench = await arrange((request, response) => {
    response.writeHead(201, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    request.on('data', chunk => response.end(gzipSync(`{"sent":"${chunk}"}`)))
  })

  const body = new URLSearchParams({ grant: 'code' })
  const response = await bench.fetch(`${bench.server.origin}/token`, { method: 'POST', body })

  assert.equal(response.status, 201)
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.deepEqual(await response.json(), { sent: 'grant=code' })
  assert.equal(
    bench.server.requests[0]?.headers['content-type'],
    'application/x-www-form-urlencoded;charset=UTF-8',
  )
})

test('a redirect is an error, and its target is not asked', async () => {
  await using bench = await arrange((_request, response) => {
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end()
  })

  await assert.rejects(bench.fetch(`${bench.server.origin}/jwks`), {
    code: 'ERR_UNEXPECTED_REDIRECT',
    message: `127.0.0.1:${bench.server.port} answered with a redirect (302), which is not followed`,
  })
  assert.equal(bench.server.requests.length, 1)
})

test('an answer of exactly the longest length is read, and one byte more is refused', async () => {
  await using bench = await arrange((request, response) =>
    response.end('x'.repeat(Number(request.url?.slice(1)))),
  )

  const longest = await bench.fetch(`${bench.server.origin}/1024`)

  assert.equal((await longest.text()).length, 1024)
  await assert.rejects(bench.fetch(`${bench.server.origin}/1025`), { code: 'ERR_ANSWER_TOO_LONG' })
})

test('an endless answer is cut at the bound', async () => {
  await using bench = await arrange((_request, response) => {
    const more = (): void => {
      while (response.write('x'.repeat(512)));
      response.once('drain', more)
    }
    more()
  })

  await assert.rejects(bench.fetch(bench.server.origin), { code: 'ERR_ANSWER_TOO_LONG' })
})

test('a compressed answer is counted decompressed', async () => {
  await using bench = await arrange((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000)))
  })

  await assert.rejects(bench.fetch(bench.server.origin), { code: 'ERR_ANSWER_TOO_LONG' })
})

test('a server that never answers, and one that never finishes, end at the deadline', async () => {
  await using silent = await arrange(() => {}, 50)
  await using slow = await arrange((_request, response) => response.write('x'), 50)

  await assert.rejects(silent.fetch(silent.server.origin), { name: 'TimeoutError' })
  await assert.rejects(slow.fetch(slow.server.origin), { name: 'TimeoutError' })
})

test('the caller can give up earlier', async () => {
  const giveUp = new AbortController()
  await using bench = await arrange(() => giveUp.abort(new Error('the client left')))

  await assert.rejects(bench.fetch(bench.server.origin, { signal: giveUp.signal }), {
    message: 'the client left',
  })
})

test('what the guard refuses reaches the caller with its code', async () => {
  await using bench = await arrange(() => {})

  await assert.rejects(bench.fetch('http://169.254.169.254/'), { code: 'ECONNREFUSED_SSRF' })
})
