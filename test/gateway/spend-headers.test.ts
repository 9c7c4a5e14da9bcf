// What a 2xx answer tells of a developer's caps, and which answers tell nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '../support/claude-client.ts'
import { openSpendGateway, type SpendGateway } from '../support/spend-gateway.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { answer, chunk, errorAnswer, LAST_CHUNK, type Script, streamHead } from '../support/upstream.ts'
import { ASK, polite } from '../support/whole-gateway.ts'

const THEIRS = {
  'anthropic-ratelimit-unified-status': 'rejected',
  'anthropic-ratelimit-requests-remaining': '7',
  'anthropic-ratelimit-unified-overage-scope': 'org',
}

/** As `polite`, with limits of the operator's own account. */
const limited: Script = (request, socket) => {
  if (JSON.parse(request.body.toString())['stream'] === true)
    return Buffer.concat([streamHead(THEIRS), chunk(REPLY_EVENTS.join('')), LAST_CHUNK])
  const body = polite(request, socket)
  assert.ok(Buffer.isBuffer(body))
  const text = body.toString('latin1').split('\r\n\r\n')[1]
  return answer({ headers: { 'content-type': 'application/json', ...THEIRS }, body: text ?? '' })
}

/** The headers that speak of limits, of each answer. */
function limitsOf({ headers }: Pick<Reply, 'headers'>) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('anthropic-ratelimit-')),
  )
}

async function ask(sut: SpendGateway, body: object = ASK) {
  return sut.ask(await sut.bearer(), { ...body })
}

const NEARLY = {
  'anthropic-ratelimit-unified-status': 'allowed_warning',
  'anthropic-ratelimit-unified-reset': '1796083200',
  'anthropic-ratelimit-unified-representative-claim': 'overage',
  'anthropic-ratelimit-unified-overage-status': 'allowed_warning',
  'anthropic-ratelimit-unified-overage-reset': '1796083200',
  'anthropic-ratelimit-unified-overage-utilization': '0.8',
  'anthropic-ratelimit-unified-overage-surpassed-threshold': '0.75',
}

test('a whole reply and a stream tell of the fullest cap, in place of what the upstream says', async () => {
  await using sut = await openSpendGateway({ scripts: [limited] })
  await sut.cap({ amount: 1000 }, { amount: 1000, period: 'daily' })
  await sut.spend({ daily: '700', monthly: '800' })

  const [whole, stream] = [await ask(sut), await ask(sut, { ...ASK, stream: true })]

  assert.deepEqual([whole.status, stream.status, stream.body], [200, 200, REPLY_EVENTS.join('')])
  assert.deepEqual([limitsOf(whole), limitsOf(stream)], [NEARLY, NEARLY])
})

test('whoever has no numeric cap of their own is told nothing, of a pool neither', async () => {
  await using sut = await openSpendGateway({ scripts: [limited] })
  await sut.cap({ scope: 'rbac_group', amount: null, pool: 100 }, { scope: 'organization', amount: 100 })
  await sut.pooled('eng', '90')
  const bearer = await sut.bearer({ groups: ['eng'] })

  const [whole, stream] = [await sut.ask(bearer), await sut.ask(bearer, { ...ASK, stream: true })]

  assert.deepEqual([whole.status, stream.status], [200, 200])
  assert.deepEqual([limitsOf(whole), limitsOf(stream)], [{}, {}])
})

test('errors of the upstream and of the gateway tell nothing', async () => {
  const wrong: Script = () => {
    const error = errorAnswer(400, 'invalid_request_error').toString('latin1')
    return Buffer.from(
      error.replace('\r\n', '\r\nanthropic-ratelimit-unified-status: rejected\r\n'),
      'latin1',
    )
  }
  await using sut = await openSpendGateway({ scripts: [wrong] })
  await sut.cap({ amount: 1000 })

  const answers = [await ask(sut), await ask(sut, { ...ASK, model: 'no-such-model' })]

  assert.deepEqual(
    answers.map(answer => [answer.status, limitsOf(answer)]),
    [
      [400, {}],
      [400, {}],
    ],
  )
})

test('a counted request tells nothing, and asks nothing', async () => {
  const counting: Script = () => answer({ headers: THEIRS, body: '{"input_tokens":9}' })
  await using sut = await openSpendGateway({ scripts: [counting] })
  await sut.cap({ amount: 1000 })

  const text = await sut.raw(await sut.bearer(), { path: '/v1/messages/count_tokens' })

  assert.ok(text.startsWith('HTTP/1.1 200 OK'))
  assert.ok(!text.includes('anthropic-ratelimit'))
})

test('without admin nobody is told anything, and the operator’s own limits stay hidden', async () => {
  await using sut = await openSpendGateway({ scripts: [limited], sections: {} })
  await sut.cap({ amount: 0 })

  const answers = [await ask(sut), await ask(sut, { ...ASK, stream: true })]

  assert.deepEqual(
    answers.map(answer => [answer.status, limitsOf(answer)]),
    [
      [200, {}],
      [200, {}],
    ],
  )
})

test('the periods are those of the moment of admission: at midnight the day begins anew', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ amount: 10, period: 'daily' })
  sut.time.now = Date.parse('2026-11-22T23:59:59.999Z')
  await sut.spend({ daily: '10' })
  const bearer = await sut.bearer()

  const before = await sut.ask(bearer)
  sut.time.now += 1
  const after = await sut.ask(bearer)

  assert.deepEqual([before.status, before.headers['retry-after']], [429, '1'])
  assert.deepEqual(
    [after.status, after.headers['anthropic-ratelimit-unified-overage-utilization']],
    [200, '0'],
  )
})
