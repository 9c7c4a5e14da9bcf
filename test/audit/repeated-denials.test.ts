import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../app/audit/events.ts'
import { createAudit } from '../../app/audit/log.ts'

const MINUTE = 60_000

function startAudit() {
  const lines: { evt: string; repeated?: number; client_ip?: string; request_id: string }[] = []
  const time = { now: 0 }
  const audit = createAudit({
    clock: () => time.now,
    writer: {
      audit: line => void lines.push(JSON.parse(line)),
      describeLoss() {},
      flush: async () => {},
      lostAuditLines: 0,
    },
  })
  return { audit, lines, time }
}
const denial = (request_id: string, client_ip = '203.0.113.7'): AuditEvent => ({
  evt: 'auth.denied',
  request_id,
  reason: 'invalid_token',
  path: '/v1/messages',
  client_ip,
})

test('of one address and reason sixty denials a minute are written, then one that counts the rest', () => {
  const { audit, lines, time } = startAudit()
  for (let i = 0; i < 100; i += 1) audit.write(denial(`r${i}`))
  assert.equal(lines.length, 60)

  time.now = MINUTE
  audit.write(denial('next'))

  assert.equal(lines.length, 62)
  assert.deepEqual([lines[60]?.repeated, lines[60]?.request_id], [40, 'r99'])
  assert.deepEqual([lines[61]?.repeated, lines[61]?.request_id], [undefined, 'next'])
  audit.close()
})

test('addresses and reasons are counted apart, and other events never', () => {
  const { audit, lines } = startAudit()
  for (let i = 0; i < 60; i += 1) audit.write(denial(`r${i}`))

  audit.write(denial('r60'))
  audit.write(denial('r61', '203.0.113.8'))
  for (let i = 0; i < 100; i += 1) {
    audit.write({ evt: 'device.authorize', request_id: 'd', result: 'success', client_ip: '203.0.113.7' })
  }

  assert.equal(lines.length, 60 + 1 + 100)
  audit.close()
})

test('what was still being summed is written when the audit closes', () => {
  const { audit, lines } = startAudit()
  for (let i = 0; i < 61; i += 1) audit.write(denial(`r${i}`))

  audit.close()

  assert.deepEqual([lines.length, lines[60]?.repeated], [61, 1])
})

test('refusals of the Admin API are summed like others, and apart from them', () => {
  const { audit, lines } = startAudit()
  const refused: AuditEvent = {
    ...{ evt: 'admin.denied', request_id: 'r', reason: 'invalid_key', method: 'GET' },
    ...{ path: '/v1/organizations/spend_limits', client_ip: '203.0.113.7' },
  }
  for (let i = 0; i < 60; i += 1) audit.write(denial(`r${i}`))
  for (let i = 0; i < 80; i += 1) audit.write(refused)

  audit.close()

  assert.equal(lines.length, 60 + 60 + 1)
  assert.deepEqual([lines.at(-1)?.evt, lines.at(-1)?.repeated], ['admin.denied', 20])
})
