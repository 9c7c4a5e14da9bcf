// Receivers of alerts that mean harm, are odd, or have had enough.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAlertRig, pauseOver, raiseOne, SECRET, states } from '../support/alert-rig.ts'
import { answering, hangs, type Manner, resets, startCollector } from '../support/collector.ts'
import { createDatabase } from '../support/postgres.ts'
import { setCap, spend } from '../support/spent.ts'

test('a redirect is not followed', async () => {
  await using database = await createDatabase()
  await using elsewhere = await startCollector()
  const targets = [`${elsewhere.url}/`, 'http://169.254.169.254/latest/', 'http://10.0.0.1/']
  await using receiver = await startCollector((socket, received) => {
    answering(`307 Temporary Redirect\r\nlocation: ${targets[receiver.exports.length - 1]}`)(socket, received)
  })
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  await raiseOne(database.pool)

  for (const _ of targets) {
    await rig.delivery.look()
    await pauseOver(database.pool)
  }

  assert.deepEqual([receiver.exports.length, elsewhere.connections], [3, 0])
  assert.deepEqual(await states(database.pool), ['pending 3'])
  assert.equal(rig.log.lines[0], 'warn the webhook at 127.0.0.1 does not take alerts {"last":"status 307"}')
})

test('a name that leads to a metadata server, or to this machine, is not asked', async () => {
  for (const [address, category] of [
    ['169.254.169.254', 'metadata'],
    ['127.0.0.1', 'loopback'],
  ] as const) {
    await using database = await createDatabase()
    await using receiver = await startCollector()
    const { port } = new URL(receiver.url)
    await using rig = openAlertRig({
      ...{ pool: database.pool, url: `http://alerts.example.com:${port}/`, allowLoopback: false },
      lookup: (_host, _options, done) => done(null, [{ address, family: 4 }]),
    })
    await raiseOne(database.pool)

    await rig.delivery.look()

    assert.deepEqual([receiver.connections, await states(database.pool)], [0, ['pending 1']], category)
    assert.deepEqual(rig.log.lines, [
      'warn the webhook at alerts.example.com does not take alerts {"last":"ECONNREFUSED_SSRF"}',
    ])
  }
})

test('a status is the answer, whatever becomes of what follows it', async () => {
  const dies: Manner = socket => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.destroy())
  }
  const isEndless: Manner = socket => {
    socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 99999999\r\n\r\n')
    socket.write(Buffer.alloc(1_000_000))
  }
  for (const manner of [dies, isEndless]) {
    await using database = await createDatabase()
    await using receiver = await startCollector(manner)
    await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
    await raiseOne(database.pool)

    await rig.delivery.look()

    assert.deepEqual([receiver.exports.length, await states(database.pool)], [1, ['delivered 1']])
  }
})

test('a receiver that says 410 is asked no more about that alert', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector(answering('410 Gone'))
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  const id = await raiseOne(database.pool)

  await rig.delivery.look()
  await pauseOver(database.pool)
  await rig.delivery.look()

  assert.deepEqual([receiver.exports.length, await states(database.pool)], [1, ['given up 1']])
  assert.deepEqual(rig.delivery.counts, { delivered: 0, failed: 1, given_up: 1 })
  assert.deepEqual(rig.log.lines.slice(1), [
    `warn an alert is given up: it was not taken in time ${JSON.stringify({ alert: id, attempts: 1, last: 'status 410' })}`,
  ])
})

test('an alert of yesterday is given up, also by a replica that comes to it only then', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await using receiver = await startCollector(answering('500 Internal Server Error'))
  await using rig = openAlertRig({ pool, url: receiver.url })
  await raiseOne(pool)
  await pool.query(
    `update spend_alerts set at = now() - interval '23 hours 59 minutes 58 seconds', attempts = 3`,
  )

  await rig.delivery.look()
  const last = await states(pool)
  await pool.query(`update spend_alerts set at = now() - interval '25 hours', due_at = now()`)
  await rig.delivery.look()

  assert.deepEqual([last, await states(pool)], [['given up 4'], ['given up 5']])
  assert.equal(receiver.exports.length, 1)
  assert.deepEqual(rig.delivery.counts, { delivered: 0, failed: 2, given_up: 2 })
})

test('without a webhook an alert is never due', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector()
  await setCap(database.pool, { scope: 'user:ada', amount: 1000 })
  const raised = await spend(database.pool, { principal: 'ada', cents: 500, notify: false })

  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  await rig.delivery.look()

  assert.deepEqual([raised.length, receiver.connections, await states(database.pool)], [1, 0, ['given up 0']])
})

test('a replica that stops gives up what is on its way, which whoever is there may send at once', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector(hangs)
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  await raiseOne(database.pool)
  await database.pool.query('update spend_alerts set attempts = 9')

  const looking = rig.delivery.look()
  await receiver.received(1)
  await rig.delivery.close()
  await looking
  await rig.delivery.look()

  const { rows } = await database.pool.query('select attempts, due_at <= now() as is_due from spend_alerts')
  assert.deepEqual([rows, receiver.exports.length, rig.timers], [[{ attempts: 10, is_due: true }], 1, 0])
  assert.deepEqual([rig.log.lines, rig.delivery.counts.failed], [[], 0])
})

test('a database that is gone costs a line of the log, and the next look makes up for it', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector()
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  await raiseOne(database.pool)
  await database.pool.query('alter table spend_alerts rename to hidden')

  await rig.delivery.look()
  await database.pool.query('alter table hidden rename to spend_alerts')
  await rig.delivery.look()

  assert.deepEqual(await states(database.pool), ['delivered 1'])
  assert.deepEqual(rig.log.lines, [
    'warn alerts that are due cannot be read or marked {"cause":"error: relation \\"spend_alerts\\" does not exist"}',
    'info over: alerts that are due cannot be read or marked',
  ])
})

test('neither the secret nor the path of the URL is in the log, whatever the receiver does', async () => {
  const manners: readonly Manner[] = [
    ...[answering('500 Internal Server Error', SECRET), answering('410 marked-path'), resets, hangs],
    socket => void socket.write('HTTP/1.1 marked-path\r\n\r\n'),
    answering(`307 marked-path\r\nlocation: /marked-path?${SECRET}`),
  ]
  const lines: string[] = []
  for (const manner of manners) {
    await using database = await createDatabase()
    await using receiver = await startCollector(manner)
    const url = `${receiver.url}/marked-path?token=marked-path`
    await using rig = openAlertRig({ pool: database.pool, url, totalMs: 200 })
    await raiseOne(database.pool)
    await rig.delivery.look()
    lines.push(...rig.log.lines)
  }

  assert.ok(lines.length >= manners.length)
  assert.deepEqual(
    lines.filter(line => line.includes('marked')),
    [],
  )
})
