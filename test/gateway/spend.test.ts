// What a whole gateway records of requests: counters, the day's use, the audit, and metrics that say the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allOf, rowsOf, totals } from '../support/entries.ts'
import { parseExposition } from '../support/exposition.ts'
import { openSpendGateway } from '../support/spend-gateway.ts'
import { errorAnswer, jsonAnswer, type Script } from '../support/upstream.ts'
import { ASK, openWholeGateway, type WholeGateway } from '../support/whole-gateway.ts'

/** Per million tokens, 20 times the list price of Sonnet 5. */
const OVERRIDE = {
  upstream: 'upstream-1',
  model: 'claude-sonnet-5',
  input: 40,
  output: 200,
  cache_read: 1,
  cache_write: 1,
}

const metered = (more: object = {}) => ({ admin: { billing_group_tag: 'team' }, ...more })

const inferences = ({ gateway }: WholeGateway) => gateway.events.filter(event => event.evt === 'inference')

const SUMS = `
  select model, upstream, billing_group, requests, input_tokens, output_tokens, nano_usd, list_nano_usd,
         estimated_requests
    from usage_daily`

test('an answer that has ended is in the counters, the use of the day, the groups and the audit, at its price', async () => {
  await using whole = await openWholeGateway({
    sections: metered({ pricing: { multiplier: 0.5, overrides: [OVERRIDE] } }),
  })
  const { access_token: bearer } = await whole.tokens()

  const stream = await whole.ask(bearer, { ...ASK, stream: true })
  const document = await whole.ask(bearer, { ...ASK, tags: { team: 'nobody' } })
  const recorded = await totals(whole.database.pool)

  // Each has 11 in and 5 out: 11 × 40,000 + 5 × 200,000 nano-dollars, halved; by the list a twentieth of that.
  assert.deepEqual([stream.status, document.status], [200, 200])
  const sum = '1440000'
  assert.deepEqual(recorded, { entries: sum, day: sum, week: sum, month: sum, usage: sum })
  assert.deepEqual(await rowsOf(whole.database.pool, SUMS), [
    {
      ...{ model: 'claude-sonnet-5', upstream: 'upstream-1', billing_group: '', requests: '2' },
      ...{ input_tokens: '22', output_tokens: '10', nano_usd: sum, list_nano_usd: '144000' },
      estimated_requests: '0',
    },
  ])
  assert.equal((await rowsOf(whole.database.pool, 'select groups from principal_groups')).length, 1)
  assert.deepEqual(
    inferences(whole).map(({ cost_cents, billing_group }) => [cost_cents, billing_group]),
    [
      ['0.072', undefined],
      ['0.072', undefined],
    ],
  )
})

test('what costs nothing is not recorded: counts, errors, refusals', async () => {
  const script: Script = ({ path }) =>
    path.includes('count_tokens')
      ? jsonAnswer({ input_tokens: 9 })
      : errorAnswer(400, 'invalid_request_error')
  await using whole = await openWholeGateway({ scripts: [script], sections: metered() })
  const { access_token: bearer } = await whole.tokens()

  await whole.ask(bearer)
  await whole.ask(bearer, { ...ASK, model: 'nobody-knows-it' })
  await fetch(`${whole.gateway.url}/v1/messages/count_tokens`, {
    ...{ method: 'POST', body: JSON.stringify(ASK), headers: { authorization: `Bearer ${bearer}` } },
  })

  assert.deepEqual(await rowsOf(whole.database.pool, 'select from spend_entries'), [])
  assert.deepEqual(
    inferences(whole).map(({ cost_cents }) => cost_cents),
    [undefined, undefined, undefined],
  )
})

test('an answer that tells no usage costs what its bytes, and those of its request, would', async () => {
  const script: Script = () =>
    jsonAnswer({ type: 'message', content: [{ type: 'text', text: 'y'.repeat(400) }] })
  await using whole = await openWholeGateway({ scripts: [script], sections: metered() })
  const { access_token: bearer } = await whole.tokens()
  const body = { ...ASK, metadata: { user_id: 'x'.repeat(1000) } }

  await whole.ask(bearer, body)

  const input = String(Math.ceil(JSON.stringify(body).length / 4))
  const query = 'select input_tokens, output_tokens, estimated, aborted from spend_entries'
  assert.deepEqual(await rowsOf(whole.database.pool, query), [
    { input_tokens: input, output_tokens: '100', estimated: true, aborted: false },
  ])
})

test('whoever has a name that no text can hold pays as everybody does, and is held to a cap', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ scope: 'organization', period: 'daily', amount: 1 })
  const bearer = await sut.bearer({ sub: 'ada\ud800', groups: ['a\0b', '\udc00'] })

  const answers = [await sut.ask(bearer), await sut.ask(bearer)]

  const { entries = '0' } = await totals(sut.database.pool)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.notEqual(entries, '0')
  assert.deepEqual(await totals(sut.database.pool), allOf(BigInt(entries)))
  await sut.spend({ daily: '1' }, 'ada\ufffd')
  assert.equal((await sut.ask(bearer)).status, 429)
})

test('the metric of cost is the sum of the entries', async () => {
  const usage = { input_tokens: 1667, output_tokens: 333, cache_read_input_tokens: 12_345 }
  const script: Script = () => jsonAnswer({ type: 'message', model: 'claude-sonnet-5', content: [], usage })
  await using whole = await openWholeGateway({
    scripts: [script],
    sections: metered({
      pricing: { multiplier: 0.85 },
      gatehouse: { observability: { prometheus: { port: 0 } } },
    }),
  })
  const { access_token: bearer } = await whole.tokens()

  await Promise.all(Array.from({ length: 30 }, () => whole.ask(bearer)))

  const { metricsPort } = whole.gateway.services.ownTelemetry
  const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const samples = parseExposition(page).get('gatehouse_inference_cost_usd_total')?.samples ?? []
  const { entries } = await totals(whole.database.pool)
  assert.deepEqual(
    samples.map(({ value }) => value),
    [Number(entries) / 1e9],
  )
  assert.ok(Number(entries) > 0)
})

test('without admin nothing is recorded', async () => {
  await using whole = await openWholeGateway()
  const { access_token: bearer } = await whole.tokens()

  await whole.ask(bearer)

  assert.deepEqual(await rowsOf(whole.database.pool, 'select from spend_entries'), [])
  assert.deepEqual(
    inferences(whole).map(({ cost_cents }) => cost_cents),
    [undefined],
  )
})
