// Which lines name a trace.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../app/audit/events.ts'
import { tracedAudit, tracedLog } from '../../app/observability/traced-lines.ts'
import { recordLog } from '../support/recorded-log.ts'

const traceIdOf = (requestId: string) => (requestId === 'traced' ? 'the-trace' : undefined)

test('an event of a traced request names its trace; others are as they were', () => {
  const written: AuditEvent[] = []
  const audit = tracedAudit({ write: event => void written.push(event) }, traceIdOf)
  const denied = { evt: 'auth.denied', reason: 'expired', path: '/', client_ip: '::1' } as const
  const stop = { evt: 'server.stop', signal: 'SIGTERM', cut: 0, drained_ms: 1 } as const

  audit.write({ ...denied, request_id: 'traced' })
  audit.write({ ...denied, request_id: 'another' })
  audit.write(stop)

  assert.deepEqual(written, [
    { ...denied, request_id: 'traced', trace_id: 'the-trace' },
    { ...denied, request_id: 'another' },
    stop,
  ])
})

test('a line about a traced request names its trace, whatever its level', () => {
  const recorded = recordLog()
  const log = tracedLog(recorded, traceIdOf)

  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    log[level]('told', { request_id: 'traced' })
    log[level]('told', { request_id: 'another' })
    log[level]('told')
  }

  assert.deepEqual(
    recorded.lines,
    ['debug', 'info', 'warn', 'error'].flatMap(level => [
      `${level} told {"request_id":"traced","trace_id":"the-trace"}`,
      `${level} told {"request_id":"another"}`,
      `${level} told`,
    ]),
  )
})
