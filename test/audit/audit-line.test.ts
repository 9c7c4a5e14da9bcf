import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../app/audit/events.ts'
import { createAudit } from '../../app/audit/log.ts'

const clock = () => Date.UTC(2026, 0, 2, 3, 4, 5, 67)

function lineOf(event: AuditEvent): string {
  const lines: string[] = []
  const audit = createAudit({
    clock,
    writer: {
      audit: line => void lines.push(line),
      describeLoss() {},
      flush: async () => {},
      lostAuditLines: 0,
    },
  })
  audit.write(event)
  audit.close()
  assert.equal(lines.length, 1)
  return lines[0]! // asserted above
}

test('an event is one line of JSON, time and name first, absent values left out', () => {
  const line = lineOf({
    evt: 'device.authorize',
    request_id: 'r1',
    result: 'success',
    client_ip: '10.0.0.1',
    surface: undefined,
  })

  assert.equal(
    line,
    '{"ts":"2026-01-02T03:04:05.067Z","evt":"device.authorize","request_id":"r1","result":"success","client_ip":"10.0.0.1"}',
  )
})

test('a path is cut at 512 characters and loses its query, other text is cut at 256', () => {
  const long = 'x'.repeat(1000)
  const event = (path: string) =>
    JSON.parse(
      lineOf({ evt: 'auth.denied', request_id: long, reason: 'invalid_token', path, client_ip: '::1' }),
    )

  assert.equal(event(`/${long}`).path, `/${'x'.repeat(511)}`)
  assert.equal(event(`/v1/messages?key=${long}`).path, '/v1/messages')
  assert.equal(event('/').request_id, 'x'.repeat(256))
})

test('a line break in a value cannot start a line of its own', () => {
  const line = lineOf({
    evt: 'device.authorize',
    request_id: 'r1',
    result: 'success',
    client_ip: '::1',
    surface: 'a\r\n{"evt":"session.mint"}',
  })

  assert.doesNotMatch(line, /[\r\n]/)
})

test('what a stranger wrote cannot steer the screen of whoever reads the log', () => {
  const path = '/\u009b2J\u202eabc'

  const line = lineOf({
    evt: 'auth.denied',
    request_id: 'r1',
    reason: 'invalid_token',
    path,
    client_ip: '::1',
  })

  assert.match(line, /"path":"\/\\u009b2J\\u202eabc"/)
  assert.equal(JSON.parse(line).path, path)
})
