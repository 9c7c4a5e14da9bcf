import type { Clock } from './clock.ts'
import type { Log, LogFields } from './log.ts'

/**
 * Something that may go on for a while: logged when it begins, at most once a minute while it lasts, with the
 * number of times, and when it ends.
 */
export interface Condition {
  occurred(fields?: LogFields): void
  ended(): void
}

export interface ConditionOptions {
  readonly log: Log
  readonly clock: Clock
  /** A sentence without its full stop, such as `the store does not answer`. */
  readonly text: string
}

export function createCondition({ log, clock, text }: ConditionOptions): Condition {
  let lastLine: number | null = null
  let unsaid = 0

  return {
    occurred(fields) {
      const now = clock()
      unsaid += 1
      if (lastLine !== null && now - lastLine < LINE_EVERY_MS) return
      const times = lastLine === null ? '' : ` (${unsaid} times since the last line)`
      log.warn(`${text}${times}`, fields)
      lastLine = now
      unsaid = 0
    },
    ended() {
      if (lastLine === null) return
      const times = unsaid === 0 ? '' : ` (${unsaid} more times)`
      log.info(`over: ${text}${times}`)
      lastLine = null
      unsaid = 0
    },
  }
}

const LINE_EVERY_MS = 60_000
