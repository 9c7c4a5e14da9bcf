/** Whoever measures spend. Nothing it does may throw, wait, or change an answer. */
export interface SpendObserver {
  /** The gate decided about a request, after `ms`. */
  gated(result: GateResult, ms: number): void
  /** One statement stored `entries`, after `ms`. */
  settled(entries: number, ms: number): void
  /** An entry could not be stored before its answer ended, or not at all. */
  unsettled(reason: UnsettledReason): void
}

/** `open` and `closed`: spend could not be read, and the request was served or refused for it. */
export type GateResult = 'allowed' | 'warning' | 'blocked' | 'pool_blocked' | 'reserved' | 'open' | 'closed'

export type UnsettledReason = 'late' | 'store_down' | 'queue_full' | 'refused' | 'shutdown'
