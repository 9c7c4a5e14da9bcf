// Who people are is written at their first request for inference too: a bearer may be older than the replica.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring } from '../../app/session/keyring.ts'
import { createTokens, type SessionIdentity } from '../../app/session/token.ts'
import { JWT_SECRET } from '../support/gateway.ts'
import { openSpendGateway, type SpendGateway } from '../support/spend-gateway.ts'

const ADA: SessionIdentity = { sub: 's1', email: 'ada@example.com', name: 'Ada', groups: ['eng'] }

/** A bearer that another replica gave. */
async function bearerOf({ gateway, time }: SpendGateway, identity: SessionIdentity): Promise<string> {
  const tokens = createTokens({
    ...{ keyring: createKeyring([JWT_SECRET]), issuer: gateway.url, ttlHours: 1, clock: () => time.now },
  })
  return (await tokens.mint(identity, 'family')).token
}

async function written({ gateway, database }: SpendGateway) {
  await gateway.services.lastSeen.settled()
  const { rows } = await database.pool.query(
    'select principal, email, name, groups from principal_emails order by principal',
  )
  return rows
}

const ROW = { principal: 's1', email: 'ada@example.com', name: 'Ada', groups: ['eng'] }

test('a request that is served writes who asked, and so does one that counts or is refused', async () => {
  await using sut = await openSpendGateway()
  await sut.cap({ id: 's3', amount: 0 })

  await sut.raw(await bearerOf(sut, ADA))
  await sut.raw(await bearerOf(sut, { ...ADA, sub: 's2' }), { path: '/v1/messages/count_tokens' })
  const refused = await sut.raw(await bearerOf(sut, { ...ADA, sub: 's3' }))
  await sut.raw(await bearerOf(sut, { sub: 's4' }), { body: 'no json' })

  assert.ok(refused.startsWith('HTTP/1.1 429 '))
  assert.deepEqual(await written(sut), [
    ROW,
    { ...ROW, principal: 's2' },
    { ...ROW, principal: 's3' },
    { principal: 's4', email: null, name: null, groups: [] },
  ])
})

test('who is known is written again when something about them changed, or after an hour', async () => {
  await using sut = await openSpendGateway()
  const bearer = await bearerOf(sut, ADA)
  const wipe = () => sut.database.pool.query('delete from principal_emails')
  const after = async (token: string) => {
    await wipe()
    await sut.raw(token)
    return written(sut)
  }

  const first = await after(bearer)
  const again = await after(bearer)
  const changed = await after(await bearerOf(sut, { ...ADA, groups: [] }))
  sut.time.now += 3_600_000
  const later = await after(await bearerOf(sut, { ...ADA, groups: [] }))

  assert.deepEqual([first, again], [[ROW], []])
  assert.deepEqual([changed, later], [[{ ...ROW, groups: [] }], [{ ...ROW, groups: [] }]])
})

test('nobody is written for listing models, nor anybody without admin', async () => {
  await using sut = await openSpendGateway()
  await using plain = await openSpendGateway({ sections: {} })

  const headers = { authorization: `Bearer ${await bearerOf(sut, ADA)}` }
  const listed = await fetch(`${sut.gateway.url}/v1/models`, { headers })
  await listed.arrayBuffer()
  await plain.raw(await bearerOf(plain, ADA))

  assert.deepEqual([await written(sut), await written(plain)], [[], []])
})

test('a request is served although who asked cannot be written', async () => {
  await using sut = await openSpendGateway()
  await sut.database.pool.query('alter table principal_emails rename to moved')

  const answer = await sut.raw(await bearerOf(sut, ADA))
  await sut.gateway.services.lastSeen.settled()

  assert.ok(answer.startsWith('HTTP/1.1 200 '))
  assert.equal(
    sut.gateway.lines.filter(line => line.startsWith('warn who was last seen cannot be written')).length,
    1,
  )
})
