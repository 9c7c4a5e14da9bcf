// Ten thousand traced requests while nobody takes their spans.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { openNetwork } from '../../app/net/network.ts'
import { openOwnTelemetry } from '../../app/observability/own-telemetry.ts'
import { hangs, startCollector } from '../support/collector.ts'
import { startListener } from '../support/listener.ts'
import { recordLog } from '../support/recorded-log.ts'

const REQUESTS = 10_000

/** What may be held: the spans that wait, and one batch on its way. */
const HELD = 2048 + 512

test('10,000 traced requests are answered while the collector is dead, and what cannot be held is counted', async () => {
  await using collector = await startCollector(hangs)
  const log = recordLog()
  const network = openNetwork({ allowLoopback: true })
  const otlp = { url: collector.url, traces: true, trace_ratio: 1 }
  const own = await openOwnTelemetry({
    config: GatehouseSection.parse({ observability: { otlp } }).observability,
    ...{ upstreams: [], modelOf: () => 'other', network, version: '9.9.9', log },
    ...{ clock: Date.now, monotonic: () => performance.now() },
    googleToken: () => assert.fail('no Google collector is configured'),
  })
  await using listener = await startListener([], { observer: own.http })

  const answers = await askedFor(listener.port, REQUESTS)

  assert.equal(answers, REQUESTS)
  assert.ok(own.dropped.traces >= REQUESTS - HELD, `${own.dropped.traces}`)
  assert.ok(own.dropped.traces < REQUESTS)
  assert.deepEqual(log.lines.filter(line => line.includes('found no place')).length, 1)
  await own.stop(0)
  assert.equal(own.dropped.traces, REQUESTS)
  await network.close()
})

/** Asks for the health of the gateway so often on one connection; answers how often it was told. */
async function askedFor(port: number, times: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  const request = 'GET /healthz HTTP/1.1\r\nhost: gateway.test\r\n\r\n'
  let answers = 0
  let rest = ''
  socket.setEncoding('latin1').on('data', chunk => {
    const parts = `${rest}${chunk}`.split('HTTP/1.1 200 OK')
    answers += parts.length - 1
    rest = parts.at(-1)?.slice(-'HTTP/1.1 200 OK'.length) ?? ''
  })
  socket.end(`${request.repeat(times - 1)}${request.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')}`)
  await once(socket, 'close')
  return answers
}
