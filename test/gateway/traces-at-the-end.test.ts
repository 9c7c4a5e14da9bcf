// The spans of what still runs when the process is told to stop.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { SignJWT } from 'jose'
import { startCollector } from '../support/collector.ts'
import { decodeTraces } from '../support/decoded-traces.ts'
import { freePort } from '../support/free-port.ts'
import { JWT_SECRET } from '../support/gateway.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { startIdp } from '../support/idp.ts'
import { createDatabase } from '../support/postgres.ts'
import { received } from '../support/raw-http.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { tracing } from '../support/traced-gateway.ts'
import { chunk, startUpstream, streamHead } from '../support/upstream.ts'
import { ASK } from '../support/whole-gateway.ts'

test('a stream that the end of the process cuts is told to the collector before the process ends', async () => {
  await using collector = await startCollector()
  await using database = await createDatabase()
  await using idp = await startIdp()
  const half = REPLY_EVENTS.slice(0, 4).join('')
  await using upstream = await startUpstream(() => Buffer.concat([streamHead(), chunk(half)]))
  const port = await freePort()
  await using gateway = serveGateway(
    {
      ...{ port, issuer: idp.issuer, databaseUrl: database.url, upstreamUrls: [upstream.origin] },
      sections: tracing(collector),
    },
    { variables: { CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS: '100' } },
  )
  await gateway.line('ready')
  const body = JSON.stringify({ ...ASK, stream: true })
  const head = ['POST /v1/messages HTTP/1.1', 'Host: g', `Authorization: Bearer ${await bearerFor(port)}`]
  const socket = connect(port, '127.0.0.1')
  const answer = received(socket)
  socket.write([...head, `Content-Length: ${body.length}`, '', body].join('\r\n'))
  await once(socket, 'data')

  gateway.signal('SIGTERM')
  await answer
  const code = await gateway.exited

  const spans = collector.exports.flatMap(({ body: bytes }) => decodeTraces(bytes).spans)
  const server = spans.find(({ name }) => name === 'POST /v1/messages')
  assert.equal(code, 0)
  assert.equal(server?.attributes['gatehouse.outcome'], 'drained')
  assert.deepEqual(
    server.events.map(({ name }) => name),
    ['first_byte', 'drain'],
  )
  const event = gateway.events().find(({ evt }) => evt === 'inference')
  assert.equal(event?.['trace_id'], server.traceId)
})

function bearerFor(port: number): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const about = { sub: 'u', aud: 'claude-gateway', iss: `http://127.0.0.1:${port}`, iat: now, exp: now + 600 }
  return new SignJWT(about).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(Buffer.from(JWT_SECRET))
}
