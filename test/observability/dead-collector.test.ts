// Ten thousand traced requests while nobody takes their spans.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { steadyClock, systemClock } from '../../app/lib/clock.ts'
import { createTicker } from '../../app/lib/ticker.ts'
import { openNetwork } from '../../app/net/network.ts'
import { openTraces } from '../../app/observability/open-traces.ts'
import { createOtlpSender } from '../../app/observability/otlp-sender.ts'
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
  let lost = 0
  const losing = {
    ...{ log, version: '9.9.9', clock: systemClock, monotonic: steadyClock },
    ticker: createTicker({ clock: steadyClock }),
  }
  const sender = createOtlpSender({
    ...{
      ...losing,
      config: { url: collector.url, headers: {} },
      clock: steadyClock,
      wallClock: systemClock,
      token: null,
    },
    dispatcher: network.dispatcher({ purpose: 'telemetry', name: 'own' }),
    dropped(_signal, spans) {
      lost += spans
    },
  })
  const { traces, end } = await openTraces({
    ...{ ...losing, sender, ratio: 1, linksClients: false, upstreams: [] },
    ...{ modelOf: () => 'other', resourceAttributes: {} },
    dropped(spans) {
      lost += spans
    },
  })
  await using listener = await startListener([], { observer: traces })

  const answers = await askedFor(listener.port, REQUESTS)

  assert.equal(answers, REQUESTS)
  assert.ok(lost >= REQUESTS - HELD && lost < REQUESTS, `${lost}`)
  assert.match(log.lines[0] ?? '', /^warn spans of the gateway's own traces found no place and are dropped/)
  end()
  await sender.stop(0)
  assert.equal(lost, REQUESTS)
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
