import type { Clock } from '../lib/clock.ts'
import type { LineWriter } from '../lib/line-writer.ts'
import { escapedJson } from '../lib/log.ts'
import { cloudLoggingMembers } from './cloud-logging.ts'
import type { Audit, AuditEvent } from './events.ts'

/** The audit log with its timer, which `close` ends after it wrote what was still being summed. */
export interface AuditLog extends Audit {
  /** Events that were lost since the start, because nobody took the lines. */
  readonly dropped: number
  /** Resolves when everything that was written so far has been handed over. */
  flush(): Promise<void>
  close(): void
}

export interface AuditOptions {
  readonly writer: Pick<LineWriter, 'audit' | 'describeLoss' | 'flush' | 'lostAuditLines'>
  readonly clock: Clock
  /** Present where Google Cloud Logging reads the lines, with the project whose traces they name. */
  readonly cloudLogging?: { readonly project: string | undefined } | undefined
}

/**
 * One line of JSON per event, `ts` and `evt` first, whatever the log level.
 *
 * Refusals that repeat are summed, so that probing cannot flood the log: of one address and reason sixty a
 * minute are written, and then one event that says how many more there were.
 */
export function createAudit({ writer, clock, cloudLogging }: AuditOptions): AuditLog {
  const lineOf = (event: AuditEvent) => auditLine(event, clock(), cloudLogging)
  let floods = new Map<string, Flood>()
  let minuteEnds = 0

  const put = (event: AuditEvent) => writer.audit(lineOf(event))
  const endMinute = () => {
    const ended = floods
    floods = new Map()
    for (const { count, last } of ended.values()) {
      if (count > PER_MINUTE) put({ ...last, repeated: count - PER_MINUTE })
    }
  }
  const isFlooding = (event: Denial) => {
    const now = clock()
    if (now >= minuteEnds) {
      endMinute()
      minuteEnds = now + MINUTE_MS
    }
    const key = `${event.evt} ${event.reason} ${event.client_ip}`
    const flood = floods.get(key)
    if (flood === undefined) {
      // Beyond this many sources every event is written: losing one is worse than writing many.
      if (floods.size < MAX_SOURCES) floods.set(key, { count: 1, last: event })
      return false
    }
    flood.count += 1
    flood.last = event
    return flood.count > PER_MINUTE
  }

  writer.describeLoss((dropped, since) => lineOf(gap(dropped, since)))
  const timer = setInterval(() => {
    if (clock() >= minuteEnds) endMinute()
  }, MINUTE_MS).unref()

  return {
    get dropped() {
      return writer.lostAuditLines
    },
    write(event) {
      if (isDenial(event) && isFlooding(event)) return
      put(event)
    },
    flush: () => writer.flush(),
    close() {
      clearInterval(timer)
      endMinute()
    },
  }
}

type Denial = Extract<AuditEvent, { repeated?: number | undefined }>

interface Flood {
  count: number
  last: Denial
}

const PER_MINUTE = 60
const MINUTE_MS = 60_000
const MAX_SOURCES = 10_000
const MAX_STRING = 256
const MAX_PATH = 512

function isDenial(event: AuditEvent): event is Denial {
  return event.evt === 'auth.denied' || event.evt === 'access.denied' || event.evt === 'admin.denied'
}

function gap(dropped: number, since: number): AuditEvent {
  return { evt: 'audit.gap', dropped, since: new Date(since).toISOString() }
}

function auditLine(event: AuditEvent, now: number, cloudLogging: AuditOptions['cloudLogging']): string {
  const line = { ts: new Date(now).toISOString(), ...bounded(event) }
  return escapedJson(
    cloudLogging ? { ...line, ...cloudLoggingMembers(bounded(event), cloudLogging.project) } : line,
  )
}

/** Cuts what a stranger may have chosen; the query of a path never reaches the log. */
function bounded(event: AuditEvent): AuditEvent {
  let copy: AuditEvent | null = null
  for (const [key, value] of Object.entries(event)) {
    if (typeof value !== 'string') continue
    const text = key === 'path' ? pathOnly(value) : value.slice(0, MAX_STRING)
    if (text.length === value.length) continue
    copy ??= { ...event }
    Object.assign(copy, { [key]: text })
  }
  return copy ?? event
}

function pathOnly(url: string): string {
  const query = url.indexOf('?')
  return url.slice(0, query === -1 ? MAX_PATH : Math.min(query, MAX_PATH))
}
