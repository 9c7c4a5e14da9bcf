// Whoever is over a cap, over real sockets and a real database: the answer byte for byte, and what comes before what.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CapToSet, openSpendGateway, type Spent, watching } from '../support/spend-gateway.ts'
import { ASK } from '../support/whole-gateway.ts'

/** The bytes of an answer without its date, as lines. */
function lines(text: string): string[] {
  return text.split('\r\n').filter(line => !line.startsWith('Date: '))
}

const OWN = [
  'x-content-type-options: nosniff',
  'x-frame-options: DENY',
  'referrer-policy: no-referrer',
  'cross-origin-opener-policy: same-origin',
  'x-request-id: run-7',
  'content-type: application/json',
  'cache-control: no-store',
  'request-id: run-7',
]
const CONNECTION = ['Connection: keep-alive', 'Keep-Alive: timeout=620']

test('a used up month is answered with exactly these bytes', async () => {
  const admin = { blocked_message: 'ask in #claude-budget' }
  await using sut = await openSpendGateway({ sections: watching(admin) })
  await sut.cap({ amount: 400 })
  await sut.spend({ monthly: '400' })

  const answer = await sut.raw(await sut.bearer())

  const body =
    '{"type":"error","error":{"type":"billing_error","message":"Your monthly spend limit is used up until Dec 1, 00:00 UTC \u00b7 ask in #claude-budget"}}'
  assert.deepEqual(lines(answer), [
    'HTTP/1.1 429 Too Many Requests',
    ...OWN,
    `content-length: ${Buffer.byteLength(body)}`,
    'x-should-retry: false',
    'retry-after: 706710',
    'anthropic-ratelimit-unified-status: rejected',
    'anthropic-ratelimit-unified-reset: 1796083200',
    'anthropic-ratelimit-unified-overage-reset: 1796083200',
    'anthropic-ratelimit-unified-overage-utilization: 1',
    'anthropic-ratelimit-unified-overage-surpassed-threshold: 1',
    'anthropic-ratelimit-unified-overage-period: monthly',
    'anthropic-ratelimit-unified-overage-disabled-reason: org_spend_cap_reached',
    ...CONNECTION,
    '',
    Buffer.from(body).toString('latin1'),
  ])
  assert.equal(sut.upstreams[0]?.requests.length, 0)
})

test('the audit says whose limit it was, and the request itself is a 429', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ scope: 'rbac_group', amount: 400, period: 'daily' })
  await sut.spend({ daily: '500' })

  await sut.raw(await sut.bearer({ groups: ['eng'] }))

  assert.deepEqual(sut.blocked(), [
    {
      ...{ evt: 'spend.blocked', request_id: 'run-7', sub: 'ada', cause: 'over_limit' },
      ...{ cap_cents: '400', source: 'rbac_group:eng', period: 'daily' },
    },
  ])
  const [inference] = sut.gateway.events.filter(event => event.evt === 'inference')
  assert.deepEqual([inference?.status, inference?.upstream, inference?.model], [429, null, ASK.model])
})

test('the money comes first: a bad body, an unknown and a denied model are told of it as well', async () => {
  const policies = [{ match: {}, settings: { availableModels: ['haiku'] } }]
  await using sut = await openSpendGateway({ sections: watching({}, { managed: { policies } }) })
  await sut.cap({ amount: 0 })
  const bearer = await sut.bearer()
  const bodies = ['{"model":', '[]', '{}', { ...ASK, model: 'no-such-model' }, ASK]

  const blocked = await Promise.all(bodies.map(body => sut.raw(bearer, { body })))
  await sut.cap({ amount: null })
  const served = await Promise.all(bodies.map(body => sut.raw(bearer, { body })))

  const heads = (answers: readonly string[]) => answers.map(text => text.slice(9, 12))
  assert.deepEqual(heads(blocked), ['429', '429', '429', '429', '429'])
  assert.ok(blocked.every(text => text.endsWith('"Spending is switched off for your account"}}')))
  assert.deepEqual(heads(served), ['400', '400', '400', '400', '400'])
})

test('tokens are counted, models listed and settings served whatever was spent', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ amount: 0 })
  const bearer = await sut.bearer()

  const counted = await sut.raw(bearer, { path: '/v1/messages/count_tokens' })

  assert.ok(counted.startsWith('HTTP/1.1 200 OK'), counted)
  assert.ok(!counted.includes('anthropic-ratelimit'))
  for (const path of ['/v1/models', '/managed/settings']) {
    const response = await fetch(`${sut.gateway.url}${path}`, {
      headers: { authorization: `Bearer ${bearer}` },
    })
    await response.arrayBuffer()
    assert.notEqual(response.status, 429)
  }
  assert.deepEqual(sut.blocked(), [])
})

