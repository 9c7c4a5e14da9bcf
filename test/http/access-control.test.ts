import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../app/audit/events.ts'
import { createAccessControl } from '../../app/http/access-control.ts'
import { startListener } from '../support/listener.ts'
import { exchangeOpen, KeptConnection, parseAnswer } from '../support/raw-http.ts'
import { recordLog } from '../support/recorded-log.ts'
import { assertRefusal } from '../support/refusal-body.ts'

const behindProxy = (lists: { allow_cidrs?: string[]; deny_cidrs?: string[] }) => ({
  trustedProxies: ['127.0.0.1'],
  accessControl: { allow_cidrs: [], deny_cidrs: [], ...lists },
})
const request = (forwardedFor: string, target = '/nowhere') =>
  `GET ${target} HTTP/1.1\r\nHost: g\r\nx-client-request-id: r1\r\nX-Forwarded-For: ${forwardedFor}\r\n\r\n`

/** Status and audit of one request to a path that does not exist: 404 means admitted. */
async function admission(lists: Parameters<typeof behindProxy>[0], forwardedFor: string) {
  await using listener = await startListener([], behindProxy(lists))
  const kept = new KeptConnection(listener.port)
  const { status } = await kept.ask(request(forwardedFor))
  kept.close()
  return { status, events: listener.events }
}

const denied = (rest: object) => ({
  status: 403,
  events: [{ evt: 'access.denied', request_id: 'r1', xff_hop: undefined, ...rest }],
})

test('an allow list admits nobody else', async () => {
  const lists = { allow_cidrs: ['198.51.100.0/24'] }

  assert.deepEqual(await admission(lists, '198.51.100.7'), { status: 404, events: [] })
  assert.deepEqual(
    await admission(lists, '203.0.113.7'),
    denied({ reason: 'ip_not_allowlisted', client_ip: '203.0.113.7' }),
  )
})

test('deny beats allow', async () => {
  const lists = { allow_cidrs: ['198.51.100.0/24'], deny_cidrs: ['198.51.100.7'] }

  assert.deepEqual(await admission(lists, '198.51.100.8'), { status: 404, events: [] })
  assert.deepEqual(
    await admission(lists, '198.51.100.7'),
    denied({ reason: 'ip_denylist', client_ip: '198.51.100.7' }),
  )
})

test('IPv4 rules match IPv4-mapped addresses', async () => {
  const lists = { deny_cidrs: ['198.51.100.0/24'] }

  assert.deepEqual(
    await admission(lists, '::ffff:198.51.100.7'),
    denied({ reason: 'ip_denylist', client_ip: '198.51.100.7' }),
  )
})

test('with a list set, an unreadable caller is refused and the entry audited', async () => {
  for (const lists of [{ allow_cidrs: ['0.0.0.0/0'] }, { deny_cidrs: ['198.51.100.0/24'] }]) {
    assert.deepEqual(
      await admission(lists, '_hidden'),
      denied({ reason: 'xff_unparseable', client_ip: '127.0.0.1', xff_hop: '_hidden' }),
    )
  }
})

test('without lists an unreadable caller is served, as the proxy', async () => {
  assert.deepEqual(await admission({}, '_hidden'), { status: 404, events: [] })
})

test('the refusal says nothing about the lists', async () => {
  await using listener = await startListener([], behindProxy({ deny_cidrs: ['0.0.0.0/0'] }))
  const kept = new KeptConnection(listener.port)

  const answer = await kept.ask(request('203.0.113.7'))

  assertRefusal(answer, {
    status: 403,
    type: 'permission_error',
    message: 'this network address may not use the gateway',
  })
  kept.close()
})

test('health is answered during a full deny; another method on its path is not', async () => {
  await using listener = await startListener([], behindProxy({ deny_cidrs: ['0.0.0.0/0', '::/0'] }))
  const kept = new KeptConnection(listener.port)

  const healthy = await kept.ask(request('203.0.113.7', '/healthz'))
  const ready = await kept.ask(request('203.0.113.7', '/readyz'))
  const post = parseAnswer(
    await exchangeOpen(listener.port, 'POST /healthz HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\n\r\nx'),
  )

  assert.deepEqual([healthy.status, healthy.body, ready.status, ready.body], [200, 'ok', 200, 'ready'])
  assert.equal(post.status, 403)
  assert.equal(listener.events.length, 1)
  kept.close()
})

test('the first public caller of an open gateway is told once', () => {
  const log = recordLog()
  const events: AuditEvent[] = []
  const admit = createAccessControl({
    lists: { allow_cidrs: [], deny_cidrs: [] },
    audit: { write: event => void events.push(event) },
    log,
  })
  const from = (text: string, word: number, id: string) =>
    admit({ kind: 'known', address: { family: 4, words: [word] }, text }, id)

  from('10.0.0.1', 0x0a000001, 'r1')
  from('169.254.1.1', 0xa9fe0101, 'r2')
  from('203.0.113.7', 0xcb007107, 'r3')
  from('203.0.113.8', 0xcb007108, 'r4')

  assert.deepEqual(events, [{ evt: 'access.public_client', request_id: 'r3', client_ip: '203.0.113.7' }])
  assert.deepEqual(log.lines, [
    'warn the public address 203.0.113.7 reached the gateway while access_control.allow_cidrs is empty',
  ])
})

test('without a peer address a list refuses, and the audit names nobody', () => {
  const events: AuditEvent[] = []
  const audit = { write: (event: AuditEvent) => void events.push(event) }
  const open = createAccessControl({ lists: { allow_cidrs: [], deny_cidrs: [] }, audit, log: recordLog() })
  const closed = createAccessControl({
    lists: { allow_cidrs: ['0.0.0.0/0'], deny_cidrs: [] },
    audit,
    log: recordLog(),
  })

  assert.equal(open({ kind: 'no_peer' }, 'r1'), 'unknown')
  assert.throws(() => closed({ kind: 'no_peer' }, 'r2'), { code: 'forbidden' })
  assert.deepEqual(events, [
    {
      evt: 'access.denied',
      request_id: 'r2',
      reason: 'client_ip_unknown',
      client_ip: undefined,
      xff_hop: undefined,
    },
  ])
})
