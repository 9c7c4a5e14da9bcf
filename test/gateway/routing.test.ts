// What an operator sees of routing: the metric, the audit and the log, while an upstream is set aside and after.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorAnswer } from '../support/upstream.ts'
import { ASK, openWholeGateway, polite } from '../support/whole-gateway.ts'

test('an upstream that is set aside is 0 in the metrics, told in the log, and passed over in the audit', async () => {
  const scripts = [() => errorAnswer(529, 'overloaded_error'), polite]
  const gatehouse = { observability: { prometheus: { port: 0 } }, routing: { breaker_failures: 2 } }
  await using whole = await openWholeGateway({ scripts, sections: { gatehouse } })
  const { gateway } = whole
  const { access_token: bearer } = await whole.tokens()
  for (let count = 0; count < 3; count += 1) assert.equal((await whole.ask(bearer, ASK)).status, 200)

  const response = await fetch(`http://127.0.0.1:${gateway.services.ownTelemetry.metricsPort}/metrics`)
  const states = (await response.text())
    .split('\n')
    .filter(line => line.startsWith('gatehouse_upstream_state{'))
  assert.deepEqual(states, [
    'gatehouse_upstream_state{upstream="upstream-1"} 0',
    'gatehouse_upstream_state{upstream="upstream-2"} 1',
  ])
  const asked = gateway.events.filter(event => event.evt === 'inference')
  assert.deepEqual(
    asked.map(({ routing, attempts }) => [routing, attempts]),
    [
      ['first', 2],
      ['first', 2],
      ['skipped', 1],
    ],
  )
  assert.match(gateway.lines.join('\n'), /upstream upstream-1 is set aside for a model/)
})
