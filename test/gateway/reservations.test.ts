// A gateway that holds what running requests may cost, over real sockets and a real database.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openReservingGateway, QUESTION } from '../support/reserving-gateway.ts'
import { heldCents } from '../support/spend-tables.ts'
import { errorAnswer } from '../support/upstream.ts'

/** The bytes of an answer without its date, as lines. */
function lines(text: string): string[] {
  return text.split('\r\n').filter(line => !line.startsWith('Date: '))
}

test('what running requests hold is no money for another one, which is told to come back', async () => {
  await using sut = await openReservingGateway()
  await sut.cap({ amount: 6 })
  const bearer = await sut.bearer()
  const running = sut.ask(bearer, QUESTION)
  await sut.upstreams[0]?.request(1)

  const refused = await sut.raw(bearer, { body: QUESTION })
  sut.letGo()
  const first = await running
  const later = await sut.ask(bearer, QUESTION)

  const message = 'Your other running requests hold the rest of your budget'
  const body = JSON.stringify({
    ...{ type: 'error', request_id: 'run-7', error: { type: 'rate_limit_error', message } },
  })
  assert.deepEqual(lines(refused), [
    'HTTP/1.1 429 Too Many Requests',
    'x-content-type-options: nosniff',
    'x-frame-options: DENY',
    'referrer-policy: no-referrer',
    'cross-origin-opener-policy: same-origin',
    'x-request-id: run-7',
    'content-type: application/json',
    'cache-control: no-store',
    'request-id: run-7',
    `content-length: ${body.length}`,
    'retry-after: 5',
    ...['Connection: keep-alive', 'Keep-Alive: timeout=620'],
    ...['', body],
  ])
  assert.deepEqual([first.status, later.status], [200, 200])
  assert.deepEqual(sut.blocked(), [
    {
      ...{ evt: 'spend.blocked', request_id: 'run-7', sub: 'ada', cause: 'reserved' },
      ...{ cap_cents: '6', source: 'user', period: 'monthly' },
    },
  ])
})

test('a request holds its body and its longest answer until it is charged, and holds are in no header', async () => {
  await using sut = await openReservingGateway()
  await sut.cap({ amount: 100 })
  const bearer = await sut.bearer()
  const running = [sut.ask(bearer, QUESTION), sut.ask(bearer, { ...QUESTION, max_tokens: 64_000 })]
  await sut.upstreams[0]?.request(2)

  const held = await sut.holds()
  sut.letGo()
  const answers = await Promise.all(running)

  const tokens = (body: object) => BigInt((JSON.stringify(body).length + 3) >> 2)
  assert.deepEqual(held, [
    tokens(QUESTION) * 2500n + 4000n * 10_000n,
    tokens({ ...QUESTION, max_tokens: 64_000 }) * 2500n + 4096n * 10_000n,
  ])
  assert.deepEqual(
    answers.map(({ headers }) => headers['anthropic-ratelimit-unified-overage-utilization']),
    ['0', '0'],
  )
  assert.deepEqual([await sut.holds(), await heldCents(sut.database.pool)], [[], {}])
  const { rows } = await sut.database.pool.query('select distinct nano_usd from spend')
  assert.deepEqual(rows, [{ nano_usd: '80000000' }])
})

