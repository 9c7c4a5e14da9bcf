import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { createReadiness } from '../../app/store/readiness.ts'
import { createDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** Readiness of a database behind a proxy, at a time that the test sets. */
async function arrange({ graceSeconds = 0, max = 1 } = {}) {
  const database = await createDatabase()
  const proxy = await startTcpProxy(database.tcpUrl)
  const probe = new pg.Pool({
    connectionString: proxy.through(database.tcpUrl),
    max,
    connectionTimeoutMillis: 5000,
  })
  probe.on('error', () => {})
  const log = recordLog()
  let now = 0
  const { isReady, isUp } = createReadiness({ probe, log, clock: () => now, graceSeconds })
  return {
    ...{ database, proxy, probe, log },
    /** Asks at `seconds` after the start. */
    at: (seconds: number) => {
      now = seconds * 1000
      return isReady()
    },
    isUp,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await probe.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('a database that answers is ready, and one that is gone is not until it is back', async () => {
  await using bench = await arrange()

  const before = await bench.at(0)
  bench.proxy.cut()
  const during = await bench.at(1)
  bench.proxy.resume()
  const afterwards = await bench.at(2)

  assert.deepEqual([before, during, afterwards], [true, false, true])
  assert.match(bench.log.lines[0] ?? '', /^warn the store does not answer \(.+\): not ready$/)
  assert.deepEqual(bench.log.lines.slice(1), ['info the store answers again'])
})

test('a database that accepts but does not answer is not ready after two seconds', async () => {
  await using bench = await arrange()
  await bench.at(0)
  bench.proxy.pause()

  assert.equal(await bench.at(1), false)

  assert.deepEqual(bench.log.lines, ['warn the store does not answer (no answer within 2000 ms): not ready'])
})

test('callers within one second share one query', async () => {
  await using bench = await arrange()
  let queries = 0
  bench.probe.on('acquire', () => {
    queries += 1
  })

  await Promise.all([bench.at(0), bench.at(0), bench.at(0.5), bench.at(0.999)])
  const withinOneSecond = queries
  await bench.at(1)

  assert.deepEqual([withinOneSecond, queries], [1, 2])
})

test('the grace counts from the first failure', async () => {
  await using bench = await arrange({ graceSeconds: 10 })
  await bench.at(0)
  bench.proxy.cut()

  const answers = [await bench.at(5), await bench.at(14.9), await bench.at(16)]
  bench.proxy.resume()
  answers.push(await bench.at(17))
  bench.proxy.cut()
  answers.push(await bench.at(18))

  assert.deepEqual(answers, [true, true, false, true, true])
  assert.equal(await bench.isUp(), false, 'the grace hides nothing from whoever measures')
  assert.match(bench.log.lines[0] ?? '', /: still ready, by store\.readiness_grace_seconds$/)
})

test('a read-only database is not ready', async () => {
  await using bench = await arrange()
  const name = new URL(bench.database.url).pathname.slice(1)
  await bench.database.pool.query(`alter database ${name} set default_transaction_read_only = on`)

  assert.equal(await bench.at(0), false)

  assert.deepEqual(bench.log.lines, ['warn the store is read-only: not ready'])
})

test('what fails is said every 30 seconds', async () => {
  await using bench = await arrange()
  bench.proxy.cut()

  for (const seconds of [0, 10, 29, 30, 59, 60]) await bench.at(seconds)

  assert.equal(bench.log.lines.length, 3)
})