/** Caps and counters, who asks, how groups combine, and what comes of it. */
interface Case {
  readonly what: string
  readonly caps: readonly CapToSet[]
  readonly spent?: Spent
  readonly mode?: 'min' | 'max'
  readonly pools?: Readonly<Record<string, string>>
  /** The message of the 429; null for a 200. */
  readonly says: string | null
}

const USED_UP = 'Your monthly spend limit is used up until Dec 1, 00:00 UTC'
const ENG = { scope: 'rbac_group', id: 'eng' } as const
const OPS = { scope: 'rbac_group', id: 'ops' } as const
const ALL = { scope: 'organization' } as const

const CASES: readonly Case[] = [
  { what: 'no row at all', caps: [], spent: { monthly: '9999' }, says: null },
  { what: 'everybody’s cap, spent', caps: [{ ...ALL, amount: 5 }], spent: { monthly: '5' }, says: USED_UP },
  {
    what: 'everybody’s cap, not quite spent',
    ...{ caps: [{ ...ALL, amount: 5 }], spent: { monthly: '4.9999999' }, says: null },
  },
  {
    what: 'an unlimited row of one’s own over a spent cap of everybody’s',
    ...{ caps: [{ ...ALL, amount: 5 }, { amount: null }], spent: { monthly: '5' }, says: null },
  },
  {
    what: 'the smaller of two groups by min',
    caps: [
      { ...ENG, amount: 5 },
      { ...OPS, amount: 50 },
    ],
    ...{ spent: { monthly: '5' }, mode: 'min', says: USED_UP },
  },
  {
    what: 'the larger of two groups by max',
    caps: [
      { ...ENG, amount: 5 },
      { ...OPS, amount: 50 },
    ],
    ...{ spent: { monthly: '5' }, mode: 'max', says: null },
  },
  {
    what: 'a cap of a group that the bearer does not name',
    ...{ caps: [{ scope: 'rbac_group', id: 'sales', amount: 0 }], says: null },
  },
  {
    what: 'one spent pool of two by min',
    caps: [
      { ...ENG, amount: null, pool: 10 },
      { ...OPS, amount: null, pool: 10 },
    ],
    ...{ pools: { eng: '10', ops: '9' }, mode: 'min' },
    says: 'The shared monthly budget of group eng is used up until Dec 1, 00:00 UTC',
  },
  {
    what: 'one spent pool of two by max',
    caps: [
      { ...ENG, amount: null, pool: 10 },
      { ...OPS, amount: null, pool: 10 },
    ],
    ...{ pools: { eng: '10', ops: '9' }, mode: 'max', says: null },
  },
  {
    what: 'two spent pools by max',
    caps: [
      { ...ENG, amount: null, pool: 10 },
      { ...OPS, amount: null, pool: 10 },
    ],
    ...{ pools: { eng: '10', ops: '10' }, mode: 'max' },
    says: 'The shared monthly budget of group eng is used up until Dec 1, 00:00 UTC',
  },
  {
    what: 'a pool of which nobody has spent, and one of 0',
    caps: [
      { ...ENG, amount: null, pool: 10 },
      { ...OPS, amount: null, pool: 0 },
    ],
    says: 'The shared monthly budget of group ops is used up until Dec 1, 00:00 UTC',
  },
]

for (const { what, caps, spent = {}, mode = 'min', pools = {}, says } of CASES) {
  test(`${what}: ${says === null ? 'the request is served' : 'it is refused'}`, async () => {
    await using sut = await openSpendGateway({ sections: watching({ group_limit_mode: mode }) })
    await sut.cap(...caps)
    await sut.spend(spent)
    for (const [group, amount] of Object.entries(pools)) await sut.pooled(group, amount)

    const answer = await sut.ask(await sut.bearer({ groups: ['ops', 'eng'] }))

    const isPool = says?.startsWith('The shared') === true
    assert.equal(answer.status, says === null ? 200 : 429)
    assert.equal(says === null ? null : JSON.parse(answer.body).error.message, says)
    assert.equal(
      answer.headers['anthropic-ratelimit-unified-overage-scope'],
      isPool ? 'group_pool' : undefined,
    )
    const cause = isPool ? 'pool_exhausted' : 'over_limit'
    assert.deepEqual(
      sut.blocked().map(event => 'cause' in event && event.cause),
      says === null ? [] : [cause],
    )
  })
}

test('the bearer’s groups count, not those last seen; a name that no text can be asks for nothing', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ ...ENG, amount: 0 })

  const inside = await sut.ask(await sut.bearer({ groups: ['eng', 'a\u0000b'] }))
  const outside = await sut.ask(await sut.bearer({ groups: ['a\u0000b'] }))
  const unknown = await sut.ask(await sut.bearer())

  assert.deepEqual([inside.status, outside.status, unknown.status], [429, 200, 200])
  assert.deepEqual(
    sut.gateway.lines.filter(line => line.includes('spend limits')),
    [],
  )
})
