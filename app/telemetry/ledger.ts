import type { Loss } from '../otlp/outcome.ts'

/** The kinds of telemetry, as the last part of an export's path. */
export const SIGNALS = ['metrics', 'logs', 'traces'] as const

export type Signal = (typeof SIGNALS)[number]

/** Why an export did not reach a destination. */
export type DropReason =
  | 'no_destination'
  | 'unsupported_type'
  | 'queue_full'
  | 'too_large'
  | 'expired'
  | Loss
  | 'shutdown'

/** What became of the exports of one signal for one destination. */
export interface Account {
  /** `<index>:<host>`; `none` for what no destination was asked for. */
  readonly destination: string
  readonly signal: Signal
  readonly received: number
  readonly forwarded: number
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
}

/** Counts every export: what was received is forwarded, dropped, or still on its way (T-18). */
export interface Ledger {
  received(destination: string, signal: Signal): void
  forwarded(destination: string, signal: Signal): void
  dropped(destination: string, signal: Signal, reason: DropReason): void
  accounts(): readonly Account[]
}

interface OpenAccount extends Account {
  received: number
  forwarded: number
  readonly dropped: Partial<Record<DropReason, number>>
}

export function createLedger(): Ledger {
  const accounts = new Map<string, OpenAccount>()
  const of = (destination: string, signal: Signal): OpenAccount => {
    const key = `${signal} ${destination}`
    const known = accounts.get(key)
    if (known !== undefined) return known
    const opened = { destination, signal, received: 0, forwarded: 0, dropped: {} }
    accounts.set(key, opened)
    return opened
  }
  return {
    received: (destination, signal) => void of(destination, signal).received++,
    forwarded: (destination, signal) => void of(destination, signal).forwarded++,
    dropped(destination, signal, reason) {
      const { dropped } = of(destination, signal)
      dropped[reason] = (dropped[reason] ?? 0) + 1
    },
    accounts: () => [...accounts.values()].map(account => ({ ...account, dropped: { ...account.dropped } })),
  }
}
