import type { Log } from '../lib/log.ts'

/** A response that may outlive the drain window and knows how to end at an event boundary. */
export interface OpenStream {
  cut(): void
}

/**
 * The end of a process's life: no new work, what runs may finish, what is left is cut.
 *
 * The server reports every request with `enter` and `leave`; the relay registers open streams with `track`.
 */
export interface Drain {
  readonly isDraining: boolean
  /** Requests whose response has not ended. */
  readonly running: number
  /** Starts the drain, once; the listeners given to `onBegin` run in order. */
  begin(): void
  onBegin(listener: () => void): void
  enter(): void
  leave(): void
  /** Registers a stream to cut when the window ends; the answer takes it off the list again. */
  track(stream: OpenStream): () => void
  /** Resolves with true when nothing runs any more, or with false after `windowMs`. */
  whenIdle(windowMs: number): Promise<boolean>
  /** Cuts every stream that is still open and answers how many; a warning names what to raise. */
  cut(windowMs: number): number
}

export function createDrain(log: Log): Drain {
  const streams = new Set<OpenStream>()
  const listeners: (() => void)[] = []
  const waiting = new Set<() => void>()
  let isDraining = false
  let running = 0

  return {
    get isDraining() {
      return isDraining
    },
    get running() {
      return running
    },
    begin() {
      if (isDraining) return
      isDraining = true
      for (const listener of listeners) listener()
    },
    onBegin: listener => void listeners.push(listener),
    enter() {
      running += 1
    },
    leave() {
      running -= 1
      if (running === 0) for (const wake of waiting) wake()
    },
    track(stream) {
      streams.add(stream)
      return () => void streams.delete(stream)
    },
    whenIdle(windowMs) {
      if (running === 0) return Promise.resolve(true)
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const wake = () => settle(true)
      const timer = setTimeout(() => settle(false), windowMs)
      const settle = (isIdle: boolean) => {
        clearTimeout(timer)
        waiting.delete(wake)
        resolve(isIdle)
      }
      waiting.add(wake)
      return promise
    },
    cut(windowMs) {
      const open = [...streams]
      streams.clear()
      for (const stream of open) stream.cut()
      log.warn(windowOver(windowMs, open.length))
      return open.length
    },
  }
}

function windowOver(windowMs: number, count: number): string {
  return (
    `drain window over after ${windowMs} ms: ${count} open streams were cut. Raise ` +
    'CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS and, above it, the grace period of the platform ' +
    '(terminationGracePeriodSeconds, TimeoutStopSec)'
  )
}