test('a fleet passes its cap by one request at most; without reservations by all that run at once', async () => {
  const overshoot = async (reserve: boolean) => {
    await using sut = await openReservingGateway({ sections: { gatehouse: { spend: { reserve } } } })
    await sut.cap({ amount: 10 })
    const bearer = await sut.bearer()
    const statuses = new Map<number, number>()
    const wave = async () => {
      const asked = Array.from({ length: 12 }, async () => (await sut.ask(bearer, QUESTION)).status)
      await sut.upstreams[0]?.request(1)
      if (!reserve) await sut.upstreams[0]?.request(12)
      sut.letGo()
      for (const status of await Promise.all(asked)) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    await wave()
    await sut.holdsGone()
    if (reserve) await wave()
    const { rows } = await sut.database.pool.query<{ nano_usd: string }>(
      `select nano_usd from spend where period = '2026-11'`,
    )
    return Number(rows[0]?.nano_usd) / 10_000_000 - 10
  }

  const [on, off] = [await overshoot(true), await overshoot(false)]

  assert.deepEqual([on, off], [3 * 4 - 10, 12 * 4 - 10])
})

test('whoever is over a cap is told that first, and nobody holds anything for a request that is wrong', async () => {
  await using sut = await openReservingGateway()
  await sut.cap({ amount: 0 })
  const bearer = await sut.bearer()
  const bodies = ['{"model":', '[]', { ...QUESTION, model: 'no-such-model' }]

  const blocked = await Promise.all(bodies.map(body => sut.raw(bearer, { body })))
  await sut.cap({ amount: 100 })
  const wrong = await Promise.all(bodies.map(body => sut.raw(bearer, { body })))

  const heads = (answers: readonly string[]) => answers.map(text => text.slice(9, 12))
  assert.deepEqual(heads(blocked), ['429', '429', '429'])
  assert.ok(blocked.every(text => text.includes('Spending is switched off for your account')))
  assert.deepEqual(heads(wrong), ['400', '400', '400'])
  assert.deepEqual(await sut.holds(), [])
})

test('a request that costs nothing gives back what it held: refused upstream, or given up by its client', async () => {
  await using failing = await openReservingGateway({ reply: errorAnswer(400, 'invalid_request_error') })
  await using sut = await openReservingGateway()
  failing.letGo()
  const left = new AbortController()
  const abandoned = fetch(`${sut.gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await sut.bearer()}`, 'content-type': 'application/json' },
    body: JSON.stringify(QUESTION),
    signal: left.signal,
  })
  await sut.upstreams[0]?.request(1)
  const before = (await sut.holds()).length

  const refused = await failing.ask(await failing.bearer(), QUESTION)
  left.abort()
  await assert.rejects(abandoned)

  assert.deepEqual([refused.status, before], [400, 1])
  await Promise.all([failing.holdsGone(), sut.holdsGone()])
  assert.deepEqual(await heldCents(failing.database.pool), {})
  assert.deepEqual(await heldCents(sut.database.pool), {})
})

test('members of a group wait for what others of them hold of its pool', async () => {
  await using sut = await openReservingGateway()
  await sut.cap({ scope: 'rbac_group', amount: null, pool: 6 })
  const [ada, bob] = await Promise.all(['ada', 'bob'].map(sub => sut.bearer({ sub, groups: ['eng'] })))
  const running = sut.ask(ada ?? '', QUESTION)
  await sut.upstreams[0]?.request(1)

  const refused = await sut.ask(bob ?? '', QUESTION)
  sut.letGo()

  assert.equal(refused.status, 429)
  assert.equal((await running).status, 200)
  const [event] = sut.blocked()
  assert.deepEqual(
    { ...event, request_id: '' },
    {
      ...{ evt: 'spend.blocked', request_id: '', sub: 'bob', cause: 'reserved' },
      ...{ cap_cents: '6', source: 'rbac_group:eng', period: 'monthly' },
    },
  )
})

test('when nothing can be reserved requests are served unseen, or refused where the operator wants that', async () => {
  const answered = async (fail_closed_on_error: boolean) => {
    await using sut = await openReservingGateway({
      sections: { gatehouse: { spend: { reserve: true } }, enforcement: { fail_closed_on_error } },
    })
    await sut.database.pool.query('alter table spend_holds rename to hidden')
    await sut.cap({ amount: 100 })
    sut.letGo()
    const { status, headers, body } = await sut.ask(await sut.bearer(), QUESTION)
    await sut.database.pool.query('alter table hidden rename to spend_holds')
    const limits = Object.keys(headers).filter(name => name.startsWith('anthropic-ratelimit-'))
    return { status, limits, text: status === 200 ? '' : JSON.parse(body).error.message }
  }

  assert.deepEqual(await answered(false), { status: 200, limits: [], text: '' })
  assert.deepEqual(await answered(true), {
    ...{ status: 429, limits: ['anthropic-ratelimit-unified-overage-disabled-reason'] },
    text: 'spend limit unavailable',
  })
})
