// A log that does not repeat itself while a condition lasts.
import type { Clock } from '../lib/clock.ts'
import type { Log, LogFields } from '../lib/log.ts'

const REPEAT_AFTER_MS = 60_000
const MAX_CONDITIONS = 100

/** A log for conditions that last: each sentence at once, then at most once a minute with a count, then its end. */
export interface SteadyLog extends Log {
  /** Writes `text` when a warning or an error was written since the last call. */
  recovered(text: string): void
}

export function createSteadyLog(log: Log, clock: Clock): SteadyLog {
  const conditions = new Map<string, { writtenAt: number; held: number }>()

  function write(level: 'warn' | 'error', text: string, fields: LogFields = {}): void {
    const before = conditions.get(text)
    if (before && clock() - before.writtenAt < REPEAT_AFTER_MS) {
      before.held += 1
      return
    }
    if (conditions.size >= MAX_CONDITIONS) conditions.clear()
    conditions.set(text, { writtenAt: clock(), held: 0 })
    log[level](text, before && before.held > 0 ? { ...fields, repeated: before.held } : fields)
  }

  return {
    debug: (text, fields) => log.debug(text, fields),
    info: (text, fields) => log.info(text, fields),
    warn: (text, fields) => write('warn', text, fields),
    error: (text, fields) => write('error', text, fields),
    recovered(text) {
      if (conditions.size > 0) log.info(text)
      conditions.clear()
    },
  }
}
