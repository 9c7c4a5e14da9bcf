import type { Clock } from './clock.ts'

/** Something with limits in time; asked about once a second. */
export interface Ticking {
  tick(now: number): void
}

/** The one timer of all requests: thousands of streams with a timer each would cost more than they do. */
export interface Ticker {
  add(ticking: Ticking): void
  remove(ticking: Ticking): void
}

export interface TickerOptions {
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** Milliseconds between two ticks. Default 1000: how late a limit may be noticed. */
  readonly everyMs?: number
}

/** The timer runs only while something is watched, and never keeps the process alive. */
export function createTicker({ clock, everyMs = 1000 }: TickerOptions): Ticker {
  const watched = new Set<Ticking>()
  let timer: NodeJS.Timeout | null = null

  const tick = () => {
    const now = clock()
    for (const ticking of watched) ticking.tick(now)
    if (watched.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }
  return {
    add(ticking) {
      watched.add(ticking)
      timer ??= setInterval(tick, everyMs).unref()
    },
    remove(ticking) {
      watched.delete(ticking)
    },
  }
}
