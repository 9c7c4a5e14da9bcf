// A ticker whose time is the test's.
import type { Clock } from '../../app/lib/clock.ts'
import type { Ticker, Ticking } from '../../app/lib/ticker.ts'

export interface ManualTicker extends Ticker {
  readonly clock: Clock
  /** How many things have limits in time just now. */
  readonly watched: number
  /** Moves the clock; what is due then happens. */
  advance(ms: number): void
}

export function manualTicker(): ManualTicker {
  const watched = new Set<Ticking>()
  let now = 1_000_000
  return {
    clock: () => now,
    add: ticking => void watched.add(ticking),
    remove: ticking => void watched.delete(ticking),
    get watched() {
      return watched.size
    },
    advance(ms) {
      now += ms
      for (const ticking of watched) ticking.tick(now)
    },
  }
}
