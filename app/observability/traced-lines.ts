// What is written about a traced request names its trace, so that a log and its traces can be joined (T-37).
import type { Audit } from '../audit/events.ts'
import type { Log, LogFields } from '../lib/log.ts'

/** The trace of a request that runs; undefined for one that is not traced. */
export type TraceIdOf = (requestId: string) => string | undefined

/** Adds `trace_id` to the events of traced requests. */
export function tracedAudit(audit: Audit, traceIdOf: TraceIdOf): Audit {
  return {
    write(event) {
      if (!('request_id' in event)) return audit.write(event)
      const trace_id = traceIdOf(event.request_id)
      audit.write(trace_id === undefined ? event : { ...event, trace_id })
    },
  }
}

/** Adds `trace_id` to the lines that name a traced request in `request_id`. */
export function tracedLog(log: Log, traceIdOf: TraceIdOf): Log {
  const marked = (fields: LogFields | undefined): LogFields | undefined => {
    const requestId = fields?.['request_id']
    const trace_id = typeof requestId === 'string' ? traceIdOf(requestId) : undefined
    return trace_id === undefined ? fields : { ...fields, trace_id }
  }
  return {
    debug: (text, fields) => log.debug(text, marked(fields)),
    info: (text, fields) => log.info(text, marked(fields)),
    warn: (text, fields) => log.warn(text, marked(fields)),
    error: (text, fields) => log.error(text, marked(fields)),
  }
}
