// How a process is told to end: once in order, a second time at once.
import type { EventEmitter } from 'node:events'
import type { Clock } from './clock.ts'

export interface EndingOptions {
  /** The process, which emits signals by their names. */
  readonly signals: Pick<EventEmitter, 'on'>
  /** A clock that only goes forward. */
  readonly monotonic: Clock
  /** Ends the process without waiting for anything. */
  readonly exitAtOnce: () => void
}

/**
 * A Ctrl-C may arrive twice: the terminal sends it to everybody, and npm passes its own on. A person who means
 * a second one needs longer than this.
 */
const ECHO_MS = 250

/** The first signal ends the service in order, the second at once. */
export function endingOf({ signals, monotonic, exitAtOnce }: EndingOptions): AbortController {
  const ending = new AbortController()
  let interruptedAt = Number.NEGATIVE_INFINITY
  const end = (signal: string) => (ending.signal.aborted ? exitAtOnce() : ending.abort(signal))
  signals.on('SIGTERM', () => end('SIGTERM'))
  signals.on('SIGINT', () => {
    const isEcho = monotonic() - interruptedAt < ECHO_MS
    interruptedAt = monotonic()
    if (!isEcho) end('SIGINT')
  })
  return ending
}
