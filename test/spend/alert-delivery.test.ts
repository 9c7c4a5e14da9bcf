// Alerts on their way to a webhook: signed, once where possible, again where not, and never elsewhere.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAlertRig, pauseOver, raiseOne, SECRET, states } from '../support/alert-rig.ts'
import { createAuthority } from '../support/authority.ts'
import { answering, hangs, type Manner, resets, startCollector } from '../support/collector.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { NOW } from '../support/spent.ts'

/** Written without the code under test: the time, and whether it and the body are what was signed (Web Crypto). */
async function verified(signature: string | undefined, body: Buffer): Promise<string | null> {
  const [, time = '', hex = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature ?? '') ?? []
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', Buffer.from(SECRET), algorithm, false, ['verify'])
  const signed = Buffer.concat([Buffer.from(`${time}.`), body])
  return (await crypto.subtle.verify('HMAC', key, Buffer.from(hex, 'hex'), signed)) ? time : null
}

test('an alert is one signed request, and is sent no more once it was taken', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector(answering('204 No Content'))
  const headers = { authorization: 'Bearer receiver' }
  await using rig = openAlertRig({
    pool: database.pool,
    url: `${receiver.url}/hook?a=b`,
    webhook: { headers },
  })
  const id = await raiseOne(database.pool)

  await rig.delivery.look()
  await pauseOver(database.pool)
  await rig.delivery.look()

  const [{ rows }] = [await database.pool.query<{ at: Date }>('select at from spend_alerts')]
  const [sent, ...more] = receiver.exports
  assert.ok(sent)
  assert.deepEqual(more, [])
  assert.equal(sent.path, '/hook?a=b')
  assert.deepEqual(JSON.parse(sent.body.toString()), {
    type: 'spend.threshold',
    id,
    created_at: rows[0]?.at.toISOString(),
    scope: { type: 'user', user_id: 'ada' },
    period: 'monthly',
    period_key: '2026-11',
    fraction: '0.5',
    amount: '1000',
    currency: 'USD',
    period_to_date_spend: '512',
  })
  const {
    'gatehouse-signature': signature,
    host,
    connection,
    'content-length': length,
    ...rest
  } = sent.headers
  assert.deepEqual(rest, {
    'content-type': 'application/json',
    'user-agent': 'gatehouse/9.9.9',
    authorization: 'Bearer receiver',
    'gatehouse-alert-id': id,
  })
  assert.equal(await verified(signature, sent.body), String(NOW / 1000))
  assert.equal(await verified(signature, Buffer.concat([sent.body, Buffer.from(' ')])), null)
  assert.deepEqual(await states(database.pool), ['delivered 1'])
  assert.deepEqual([rig.delivery.counts, rig.log.lines], [{ delivered: 1, failed: 0, given_up: 0 }, []])
})

test('an alert travels by https, to a receiver with a certificate', async () => {
  await using database = await createDatabase()
  const authority = createAuthority('alerts')
  const seen: (string | undefined)[] = []
  const server = createServer(authority.issue('localhost'), (request, response) => {
    seen.push(request.headers['gatehouse-alert-id']?.toString())
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  const url = `https://localhost:${port}/`
  const id = await raiseOne(database.pool)

  await using rig = openAlertRig({ pool: database.pool, url, ca: authority.cert })
  await rig.delivery.look()
  server.close().closeAllConnections()

  assert.deepEqual([seen, await states(database.pool)], [[id], ['delivered 1']])
})

test('a receiver that fails gets the same message again, until it takes it', async () => {
  await using database = await createDatabase()
  const failures: Manner[] = [answering('500 Internal Server Error'), resets, answering('404 Not Found')]
  await using receiver = await startCollector((socket, received) => {
    const manner = failures.shift() ?? answering('200 OK')
    manner(socket, received)
  })
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  const id = await raiseOne(database.pool)
  const seen: string[][] = []

  for (let look = 0; look < 5; look += 1) {
    await rig.delivery.look()
    seen.push(await states(database.pool))
    await pauseOver(database.pool)
  }

  assert.deepEqual(seen.flat(), ['pending 1', 'pending 2', 'pending 3', 'delivered 4', 'delivered 4'])
  const sent = receiver.exports.map(({ headers, body }) => [headers['gatehouse-alert-id'], body.toString()])
  assert.deepEqual(sent, Array(4).fill([id, sent[0]?.[1]]))
  assert.deepEqual(rig.delivery.counts, { delivered: 1, failed: 3, given_up: 0 })
  assert.deepEqual(rig.log.lines, [
    'warn the webhook at 127.0.0.1 does not take alerts {"last":"status 500"}',
    'info over: the webhook at 127.0.0.1 does not take alerts (2 more times)',
  ])
})

test('what failed is due again after a pause, and not before', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector(answering('503 Unavailable\r\nretry-after: 1800'))
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  await raiseOne(database.pool)

  await rig.delivery.look()
  await rig.delivery.look()

  const { rows } = await database.pool.query(
    `select due_at between now() + interval '29 minutes' and now() + interval '30 minutes' as waits from spend_alerts`,
  )
  assert.deepEqual([receiver.exports.length, rows], [1, [{ waits: true }]])
})

test('a receiver that says nothing is given up after a time', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector(hangs)
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url, totalMs: 100 })
  await raiseOne(database.pool)

  await rig.delivery.look()

  assert.deepEqual(await states(database.pool), ['pending 1'])
  assert.deepEqual(rig.log.lines, [
    'warn the webhook at 127.0.0.1 does not take alerts {"last":"TimeoutError"}',
  ])
})

test('a replica that is killed after the delivery leaves it to another, which sends the same id again', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector(hangs)
  const id = await raiseOne(database.pool)
  const sender = join(import.meta.dirname, '../support/alert-sender.ts')

  const child = spawn(process.execPath, [sender, database.url, receiver.url], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await receiver.received(1)
  child.kill('SIGKILL')
  await exited
  receiver.manner = answering('200 OK')
  await using rig = openAlertRig({ pool: database.pool, url: receiver.url })
  await rig.delivery.look()
  const meanwhile = [receiver.exports.length, ...(await states(database.pool))]
  await pauseOver(database.pool)
  await rig.delivery.look()

  assert.deepEqual(meanwhile, [1, 'pending 1']) // until its lease is over nobody takes it
  assert.deepEqual(await states(database.pool), ['delivered 2'])
  const sent = receiver.exports.map(({ headers, body }) => [headers['gatehouse-alert-id'], body.toString()])
  assert.deepEqual(sent, Array(2).fill([id, sent[0]?.[1]]))
})

test('replicas that look at once share what is due, and send nothing twice', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector()
  const ids: string[] = []
  for (let index = 0; index < 25; index += 1) ids.push(await raiseOne(database.pool, `person-${index}`))
  const pools = [replicaPool(database.url, 3), replicaPool(database.url, 3)]
  const rigs = pools.map(pool => openAlertRig({ pool, url: receiver.url }))

  await Promise.all(rigs.map(rig => rig.delivery.look()))

  const sent = receiver.exports.map(({ headers }) => headers['gatehouse-alert-id'])
  assert.deepEqual(sent.toSorted(), ids.toSorted())
  for (const rig of rigs) await rig[Symbol.asyncDispose]()
  await Promise.all(pools.map(pool => pool.end()))
})
