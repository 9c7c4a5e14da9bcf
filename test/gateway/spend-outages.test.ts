// What a request for inference meets while the store cannot say what was spent: served, or refused where the operator
// wants it so; and what goes on whatever becomes of the store.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import pg from 'pg'
import { administer, type TestDatabase } from '../support/postgres.ts'
import { openSpendGateway, type SpendGateway, watching } from '../support/spend-gateway.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { chunk, LAST_CHUNK, type Script, streamHead } from '../support/upstream.ts'
import { ASK, polite } from '../support/whole-gateway.ts'

type Place = { readonly proxy: TcpProxy; readonly database: TestDatabase }

interface Outage {
  readonly what: string
  /** Answers how it ends. */
  begin(place: Place): Promise<() => unknown> | (() => unknown)
}

const OUTAGES: readonly Outage[] = [
  {
    what: 'gone',
    begin({ proxy }) {
      proxy.cut()
      return () => proxy.resume()
    },
  },
  {
    what: 'silent',
    begin({ proxy }) {
      proxy.pause()
      return () => proxy.resume()
    },
  },
  {
    what: 'stopped in its tracks',
    async begin({ database }) {
      const pid = await gatePid(database)
      process.kill(pid, 'SIGSTOP')
      return () => process.kill(pid, 'SIGCONT')
    },
  },
  {
    what: 'slow, as a table is locked',
    async begin({ database }) {
      const client = new pg.Client(database.url)
      await client.connect()
      await client.query('begin; lock table spend_limits in access exclusive mode')
      return () => client.end()
    },
  },
  {
    what: 'out of connections',
    async begin({ database }) {
      const name = database.url.split('/').at(-1)
      await administer(`alter database ${name} allow_connections false`)
      await administer(`select pg_terminate_backend(${await gatePid(database)}, 10000)`)
      return () => administer(`alter database ${name} allow_connections true`)
    },
  },
]

/** The server's process behind the gate's connection, which is idle. */
async function gatePid({ pool }: TestDatabase): Promise<number> {
  const { rows } = await pool.query(
    `select pid from pg_stat_activity
      where datname = current_database() and query like '%pooled_spend%' and pid <> pg_backend_pid()`,
  )
  assert.equal(rows.length, 1)
  return rows[0].pid
}

