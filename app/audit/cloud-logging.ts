// The members by which Google Cloud Logging understands a line: severity, the trace it belongs to, the request it tells of.
import { cloudTrace } from '../lib/cloud-trace.ts'
import type { AuditEvent } from './events.ts'

/**
 * What is added to the line of `event` on Cloud Run; the line itself stays as it is. Pure.
 *
 * Cloud Logging, "Structured logging", lists the members that it takes out of the payload.
 */
export function cloudLoggingMembers(event: AuditEvent, project: string | undefined): object {
  return {
    severity: severityOf(event),
    ...('trace_id' in event && event.trace_id !== undefined && cloudTrace(event.trace_id, project)),
    ...(event.evt === 'inference' && { httpRequest: httpRequestOf(event) }),
  }
}

function severityOf(event: AuditEvent): 'INFO' | 'WARNING' | 'ERROR' {
  if (event.evt === 'audit.gap' || event.evt === 'spend.unsettled') return 'ERROR'
  if (event.evt.endsWith('.denied') || ('result' in event && event.result === 'fail')) return 'WARNING'
  return event.evt === 'inference' && event.status >= 500 ? 'ERROR' : 'INFO'
}

function httpRequestOf({ path, status, ms }: Extract<AuditEvent, { evt: 'inference' }>): object {
  return { requestMethod: 'POST', requestUrl: path, status, latency: `${(ms / 1000).toFixed(3)}s` }
}
