// `kill -9` at any moment: what a client saw end is billed, once, and nothing is billed twice (M-34, M-36).
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { allOf, totals } from '../support/entries.ts'
import { freePort } from '../support/free-port.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { bearerFor } from '../support/held-streams.ts'
import { startIdp } from '../support/idp.ts'
import { ask, countingUpstream, FATES, type Seen } from '../support/mixed-traffic.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { startUpstream } from '../support/upstream.ts'

const REQUESTS = 200

const ROUNDS = 20

/** Nano-dollars: Sonnet 5 costs 2 USD a million tokens in, and 10 out. */
const priceOf = (tokens: number, output: number) => BigInt(tokens * 2000 + output * 10_000)

/** How many entries there are by their number of input tokens, which is no other answer's. */
async function entriesBy({
  pool,
}: TestDatabase): Promise<ReadonlyMap<number, { count: number; nano: bigint }>> {
  const { rows } = await pool.query<{ tokens: number; count: number; nano: string }>(`
    select input_tokens::integer as tokens, count(*)::integer as count, sum(nano_usd)::text as nano
      from spend_entries group by 1`)
  return new Map(rows.map(({ tokens, count, nano }) => [tokens, { count, nano: BigInt(nano) }]))
}

async function startKillable() {
  await using opening = new AsyncDisposableStack()
  const database = opening.use(await createDatabase())
  const idp = opening.use(await startIdp())
  const upstream = opening.use(await startUpstream(countingUpstream()))
  const port = await freePort()
  const start = async () => {
    const gateway = serveGateway({
      ...{ port, issuer: idp.issuer, databaseUrl: database.url, upstreamUrls: [upstream.origin] },
      // As long as may be: this machine has other things to do.
      sections: { admin: {}, gatehouse: { spend: { settle_timeout_ms: 2000 } } },
    })
    await gateway.line('ready')
    return gateway
  }
  let gateway = await start()
  const opened = opening.move()
  return {
    ...{ database, port, bearer: await bearerFor(port) },
    kill: () => gateway.signal('SIGKILL'),
    async restart() {
      await gateway[Symbol.asyncDispose]()
      gateway = await start()
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await opened.disposeAsync()
    },
  }
}

test(`${REQUESTS} requests at once, killed in the middle, ${ROUNDS} times: every answer that ended is billed once`, {
  timeout: ROUNDS * 60_000,
}, async t => {
  await using sut = await startKillable()
  const { port, bearer, database } = sut
  const seen: Seen[] = []

  for (let round = 1; round <= ROUNDS; round += 1) {
    const killAfter = randomInt(1, REQUESTS)
    t.diagnostic(`round ${round}: killed after ${killAfter} answers`)
    let ended = 0
    const before = await Promise.all(
      Array.from({ length: REQUESTS }, async (_, n) => {
        const fate = FATES[n % FATES.length] ?? 'stream'
        const answer = await ask(port, { bearer, fate })
        ended += 1
        if (ended === killAfter) sut.kill()
        return { fate, answer }
      }),
    )
    await sut.restart()
    const again = before.filter(
      ({ fate, answer }) => !answer.isWhole && ['stream', 'document'].includes(fate),
    )
    const after = await Promise.all(again.map(({ fate }) => ask(port, { bearer, fate })))
    seen.push(...before.map(({ answer }) => answer), ...after)
    assert.deepEqual(
      after.filter(({ isWhole }) => !isWhole),
      [],
    )
  }

  const entries = await entriesBy(database)
  const whole = seen.filter(({ isWhole }) => isWhole)
  assert.ok(whole.length >= (ROUNDS * REQUESTS * 2) / 3)
  assert.deepEqual(
    whole.filter(({ tokens }) => entries.get(tokens ?? 0)?.nano !== priceOf(tokens ?? 0, 5)),
    [],
  )
  assert.deepEqual(
    [...entries].filter(([, { count }]) => count !== 1),
    [],
  )
  const sum = [...entries.values()].reduce((total, { nano }) => total + nano, 0n)
  assert.deepEqual(await totals(database.pool), allOf(sum))
})

test('answers that are cut are billed too, each once: by the developer who leaves, and by the upstream', async () => {
  await using sut = await startKillable()
  const { port, bearer, database } = sut

  const seen = await Promise.all(
    Array.from({ length: 60 }, (_, n) => ask(port, { bearer, fate: n % 2 === 0 ? 'left' : 'cut' })),
  )

  let entries = await entriesBy(database)
  while (entries.size < 60) entries = await entriesBy(database) // nobody waits for them
  assert.deepEqual(
    [...entries.keys()].toSorted((a, b) => a - b),
    seen.map(({ tokens }) => tokens ?? 0).toSorted((a, b) => a - b),
  )
  const sum = Array.from({ length: 60 }, (_, n) => priceOf(n + 1, 1)).reduce((total, nano) => total + nano)
  assert.deepEqual(await totals(database.pool), allOf(sum))
})
