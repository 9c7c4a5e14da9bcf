// What the person at the terminal reads when the gateway refuses, or does not answer.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createCertificate } from '../support/certificate.ts'
import { runAtGateway } from '../support/gateway-command.ts'
import { startHttp } from '../support/http-server.ts'

const KEY = `marked-${'k'.repeat(32)}`
const LIMIT = {
  ...{ type: 'spend_limit', id: 'spl_1', created_at: '2026-11-22T19:39:53.193Z', currency: 'USD' },
  ...{
    updated_at: '2026-11-22T19:39:53.193Z',
    scope: { type: 'organization' },
    amount: '500',
    period: 'monthly',
  },
}
const SET = ['limits', 'set', '--organization', '--amount', '5']

async function said(words: readonly string[], listener: RequestListener) {
  await using server = await startHttp(listener)
  const { code, stdout, stderr } = await runAtGateway(words, { origin: server.origin, key: KEY })
  assert.ok(!`${stdout}${stderr}`.includes('marked-'), 'the key was shown')
  return { code, stdout, stderr: stderr.replaceAll(server.origin, 'ORIGIN'), requests: server.requests }
}

function refuse(status: number, message: string): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1' })
    response.end(JSON.stringify({ type: 'error', error: { type: 'x', message }, request_id: 'req_1' }))
  }
}

test('a refusal is a sentence with the gateway’s own words, the request and a fix', async () => {
  const rows = [
    [401, 1, 'the gateway does not know this admin key', /^ {2}Fix: look whether GATEHOUSE_ADMIN_KEY, or /],
    [
      403,
      1,
      'this key may not do that, or not from this address',
      /^ {2}Fix: use a key of admin\.write_keys/,
    ],
    [404, 1, 'there is no such thing at this gateway', /^ {2}Fix: .* has an `admin` section\.$/],
    [409, 1, 'the change clashes with another one', /^ {2}Fix: look at what is there now/],
    [503, 3, 'the gateway cannot answer now', /^ {2}Fix: run the command again in a few seconds/],
    [400, 1, 'the gateway answers 400', /^$/],
    [429, 3, 'the gateway answers 429', /^$/],
    [500, 3, 'the gateway answers 500', /^$/],
  ] as const
  for (const [status, exitCode, sentence, fix] of rows) {
    const { code, stdout, stderr, requests } = await said(SET, refuse(status, 'because'))

    const [first, second = ''] = stderr.split('\n')
    assert.deepEqual([code, stdout, requests.length], [exitCode, '', 1])
    assert.equal(first, `gatehouse: ${sentence}: because (request req_1)`)
    assert.match(second, fix)
  }
})

test('a refusal by something else than the gateway is told by its status, without its page', async () => {
  const { code, stderr } = await said(['limits', 'list'], (_request, response) => {
    response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>\u001b[31mBad gateway</h1>')
  })

  assert.deepEqual([code, stderr], [3, 'gatehouse: the gateway answers 502\n'])
})

test('an answer that got lost is asked for once more, under the same Idempotency-Key', async () => {
  let count = 0
  const { code, stdout, requests } = await said(SET, (request, response) => {
    count += 1
    if (count === 1) request.socket.destroy()
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(LIMIT))
  })

  const keyOf = ({ headers }: IncomingMessage) => headers['idempotency-key']
  assert.equal(code, 0)
  assert.match(stdout, /^organization {2}monthly {2}\$5\.00 {9}spl_1$/m)
  assert.equal(requests.length, 2)
  assert.equal(requests[0] && keyOf(requests[0]), requests[1] && keyOf(requests[1]))
  assert.match(String(requests[0]?.headers['idempotency-key']), /^[0-9a-f-]{36}$/)
})

test('two answers that got lost leave it open whether something changed', async () => {
  const changed = await said(SET, request => void request.socket.destroy())
  const read = await said(['limits', 'list'], request => void request.socket.destroy())

  assert.deepEqual([changed.code, changed.requests.length, read.code], [3, 2, 3])
  assert.match(changed.stderr, /^gatehouse: no answer from ORIGIN \(\w+\)\. The change may have been made: /)
  assert.match(
    read.stderr,
    /^gatehouse: no answer from ORIGIN \(\w+\)\.\n {2}Fix: look whether the URL is right/,
  )
})

test('a gateway that does not run is told apart from one that does not answer', async () => {
  const { origin, stop } = await startHttp(() => {})
  await stop()

  const { code, stderr } = await runAtGateway(SET, { origin, key: KEY })

  assert.equal(code, 3)
  assert.equal(
    stderr,
    `gatehouse: no answer from ${origin} (ECONNREFUSED).\n  Fix: look whether the gateway runs, and at the port of the URL.\n`,
  )
})

test('a redirect is not followed: the key goes nowhere else', async () => {
  await using elsewhere = await startHttp((_request, response) => void response.end('{}'))

  const { code, stderr } = await said(['limits', 'list'], (_request, response) => {
    response.writeHead(302, { location: elsewhere.origin }).end()
  })

  assert.deepEqual([code, elsewhere.requests.length], [3, 0])
  assert.match(stderr, /\n {2}Fix: give the URL of the gateway itself: it never redirects\.\n$/)
})

test('an answer that is not one of the Admin API is told as such', async () => {
  for (const body of ['<html>', '{}', '{"data":[{"id":7}]}']) {
    const { code, stdout, stderr } = await said(['limits', 'list'], (_request, response) => {
      response.end(body)
    })

    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^gatehouse: the answer is not one of the Admin API: look whether the URL is/)
  }
})

test('a certificate that nobody vouches for is told with the way to trust it, before the key is sent', async () => {
  const { certificate_pem: cert, private_key_pem: key } = createCertificate()
  const paths: (string | undefined)[] = []
  const server = createServer({ cert, key }, ({ url }) => void paths.push(url)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port

  const { code, stderr } = await runAtGateway(SET, { origin: `https://127.0.0.1:${port}`, key: KEY })
  server.close()

  assert.deepEqual([code, paths], [3, []])
  assert.match(
    stderr,
    /\(DEPTH_ZERO_SELF_SIGNED_CERT\)\.\n {2}Fix: .* NODE_EXTRA_CA_CERTS=\/path\/to\/ca\.pem/,
  )
})

test('the guard of the gateway’s own requests holds for commands too', async () => {
  for (const origin of ['https://169.254.169.254', 'https://[fd00:ec2::254]', 'https://0.0.0.0']) {
    const { code, stderr } = await runAtGateway(['limits', 'list'], { origin, key: KEY })

    assert.equal(code, 1)
    assert.match(stderr, /^gatehouse: upstream gateway: the connection to .* is refused: .* address\n$/)
  }
})
