// The metrics of a whole gateway: what Prometheus reads after people signed in, asked, and were refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Family, parseExposition } from '../support/exposition.ts'
import { errorAnswer, jsonAnswer } from '../support/upstream.ts'
import { ASK, openWholeGateway, polite, type WholeGateway } from '../support/whole-gateway.ts'

const BEARER = 'a-bearer-for-the-scraper-of-32-or-more'

const observing = (prometheus: object) => ({ gatehouse: { observability: { prometheus } } })

/** The sample lines of one family; of a histogram only its counts, as its times differ from run to run. */
function linesOf(text: string, family: string): string[] {
  return text.split('\n').filter(line => new RegExp(`^${family}(_count)?[{ ]`).test(line))
}

async function scrape({ gateway }: WholeGateway): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gateway.services.ownTelemetry.metricsPort}/metrics`)
  assert.equal(response.status, 200)
  const text = await response.text()
  parseExposition(text)
  return text
}

test('a sign-in, a stream, a failover, refusals and a refresh are told in so many lines', async () => {
  const scripts = [() => errorAnswer(529, 'overloaded_error'), polite]
  await using whole = await openWholeGateway({ scripts, sections: observing({ port: 0 }) })
  const { access_token: bearer, refresh_token } = await whole.tokens()
  const stream = await whole.ask(bearer, { ...ASK, stream: true })
  const unknown = await whole.ask(bearer, { ...ASK, model: 'marked-model' })
  const denied = await whole.ask('not-a-bearer')
  const refreshed = await whole.terminal.refresh(refresh_token)
  assert.deepEqual([stream.status, unknown.status, denied.status, refreshed.status], [200, 400, 401, 200])

  const text = await scrape(whole)

  const families = [
    ...['gatehouse_inference_requests_total', 'gatehouse_inference_time_to_first_byte_seconds'],
    ...['gatehouse_inference_overhead_seconds', 'gatehouse_inference_streams'],
    ...['gatehouse_upstream_attempts_total', 'gatehouse_upstream_failovers_total'],
    ...['gatehouse_auth_denied_total', 'gatehouse_sign_in_total', 'gatehouse_idp_duration_seconds'],
    ...['gatehouse_store_up', 'gatehouse_audit_dropped_total', 'gatehouse_inference_shed_total'],
  ]
  const model = 'model="claude-sonnet-5"'
  assert.deepEqual(
    families.flatMap(family => linesOf(text, family)),
    [
      `gatehouse_inference_requests_total{upstream="upstream-2",${model},stream="true",outcome="complete",status_class="2xx"} 1`,
      'gatehouse_inference_requests_total{upstream="none",model="other",stream="false",outcome="refused",status_class="4xx"} 1',
      'gatehouse_inference_time_to_first_byte_seconds_count{upstream="upstream-2"} 1',
      'gatehouse_inference_overhead_seconds_count 1',
      'gatehouse_inference_streams{upstream="upstream-2"} 0',
      'gatehouse_upstream_attempts_total{upstream="upstream-1",result="5xx"} 1',
      'gatehouse_upstream_attempts_total{upstream="upstream-2",result="ok"} 1',
      'gatehouse_upstream_failovers_total{upstream="upstream-1",result="5xx"} 1',
      'gatehouse_auth_denied_total{reason="invalid_token"} 1',
      'gatehouse_sign_in_total{step="authorize",result="success"} 1',
      'gatehouse_sign_in_total{step="verify",result="redirect"} 1',
      'gatehouse_sign_in_total{step="callback",result="approved"} 1',
      'gatehouse_sign_in_total{step="mint",result="success"} 1',
      'gatehouse_sign_in_total{step="refresh",result="success"} 1',
      'gatehouse_idp_duration_seconds_count{step="discovery"} 1',
      'gatehouse_idp_duration_seconds_count{step="jwks"} 1',
      'gatehouse_idp_duration_seconds_count{step="token"} 2',
      'gatehouse_store_up 1',
      'gatehouse_audit_dropped_total 0',
      'gatehouse_inference_shed_total{reason="capacity"} 0',
      'gatehouse_inference_shed_total{reason="memory"} 0',
    ],
  )
})

/** Sum over the series with these labels. */
function total(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>>,
) {
  const samples = (families.get(name) ?? families.get(name.replace(/_count$/, '')))?.samples ?? []
  const wanted = Object.entries(labels)
  return samples
    .filter(sample => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

test('the listener, the store and the process have their figures, and the file that runs its name', async () => {
  await using whole = await openWholeGateway({ sections: observing({ port: 0 }) })
  await whole.tokens()
  await whole.get('/healthz')
  await whole.get('/no/such/path')

  const families = parseExposition(await scrape(whole))

  const of = (name: string, labels: Readonly<Record<string, string>> = {}) => total(families, name, labels)
  const http = 'http_server_request_duration_seconds_count'
  assert.equal(of(http, { http_route: '/healthz', http_response_status_code: '200' }), 1)
  assert.equal(of(http, { http_route: '/oauth/callback', http_response_status_code: '200' }), 1)
  const statements = families.get('gatehouse_store_duration_seconds')?.samples ?? []
  const operations = new Set(statements.map(({ labels }) => labels['operation']))
  for (const operation of ['readiness', 'device_grant_create', 'rate_window_hit'])
    assert.ok(operations.has(operation), `${operation} of ${[...operations].join(', ')}`)
  assert.ok(of('db_client_connection_count') >= 1)
  for (const name of [
    ...['process_cpu_time_seconds_total', 'process_memory_usage_bytes', 'process_open_file_descriptor_count'],
    'v8js_memory_heap_used_bytes',
  ])
    assert.ok(of(name) > 0, name)
  assert.ok(of('nodejs_eventloop_utilization') <= 1)
  const info = families.get('gatehouse_config_info')?.samples[0]
  const { config_sha256, ...known } = info?.labels ?? {}
  assert.deepEqual([known, info?.value], [{ version: '0.0.0-test', contract: '2.1.330' }, 1])
  assert.match(config_sha256 ?? '', /^[0-9a-f]{12}$/)
})

test('nothing that a person is or sends stands on the page', async () => {
  await using whole = await openWholeGateway({ sections: observing({ port: 0 }) })
  const { access_token: bearer } = await whole.tokens()
  await whole.ask(bearer, { ...ASK, model: 'marked-model-name' })
  await whole.get('/marked/path?marked=query')

  const text = await scrape(whole)

  for (const trace of ['marked', '@', '127.0.0.1', 'claude-cli', bearer.slice(0, 20)])
    assert.ok(!text.includes(trace), trace)
})

test('on the main listener the page needs its bearer and an address that may reach the gateway', async () => {
  const prometheus = { path: '/ops/metrics', bearer: BEARER }
  await using whole = await openWholeGateway({ sections: observing(prometheus) })
  await using closed = await openWholeGateway({
    sections: { ...observing(prometheus), access_control: { allow_cidrs: ['192.0.2.0/24'] } },
  })
  const ask = async (gateway: WholeGateway, headers: Record<string, string>) => {
    const response = await fetch(`${gateway.gateway.url}/ops/metrics`, { headers })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    }
  }
  const admitted = { authorization: `Bearer ${BEARER}` }

  const refused = [await ask(whole, {}), await ask(whole, { authorization: `Bearer ${BEARER}x` })]
  const page = await ask(whole, admitted)
  const outside = await ask(closed, admitted)

  assert.deepEqual(
    refused.map(({ status, text }) => [status, text]),
    [
      [401, ''],
      [401, ''],
    ],
  )
  assert.deepEqual([page.status, page.type], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  parseExposition(page.text)
  assert.equal(outside.status, 403)
})

test('what replies cost is counted at the company’s prices, and by the model that the reply is from', async () => {
  const usage = { input_tokens: 1000, output_tokens: 200, cache_read_input_tokens: 10_000 }
  const whole = { type: 'message', model: 'claude-sonnet-5', content: [], usage }
  const rates = { input: '3', output: '15', cache_read: '0.3', cache_write: '3.75' }
  const pricing = {
    multiplier: '0.9',
    overrides: [{ upstream: 'upstream-1', model: 'claude-sonnet-5', ...rates }],
  }
  await using gateway = await openWholeGateway({
    scripts: [() => jsonAnswer(whole)],
    sections: { ...observing({ port: 0 }), pricing },
  })
  const { access_token: bearer } = await gateway.tokens()
  const answers = [await gateway.ask(bearer), await gateway.ask(bearer, { ...ASK, model: 'claude-opus-5' })]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )

  const text = await scrape(gateway)

  // 0.9 × (3,000 + 3,000 + 3,000 millionths), and of the reply that says it is Sonnet the same row.
  assert.deepEqual(linesOf(text, 'gatehouse_inference_cost_usd_total'), [
    'gatehouse_inference_cost_usd_total{upstream="upstream-1",model="claude-sonnet-5"} 0.0081',
    'gatehouse_inference_cost_usd_total{upstream="upstream-1",model="claude-opus-5"} 0.0081',
  ])
})
