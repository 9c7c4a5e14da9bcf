import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../app/audit/events.ts'
import { createAudit } from '../../app/audit/log.ts'
import { entry } from '../support/entries.ts'

const INFERENCE: Extract<AuditEvent, { evt: 'inference' }> = {
  evt: 'inference',
  ...{ request_id: 'r1', sub: 's', model: 'claude-opus-4-8', upstream: 'vertex' },
  ...{ path: '/v1/messages?beta=true', status: 200, ms: 1234 },
}

/** The members of the line of `event` on Cloud Run. */
function lineOf(event: AuditEvent, project?: string): Record<string, unknown> {
  const lines: string[] = []
  const writer = {
    audit: (line: string) => void lines.push(line),
    describeLoss() {},
    flush: async () => {},
    lostAuditLines: 0,
  }
  const audit = createAudit({ clock: () => 0, writer, cloudLogging: { project } })
  audit.write(event)
  audit.close()
  return JSON.parse(lines[0] ?? '')
}

test('on Cloud Run an inference says its severity and its request in words that Cloud Logging takes', () => {
  const { ts, evt, severity, httpRequest, ...rest } = lineOf(INFERENCE)

  assert.deepEqual([ts, evt, severity], ['1970-01-01T00:00:00.000Z', 'inference', 'INFO'])
  assert.deepEqual(httpRequest, {
    ...{ requestMethod: 'POST', requestUrl: '/v1/messages', status: 200, latency: '1.234s' },
  })
  assert.equal(Object.keys(rest).filter(name => name.includes('trace')).length, 0)
})

test('a traced request names its trace in the project, and in none without one', () => {
  const trace_id = '0af7651916cd43dd8448eb211c80319c'

  const inProject = lineOf({ ...INFERENCE, trace_id }, 'acme-prod')
  const without = lineOf({ ...INFERENCE, trace_id })

  assert.equal(inProject['logging.googleapis.com/trace'], `projects/acme-prod/traces/${trace_id}`)
  assert.equal(inProject['logging.googleapis.com/trace_sampled'], true)
  assert.equal('logging.googleapis.com/trace' in without, false)
})

test('refusals and failures are warnings; an answer of 500, lost lines, and what could not be stored, are errors', () => {
  const events: AuditEvent[] = [
    { evt: 'auth.denied', request_id: 'r', reason: 'expired', path: '/', client_ip: '::1' },
    { evt: 'session.mint', request_id: 'r', client_ip: '::1', result: 'fail', err: 'x' },
    { ...INFERENCE, status: 502 },
    { evt: 'audit.gap', dropped: 3, since: 'then' },
    { evt: 'spend.unsettled', reason: 'shutdown', ...entry() },
    { ...INFERENCE, status: 429 },
  ]

  const severities = events.map(event => lineOf(event)['severity'])

  assert.deepEqual(severities, ['WARNING', 'WARNING', 'ERROR', 'ERROR', 'ERROR', 'INFO'])
})
