import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCallerFinder } from '../../app/http/client-address.ts'
import { recordLog } from '../support/recorded-log.ts'

const trusted_proxies = ['10.0.0.0/8', '2001:db8:ffff::/48']

/** The address that stands for a caller, or `unreadable: entry`. */
function callerOf(peer: string, forwardedFor?: string, log = recordLog()): string {
  const caller = createCallerFinder({ trusted_proxies, log })(peer, forwardedFor)
  if (caller.kind === 'unreadable') return `unreadable: ${caller.entry}`
  return caller.kind === 'known' ? caller.text : caller.kind
}

test('without a trusted proxy the caller is the peer, whatever the header says', () => {
  const log = recordLog()

  const caller = callerOf('203.0.113.7', '198.51.100.1', log)

  assert.equal(caller, '203.0.113.7')
  assert.deepEqual(log.lines, [
    'warn X-Forwarded-For from 203.0.113.7 is ignored: that peer is not in listen.trusted_proxies',
  ])
})

test('each warning is said once per process', () => {
  const log = recordLog()
  const find = createCallerFinder({ trusted_proxies, log })

  for (let i = 0; i < 3; i += 1) {
    find('203.0.113.7', '198.51.100.1')
    find('10.0.0.1', 'unknown')
  }

  assert.equal(log.lines.length, 2)
})

test('a mapped peer is its IPv4 address, and a zone is dropped', () => {
  assert.equal(callerOf('::ffff:203.0.113.7'), '203.0.113.7')
  assert.equal(callerOf('::ffff:10.0.0.1', '198.51.100.1'), '198.51.100.1')
  assert.equal(callerOf('fe80::1%eth0'), 'fe80::1')
})

test('the first untrusted entry from the right is the caller', () => {
  assert.equal(callerOf('10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.3'), '198.51.100.1')
  assert.equal(callerOf('10.0.0.1', 'rubbish, 198.51.100.1'), '198.51.100.1')
  assert.equal(callerOf('10.0.0.1', '198.51.100.1, 2001:db8:ffff::9'), '198.51.100.1')
})

test('when every entry is trusted, or there is none, the caller is the peer', () => {
  assert.equal(callerOf('10.0.0.1', '10.0.0.9, 10.0.0.3'), '10.0.0.1')
  for (const header of ['', ',', ' , ,\t,']) assert.equal(callerOf('10.0.0.1', header), '10.0.0.1')
  assert.equal(callerOf('10.0.0.1'), '10.0.0.1')
})

test('ports and brackets are dropped', () => {
  assert.equal(callerOf('10.0.0.1', '198.51.100.1:4711'), '198.51.100.1')
  assert.equal(callerOf('10.0.0.1', '[2001:db8::1]'), '2001:db8::1')
  assert.equal(callerOf('10.0.0.1', '[2001:db8::1]:4711'), '2001:db8::1')
  assert.equal(callerOf('10.0.0.1', '2001:db8::1:4711'), '2001:db8::1:4711')
  assert.equal(callerOf('10.0.0.1', '::ffff:198.51.100.1'), '198.51.100.1')
})

test('an entry that is no address makes the caller unknown', () => {
  const unreadable = [
    ...['unknown', '_hidden', '"198.51.100.1"', '198.51.100.09', '198.51.100', '198.51.100.256'],
    ...['fe80::1%eth0', '[198.51.100.1]', '[2001:db8::1', '198.51.100.1:port', '198.51.100.1 198.51.100.2'],
    ...['198.51.100.1;x', '0x7f.0.0.1', '2130706433', '1::2::3'],
  ]
  for (const entry of unreadable) assert.equal(callerOf('10.0.0.1', entry), `unreadable: ${entry}`)
})

test('an unreadable entry among trusted ones stops the walk', () => {
  assert.equal(callerOf('10.0.0.1', '198.51.100.1, unknown, 10.0.0.3'), 'unreadable: unknown')
})

test('64 entries are read, 65 are not; empty ones do not count', () => {
  const entries = (count: number) => Array.from({ length: count }, () => '10.0.0.9').join(',,')

  assert.equal(callerOf('10.0.0.1', entries(64)), '10.0.0.1')
  assert.equal(callerOf('10.0.0.1', entries(65)), 'unreadable: 10.0.0.9')
})

test('more than 8 KiB are not read, and at most 128 characters are kept', () => {
  assert.equal(callerOf('10.0.0.1', `198.51.100.1${' '.repeat(9000)}`), `unreadable: ${' '.repeat(128)}`)
  assert.equal(callerOf('10.0.0.1', 'x'.repeat(500)), `unreadable: ${'x'.repeat(128)}`)
})

test('a socket without a peer has no caller', () => {
  const find = createCallerFinder({ trusted_proxies, log: recordLog() })

  assert.deepEqual(find(undefined, '198.51.100.1'), { kind: 'no_peer' })
})
