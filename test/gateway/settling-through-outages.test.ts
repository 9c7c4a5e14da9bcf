// What is spent while Postgres is away: streams end as ever, and the counters catch up without a restart (M-12, M-35).
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import pg from 'pg'
import { allOf, totals } from '../support/entries.ts'
import { administer, type TestDatabase } from '../support/postgres.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { chunk, LAST_CHUNK, type Script, streamHead } from '../support/upstream.ts'
import { ASK, openWholeGateway } from '../support/whole-gateway.ts'

interface Place {
  readonly proxy: TcpProxy
  readonly database: TestDatabase
  /** Whom the gateway logs in as. */
  readonly role: string
}

/** Begins one; what is answered ends it. */
type Outage = (place: Place) => Promise<() => unknown>

const OUTAGES: Readonly<Record<string, Outage>> = {
  async stopped({ proxy }) {
    proxy.cut()
    return () => proxy.resume()
  },
  async paused({ proxy }) {
    proxy.pause()
    return () => proxy.resume()
  },
  async 'stopped in its tracks'({ database, role }) {
    const { rows } = await database.pool.query('select pid from pg_stat_activity where usename = $1', [role])
    assert.ok(rows.length > 0)
    for (const { pid } of rows) process.kill(pid, 'SIGSTOP')
    return () => {
      for (const { pid } of rows) process.kill(pid, 'SIGCONT')
    }
  },
  async 'so slow that nothing is stored in time'({ database }) {
    const client = new pg.Client(database.url)
    await client.connect()
    await client.query('begin; lock table spend in exclusive mode')
    return async () => {
      await client.query('commit')
      await client.end()
    }
  },
  async 'read-only'(place) {
    await administer(`alter role ${place.role} set default_transaction_read_only = on`)
    await endSessions(place)
    return async () => {
      await administer(`alter role ${place.role} reset default_transaction_read_only`)
      await endSessions(place)
    }
  },
  async 'out of connections'(place) {
    await administer(`alter role ${place.role} connection limit 0`)
    await endSessions(place)
    return () => administer(`alter role ${place.role} connection limit -1`)
  },
  async restarted(place) {
    await endSessions(place)
    return () => {}
  },
}

async function endSessions({ role }: Place): Promise<void> {
  await administer(`select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '${role}'`)
}

/** A role that limits apply to, unlike the superuser of the tests. */
async function createRole(database: TestDatabase): Promise<{ role: string; url: string }> {
  const role = `gateway_${randomBytes(6).toString('hex')}`
  await database.pool.query(`
    create role ${role} login password 'password';
    grant all on all tables in schema public to ${role};
    grant all on all sequences in schema public to ${role}`)
  const url = new URL(database.tcpUrl)
  url.username = role
  url.password = 'password'
  return { role, url: url.href }
}

/** A gateway that meters, whose upstream stops in the middle of a stream until `goOn`. */
async function open(queueEntries: number) {
  const made = Promise.withResolvers<Place>()
  const held: (() => void)[] = []
  const script: Script = async (_request, socket) => {
    socket.write(Buffer.concat([streamHead(), chunk(REPLY_EVENTS.slice(0, 4).join(''))]))
    await new Promise<void>(resolve => held.push(resolve))
    socket.write(Buffer.concat([chunk(REPLY_EVENTS.slice(4).join('')), LAST_CHUNK]))
  }
  const whole = await openWholeGateway({
    scripts: [script],
    sections: { admin: {}, gatehouse: { spend: { queue_entries: queueEntries } } },
    async databaseUrl(database) {
      const { role, url } = await createRole(database)
      const proxy = await startTcpProxy(url)
      made.resolve({ proxy, database, role })
      return proxy.through(url)
    },
  })
  const place = await made.promise
  return {
    ...{ whole, place },
    /** Begins that many streams; `end` lets all of them go on, and answers what came of each. */
    async streams(bearer: string, count: number) {
      const asked = Array.from({ length: count }, () => whole.ask(bearer, { ...ASK, stream: true }))
      while (held.length < count) await new Promise(setImmediate)
      return {
        end() {
          for (const goOn of held.splice(0)) goOn()
          return Promise.all(asked)
        },
      }
    },
    async [Symbol.asyncDispose]() {
      await whole[Symbol.asyncDispose]()
      await place.proxy[Symbol.asyncDispose]()
      await administer(`drop role ${place.role}`)
    },
  }
}

/** Nano-dollars of one stream: 11 tokens in at 2 USD a million, 5 out at 10. */
const COST = 72_000n

describe('streams end whole, and their cost is stored when it can be', { concurrency: true }, () => {
  for (const [what, begin] of Object.entries(OUTAGES)) {
    test(`while Postgres is ${what}`, async () => {
      await using sut = await open(1000)
      const { access_token: bearer } = await sut.whole.tokens()
      const before = await sut.streams(bearer, 3)

      const end = await begin(sut.place)
      const ended = await before.end()
      const during = await (await sut.streams(bearer, 3)).end()
      await end()

      assert.deepEqual(
        [...ended, ...during].map(({ status, body }) => [status, body]),
        new Array(6).fill([200, REPLY_EVENTS.join('')]),
      )
      const stored = () => totals(sut.place.database.pool)
      while ((await stored())['entries'] !== String(6n * COST)) await new Promise(setImmediate)
      assert.deepEqual(await stored(), allOf(6n * COST))
      assert.deepEqual(
        sut.whole.gateway.events.filter(({ evt }) => evt === 'spend.unsettled'),
        [],
      )
    })
  }
})

test('what finds no room in memory while Postgres is stopped goes to the audit, whole, and nothing is lost', async () => {
  await using sut = await open(2)
  const { access_token: bearer } = await sut.whole.tokens()
  const streams = await sut.streams(bearer, 5)

  sut.place.proxy.cut()
  const ended = await streams.end()
  const unsettled = sut.whole.gateway.events.filter(event => event.evt === 'spend.unsettled')
  sut.place.proxy.resume()

  assert.deepEqual(
    ended.map(({ status, body }) => [status, body]),
    new Array(5).fill([200, REPLY_EVENTS.join('')]),
  )
  assert.deepEqual(
    unsettled.map(({ reason, nano_usd }) => [reason, nano_usd]),
    new Array(3).fill(['queue_full', String(COST)]),
  )
  const stored = () => totals(sut.place.database.pool)
  while ((await stored())['entries'] !== String(2n * COST)) await new Promise(setImmediate)
  assert.deepEqual(await stored(), allOf(2n * COST))
})