/** A gateway whose way to the database, and whose steady clock, a test holds. */
async function open({ failsClosed, script = polite }: { failsClosed: boolean; script?: Script }) {
  const { promise: made, resolve } = Promise.withResolvers<TcpProxy>()
  let skew = 0
  const sut = await openSpendGateway({
    sections: watching({}, failsClosed ? { enforcement: { fail_closed_on_error: true } } : {}),
    scripts: [script],
    monotonic: () => performance.now() + skew,
    async databaseUrl(database) {
      const proxy = await startTcpProxy(database.tcpUrl)
      resolve(proxy)
      return proxy.through(database.tcpUrl)
    },
  })
  const proxy = await made
  await sut.cap({ amount: 100 })
  const bearer = await sut.bearer()
  assert.equal((await sut.ask(bearer)).headers['anthropic-ratelimit-unified-status'], 'allowed')
  return {
    ...{ ...sut, proxy },
    /** A request's status, and what it tells of limits. */
    async told(body: object = ASK) {
      const { status, headers } = await sut.ask(bearer, { ...body })
      return [status, headers['anthropic-ratelimit-unified-status'] ?? null]
    },
    bearerOfAda: bearer,
    fiveSecondsPass() {
      skew += 5000
    },
    async [Symbol.asyncDispose]() {
      await sut[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

function warnings({ gateway }: SpendGateway): string[] {
  return gateway.lines
    .filter(line => line.includes('spend limits cannot be read'))
    .map(line => line.replace(/ \{.*$/, ''))
}

const TEXT = 'spend limits cannot be read from the store, and requests are'

describe('without fail_closed_on_error requests are served, and limits hold again by themselves', {
  concurrency: true,
}, () => {
  for (const { what, begin } of OUTAGES) {
    test(`while Postgres is ${what}`, async () => {
      await using sut = await open({ failsClosed: false })
      await sut.spend({ monthly: '100' })
      const end = await begin(sut)

      const during = await Promise.all([sut.told(), sut.told({ ...ASK, stream: true }), sut.told()])
      const resting = await sut.told()
      await end()
      sut.fiveSecondsPass()
      const after = await sut.told()

      assert.deepEqual(
        [...during, resting],
        [
          [200, null],
          [200, null],
          [200, null],
          [200, null],
        ],
      )
      assert.deepEqual(after, [429, 'rejected'])
      assert.deepEqual(warnings(sut), [
        `warn ${TEXT} served without them`,
        `info over: ${TEXT} served without them (3 more times)`,
      ])
      assert.equal(sut.blocked().length, 1)
    })
  }
})

describe('with fail_closed_on_error nobody is served unseen, and everybody is served again by themselves', {
  concurrency: true,
}, () => {
  for (const { what, begin } of OUTAGES) {
    test(`while Postgres is ${what}`, async () => {
      await using sut = await open({ failsClosed: true })
      const end = await begin(sut)

      const answer = await sut.raw(sut.bearerOfAda)
      const wrong = await sut.raw(sut.bearerOfAda, { body: 'no json' })
      const counted = await sut.raw(sut.bearerOfAda, { path: '/v1/messages/count_tokens' })
      await end()
      sut.fiveSecondsPass()
      const after = await sut.told()

      const body = '{"type":"error","error":{"type":"billing_error","message":"spend limit unavailable"}}'
      const lines = [
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
        'x-should-retry: false',
        'anthropic-ratelimit-unified-overage-disabled-reason: fetch_error',
        'Connection: keep-alive',
        'Keep-Alive: timeout=620',
        '',
        body,
      ]
      assert.deepEqual(
        [answer, wrong].map(text => text.split('\r\n').filter(line => !line.startsWith('Date: '))),
        [lines, lines],
      )
      assert.ok(counted.startsWith('HTTP/1.1 200 '))
      assert.deepEqual(after, [200, 'allowed'])
      const event = { evt: 'spend.blocked', request_id: 'run-7', sub: 'ada', cause: 'store_error' }
      assert.deepEqual(sut.blocked(), [event, event])
      assert.equal(warnings(sut)[0], `warn ${TEXT} refused`)
    })
  }
})

test('a database that can only be read says what it says as ever', async () => {
  await using sut = await open({ failsClosed: true })
  await sut.spend({ monthly: '99' })
  const name = sut.database.url.split('/').at(-1)
  await administer(`alter database ${name} set default_transaction_read_only = on`)
  await administer(`select pg_terminate_backend(${await gatePid(sut.database)}, 10000)`)
  sut.fiveSecondsPass()

  const told = await sut.told()
  sut.fiveSecondsPass()

  // Whether the lost connection was noticed before the first request is the network's.
  assert.ok(told[1] === 'allowed_warning' || told[0] === 429)
  assert.deepEqual(await sut.told(), [200, 'allowed_warning'])
})

test('a stream that runs does not notice that the store is gone', async () => {
  const [begun, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const script: Script = async ({ body, ...request }, socket) => {
    const answer = polite({ body, ...request }, socket)
    if (JSON.parse(body.toString())['stream'] !== true) return void socket.write(answer as Buffer) // `polite` answers bytes
    socket.write(Buffer.concat([streamHead(), chunk(REPLY_EVENTS.slice(0, 4).join(''))]))
    begun.resolve()
    await gone.promise
    socket.write(Buffer.concat([chunk(REPLY_EVENTS.slice(4).join('')), LAST_CHUNK]))
  }
  await using sut = await open({ failsClosed: true, script })

  const asked = sut.ask(sut.bearerOfAda, { ...ASK, stream: true })
  await begun.promise
  sut.proxy.cut()
  const refused = await sut.told()
  gone.resolve()

  const { status, body, headers } = await asked
  assert.deepEqual([refused[0], status, body], [429, 200, REPLY_EVENTS.join('')])
  assert.equal(headers['anthropic-ratelimit-unified-status'], 'allowed')
})
