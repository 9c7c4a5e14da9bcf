// One connection for many statements: what they share, what fails alone, and what a silent server costs.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { steadyClock } from '../../app/lib/clock.ts'
import { SharedConnection } from '../../app/store/shared-connection.ts'
import { administer, createDatabase, type TestDatabase } from '../support/postgres.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const NAME = 'shared-connection'

/** A deadline that a test waits for; a busy machine may miss it as well, so what must be answered is asked `again`. */
const SHORT_MS = 200

/** Closed with the test. */
function connect(url: string, deadlineMs = 60_000, clock = steadyClock) {
  const pool = new pg.Pool({ connectionString: url, max: 1, pipeline: true, application_name: NAME })
  const connection = new SharedConnection({ pool, deadlineMs, clock })
  async function value(text: string, values: readonly unknown[] = []) {
    const statement = { name: text, text, values: [...values], rowMode: 'array' as const }
    const [row] = await connection.rows<[unknown]>(statement)
    return row?.[0]
  }
  return {
    /** The one value of the one row. */
    value,
    /** The same, until it is answered in time. */
    async again(text: string, { signal }: TestContext) {
      for (;;) {
        signal.throwIfAborted()
        const [outcome] = await Promise.allSettled([value(text)])
        if (outcome.status === 'fulfilled') return outcome.value
      }
    },
    close: () => connection.close(),
    async [Symbol.asyncDispose]() {
      connection.close()
      await pool.end()
    },
  }
}

/** The sessions of shared connections in `database`: what each waits for, or is idle in. */
async function sessions({ pool }: TestDatabase): Promise<readonly string[]> {
  const { rows } = await pool.query(
    `select coalesce(wait_event_type, state) as what from pg_stat_activity
      where datname = current_database() and application_name = $1`,
    [NAME],
  )
  return rows.map(row => row.what)
}

/** Locks `moving` against everybody until the returned function is called. */
async function lock({ url }: TestDatabase): Promise<() => Promise<void>> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query('begin; lock table moving in access exclusive mode')
  return () => client.end()
}

test('statements that are asked for together are answered over one connection, each with its own rows', async () => {
  await using database = await createDatabase()
  await using shared = connect(database.url)
  const numbers = Array.from({ length: 50 }, (_, index) => index)

  const answers = await Promise.all(numbers.map(number => shared.value('select $1::text', [number])))

  assert.deepEqual(answers, numbers.map(String))
  assert.equal((await sessions(database)).length, 1)
})

test('a statement that the server refuses fails alone', async () => {
  await using database = await createDatabase()
  await using shared = connect(database.url)

  const [before, wrong, after] = await Promise.allSettled([
    shared.value('select 1'),
    shared.value('select 1 / 0'),
    shared.value('select 2'),
  ])

  assert.deepEqual(
    [before, after],
    [
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: 2 },
    ],
  )
  assert.equal(wrong.status === 'rejected' && wrong.reason.code, '22012')
  assert.equal((await sessions(database)).length, 1)
})

test('a server that says nothing costs the connection and what waits on it, and the next statement opens another', async t => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  await using shared = connect(proxy.through(database.tcpUrl), SHORT_MS)
  assert.equal(await shared.again('select 1', t), 1)

  proxy.pause()
  const silent = await Promise.allSettled([shared.value('select 2'), shared.value('select 3')])
  proxy.resume()

  assert.deepEqual(
    silent.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await shared.again('select 4', t), 4)
})

test('opening a connection counts to the deadline', async t => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  await using shared = connect(proxy.through(database.tcpUrl), SHORT_MS)
  proxy.pause()

  await assert.rejects(shared.value('select 1'), { name: 'DeadlineExceeded' })

  proxy.resume()
  assert.equal(await shared.again('select 2', t), 2)
})

test('the server gives a statement up that nobody waits for any more', async t => {
  await using database = await createDatabase()
  await database.pool.query('create table moving (n integer)')
  await using shared = connect(database.url, SHORT_MS)
  await shared.again('select 1', t)
  const unlock = await lock(database)

  await assert.rejects(shared.value('select n from moving'))

  // The lock is held all the while: without a limit of the server's the session would wait on.
  while ((await sessions(database)).includes('Lock'));
  await unlock()
  assert.equal(await shared.again('select n from moving', t), undefined)
})

test('a connection that is lost in the middle of a statement is a failure of that statement, and no more', async () => {
  await using database = await createDatabase()
  await database.pool.query('create table moving (n integer)')
  await using shared = connect(database.url)
  const unlock = await lock(database)

  const waiting = Promise.allSettled([shared.value('select n from moving'), shared.value('select 1')])
  while (!(await sessions(database)).includes('Lock'));
  await administer(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = '${NAME}' and wait_event_type = 'Lock'`)
  const lost = await waiting
  await unlock()

  assert.deepEqual(
    lost.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await shared.value('select 2'), 2)
})

test('an idle connection that is lost is replaced by the next statement', async () => {
  await using database = await createDatabase()
  await using shared = connect(database.url)
  await shared.value('select 1')
  await database.pool.query(
    'select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = $1',
    [NAME],
  )

  const outcomes = [await shared.value('select 2').catch(() => 'lost'), await shared.value('select 3')]

  // Whether the end was noticed before the next statement was sent is the network's.
  assert.ok(outcomes[0] === 2 || outcomes[0] === 'lost')
  assert.equal(outcomes[1], 3)
})

test('a connection that nobody used for five minutes is replaced, as what lies between may have forgotten it', async () => {
  await using database = await createDatabase()
  let now = 0
  await using shared = connect(database.url, 60_000, () => now)
  const pid = () => shared.value('select pg_backend_pid()')

  const first = await pid()
  now += 299_999
  const busy = await pid()
  now += 300_000
  const [idle, next] = [await pid(), await pid()]

  assert.equal(busy, first)
  assert.notEqual(idle, first)
  assert.equal(next, idle)
})

test('a server without a free connection is a failure, until it has one', async () => {
  await using database = await createDatabase()
  const role = `role_${new URL(database.tcpUrl).pathname.slice(1)}`
  await administer(`create role ${role} login password 'marked' connection limit 0`)
  const url = new URL(database.tcpUrl)
  Object.assign(url, { username: role, password: 'marked' })
  {
    await using shared = connect(url.href)

    await assert.rejects(shared.value('select 1'), { code: '53300' })

    await administer(`alter role ${role} connection limit 1`)
    assert.equal(await shared.value('select 2'), 2)
  }
  await administer(`drop role ${role}`)
})

test('after its end nothing can be asked', async () => {
  await using database = await createDatabase()
  await using shared = connect(database.url)
  await shared.value('select 1')
  const last = shared.value('select 2')

  shared.close()

  assert.equal(await last, 2)
  await assert.rejects(shared.value('select 3'))
})
