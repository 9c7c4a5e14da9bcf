// The metrics of a whole gateway: what Prometheus reads after people signed in, asked, and were refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExposition } from '../support/exposition.ts'
import { ASK, openWholeGateway } from '../support/whole-gateway.ts'

const BEARER = 'a-bearer-for-the-scraper-of-32-or-more'

function observed(prometheus: object, sections: object = {}) {
  return { gatehouse: { observability: { prometheus } }, ...sections }
}

/** The lines of one family's samples. */
function linesOf(text: string, family: string): string[] {
  return text.split('\n').filter(line => new RegExp(`^${family}(_bucket|_sum|_count)?[{ ]`).test(line))
}

async function scrape(url: string): Promise<string> {
  const response = await fetch(url)
  assert.equal(response.status, 200)
  return response.text()
}

test('a sign-in, a stream, a refusal and a refresh are told in so many lines', async () => {
  await using whole = await openWholeGateway({ sections: observed({ port: 0 }) })
  const { access_token: bearer, refresh_token } = await whole.tokens()
  const stream = await whole.ask(bearer, { ...ASK, stream: true })
  const plain = await whole.ask(bearer)
  const unknown = await whole.ask(bearer, { ...ASK, model: 'no-such-model' })
  const denied = await whole.ask('not-a-bearer')
  const refreshed = await whole.terminal.refresh(refresh_token)
  assert.deepEqual([stream.status, plain.status, unknown.status, denied.status], [200, 200, 400, 401])
  assert.ok(refreshed)

  const text = await scrape(`http://127.0.0.1:${whole.gateway.services.ownTelemetry.metricsPort}/metrics`)

  parseExposition(text)
  assert.deepEqual(linesOf(text, 'gatehouse_inference_requests_total').toSorted(), [
    'gatehouse_inference_requests_total{upstream="none",model="other",stream="false",outcome="refused",status_class="4xx"} 1',
    'gatehouse_inference_requests_total{upstream="upstream-1",model="claude-sonnet-5",stream="false",outcome="complete",status_class="2xx"} 1',
    'gatehouse_inference_requests_total{upstream="upstream-1",model="claude-sonnet-5",stream="true",outcome="complete",status_class="2xx"} 1',
  ])
  assert.deepEqual(linesOf(text, 'gatehouse_upstream_attempts_total'), [
    'gatehouse_upstream_attempts_total{upstream="upstream-1",result="ok"} 2',
  ])
})
