// GET /api/oauth/usage: what a developer's client asks, and how fresh the answer is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administer } from '../support/postgres.ts'
import { openSpendGateway, type SpendGateway, watching } from '../support/spend-gateway.ts'

async function usage({ gateway }: SpendGateway, bearer: string) {
  const response = await fetch(`${gateway.url}/api/oauth/usage`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  const { headers, status } = response
  const [type, cache] = [headers.get('content-type'), headers.get('cache-control')]
  return { status, type, cache, body: await response.text() }
}

const HALF =
  '{"extra_usage":{"is_enabled":true,"monthly_limit":50000,"used_credits":27140,"utilization":54,"currency":"USD"},' +
  '"limits":[{"kind":"spend","group":"monthly","percent":54,"resets_at":"2026-12-01T00:00:00.000Z","severity":"normal","is_active":true}]}'

test('a developer with a cap reads how much of it is used', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ scope: 'rbac_group', amount: 50_000 })
  await sut.spend({ monthly: '27140.5' })

  const answer = await usage(sut, await sut.bearer({ groups: ['eng'] }))

  assert.deepEqual(answer, {
    status: 200,
    type: 'application/json; charset=utf-8',
    cache: 'no-store',
    body: HALF,
  })
})

test('a developer without a cap reads what was spent, whatever their pools say', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ scope: 'rbac_group', amount: null, pool: 1 })
  await sut.pooled('eng', '1')
  await sut.spend({ daily: '1240', weekly: '3300', monthly: '8123' })

  const { status, body } = await usage(sut, await sut.bearer({ groups: ['eng'] }))

  assert.equal(status, 200)
  assert.equal(
    body,
    '{"extra_usage":{"is_enabled":true,"monthly_limit":null,"used_credits":8123,"utilization":null,"currency":"USD",' +
      '"daily":{"limit":null,"used_credits":1240,"utilization":null},' +
      '"weekly":{"limit":null,"used_credits":3300,"utilization":null}},"limits":[]}',
  )
})

test('nobody reads it without a bearer, and without admin there is no such path', async () => {
  await using sut = await openSpendGateway()
  await using plain = await openSpendGateway({ sections: {} })

  const refused = await usage(sut, 'no-bearer')
  const missing = await usage(plain, await plain.bearer())

  assert.deepEqual([refused.status, refused.cache, missing.status], [401, 'no-store', 404])
})

test('an answer is up to two seconds old', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ amount: 100 })
  const [bearer, other] = [await sut.bearer(), await sut.bearer({ name: 'Ada' })]
  const used = async (token: string) => JSON.parse((await usage(sut, token)).body).extra_usage.used_credits

  const seen = [await used(bearer)]
  await sut.spend({ monthly: '50' })
  seen.push(await used(bearer), await used(other))
  sut.time.now += 1999
  seen.push(await used(bearer))
  sut.time.now += 1
  seen.push(await used(bearer))

  assert.deepEqual(seen, [0, 0, 50, 0, 50])
})

test('a cap that is changed here is seen at once', async () => {
  const key = 'a-key-of-the-admin-api-of-32-or-more'
  await using sut = await openSpendGateway({ sections: watching({ write_keys: [{ id: 'tests', key }] }) })
  const bearer = await sut.bearer()
  const limit = async () => JSON.parse((await usage(sut, bearer)).body).extra_usage.monthly_limit
  const url = `${sut.gateway.url}/v1/organizations/spend_limits`
  const change = async (method: string, path = '', body?: object) => {
    const init = { method, headers: { 'x-api-key': key }, ...(body && { body: JSON.stringify(body) }) }
    const response = await fetch(`${url}${path}`, init)
    return (await response.json()) as { id: string }
  }

  const limits = [await limit()]
  const { id } = await change('POST', '', { scope: { type: 'organization' }, amount: '700' })
  limits.push(await limit())
  await change('DELETE', `/${id}`)
  limits.push(await limit())

  assert.deepEqual(limits, [null, 700, null])
})

test('while the store does not answer, the client is told to come back', async () => {
  await using sut = await openSpendGateway()
  const bearer = await sut.bearer()
  await administer(`alter database ${sut.database.url.split('/').at(-1)} allow_connections false`)

  const answer = await usage(sut, bearer)

  assert.deepEqual([answer.status, answer.cache], [503, 'no-store'])
  const { type, error } = JSON.parse(answer.body)
  assert.deepEqual(
    [type, error],
    [
      'error',
      {
        type: 'api_error',
        message: 'what you have spent cannot be read right now; try again in a minute',
      },
    ],
  )
})
