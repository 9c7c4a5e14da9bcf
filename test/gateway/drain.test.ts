// The end of a process under open streams, as a platform brings it about.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { openStreams, startStreaming, streamOf, WHOLE_EVENTS } from '../support/held-streams.ts'
import { exchangeOpen, KeptConnection } from '../support/raw-http.ts'
import { REPLY_EVENTS } from '../support/sse.ts'

const form = 'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=unknown'
const POLL = [
  ...['POST /oauth/token HTTP/1.1', 'Host: g', 'Content-Type: application/x-www-form-urlencoded'],
  ...[`Content-Length: ${form.length}`, '', form],
].join('\r\n')

/** Requests of which the gateway has the first byte when the signal comes, and the rest afterwards. */
async function beginRequests(port: number, requests: readonly string[]) {
  const connections = requests.map(request => {
    const connection = new KeptConnection(port)
    connection.socket.write(request.slice(0, 1))
    return connection
  })
  // Connections are accepted in order: once this one is answered, the others are there with their first bytes.
  await new KeptConnection(port).ask('GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n')
  return () => Promise.all(connections.map((connection, i) => connection.ask(requests[i]?.slice(1) ?? '')))
}

function stopOf(gateway: GatewayProcess): object {
  const { ts, drained_ms, ...stop } = gateway.events().at(-1) ?? {}
  return stop
}

test('at the end of the window streams are cut between events, told to the audit log, and the process ends with 0', async () => {
  await using sut = await startStreaming(300)
  const streams = await openStreams(sut.port, 20)

  sut.gateway.signal('SIGTERM')

  const answers = (await Promise.all(streams)).map(streamOf)
  const code = await sut.gateway.exited
  const inferences = sut.gateway.events().filter(({ evt }) => evt === 'inference')
  assert.equal(code, 0)
  assert.deepEqual(
    new Set(answers.map(answer => JSON.stringify(answer))),
    new Set([JSON.stringify({ body: WHOLE_EVENTS, isComplete: false })]),
  )
  assert.deepEqual(
    inferences.map(({ outcome, status }) => [outcome, status]),
    Array.from({ length: 20 }, () => ['drained', 200]),
  )
  assert.deepEqual(stopOf(sut.gateway), { evt: 'server.stop', signal: 'SIGTERM', cut: 20 })
  assert.match(
    sut.gateway.stderr,
    / warn drain window over after 300 ms: 20 open streams were cut\. Raise CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS/,
  )
  assert.equal(sut.gateway.stdout, '')
})

test('within the window streams come to their end, readiness says draining, polls are answered and new work is not', async () => {
  await using sut = await startStreaming(60_000)
  const [stream] = await openStreams(sut.port, 1)
  const rest = await beginRequests(sut.port, [
    ...['/readyz', '/healthz', '/v1/models'].map(path => `GET ${path} HTTP/1.1\r\nHost: g\r\n\r\n`),
    POLL,
  ])

  sut.gateway.signal('SIGTERM')
  await sut.gateway.line('stopping: ')
  const [ready, live, models, poll] = await rest()
  const late = await exchangeOpen(sut.port, 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n')
  sut.finish()

  assert.deepEqual([ready?.status, ready?.body], [503, 'draining'])
  assert.deepEqual([live?.status, live?.body], [200, 'ok'])
  assert.deepEqual(
    [models?.status, models?.headers['retry-after'], models?.headers['connection']],
    [503, '1', 'close'],
  )
  assert.deepEqual(
    [poll?.status, poll?.body, poll?.headers['connection']],
    [400, '{"error":"expired_token"}', 'close'],
  )
  assert.equal(late, '')
  assert.deepEqual(streamOf((await stream) ?? ''), { body: REPLY_EVENTS.join(''), isComplete: true })
  assert.equal(await sut.gateway.exited, 0)
  assert.deepEqual(stopOf(sut.gateway), { evt: 'server.stop', signal: 'SIGTERM', cut: 0 })
})

test('a second signal ends the process at once, with 1', async () => {
  await using sut = await startStreaming(60_000)
  const [stream] = await openStreams(sut.port, 1)
  sut.gateway.signal('SIGINT')
  await sut.gateway.line('stopping: ')

  sut.gateway.signal('SIGTERM')

  assert.equal(await sut.gateway.exited, 1)
  assert.equal(streamOf((await stream) ?? '').isComplete, false)
})

test('an idle process ends with 0 as soon as it is told to', async () => {
  await using sut = await startStreaming(60_000)

  sut.gateway.signal('SIGINT')

  assert.equal(await sut.gateway.exited, 0)
  assert.deepEqual(stopOf(sut.gateway), { evt: 'server.stop', signal: 'SIGINT', cut: 0 })
})

const BUG = `data:text/javascript,process.on('SIGUSR2', () => Promise.reject(new Error('a bug of a test')))`

test('a bug outside of any request is logged with its place, lets streams finish and ends the process with 1', async () => {
  await using sut = await startStreaming(60_000, { nodeOptions: ['--import', BUG] })
  const [stream] = await openStreams(sut.port, 1)

  sut.gateway.signal('SIGUSR2')
  await sut.gateway.line('stopping: ')
  sut.finish()

  assert.equal(await sut.gateway.exited, 1)
  assert.equal(streamOf((await stream) ?? '').isComplete, true)
  assert.match(sut.gateway.stderr, / error a bug ends this process .*a bug of a test/)
  assert.deepEqual(stopOf(sut.gateway), { evt: 'server.stop', signal: 'a bug', cut: 0 })
})
