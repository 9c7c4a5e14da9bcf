// Records what requests used: prices a reply, makes its entry, and sees that it is stored.
import type { GatehouseConfig } from '../config/gatehouse.ts'
import { type Charged, type Costs, entryOf, type Metered } from './entry.ts'
import { Ledger, type LedgerOptions } from './ledger.ts'
import { centsText } from './money.ts'

/** What one answered or aborted request used, and what it asked for. */
export interface RecordedUsage extends Metered {
  readonly request_id: string
  readonly upstream_model: string
  readonly client_model: string
}

export interface RecordingOptions extends Omit<LedgerOptions, 'maxEntries' | 'settleTimeoutMs'> {
  readonly config: GatehouseConfig['spend']
  readonly costsOf: (record: RecordedUsage) => Costs
  /** The catalogue's id for what a client asked for. */
  readonly modelOf: (requested: string) => string
}

export class Recording {
  readonly #options: RecordingOptions
  readonly #ledger: Ledger

  constructor(options: RecordingOptions) {
    const { queue_entries: maxEntries, settle_timeout_ms: settleTimeoutMs } = options.config
    this.#options = options
    this.#ledger = new Ledger({ ...options, maxEntries, settleTimeoutMs })
  }

  /** How many entries wait to be stored. */
  get length(): number {
    return this.#ledger.length
  }

  /** What the reply costs, in cents with at most three decimals. */
  costCents(record: RecordedUsage): string {
    return centsText(this.#options.costsOf(record).amount)
  }

  /**
   * Takes what an admitted request used; never throws or rejects. The promise resolves when it is stored or has taken too
   * long; null when there is nothing to wait for.
   */
  settle(charged: Charged, record: RecordedUsage): Promise<void> | null {
    const { costsOf, modelOf, log } = this.#options
    try {
      const costs = costsOf(record)
      return this.#ledger.settle(entryOf(charged, record, { costs, model: modelOf(record.client_model) }))
    } catch (error) {
      log.error('no entry could be made of what a reply used', {
        ...{ request_id: record.request_id, cause: String(error) },
      })
      return null
    }
  }

  /** The request used nothing: what is held for it is given back. */
  release({ entryId, isHeld }: { readonly entryId: string; readonly isHeld: boolean }): void {
    if (isHeld) this.#ledger.release(entryId)
  }

  /** The process is about to end. */
  hurry(): void {
    this.#ledger.hurry()
  }

  /** Stores what waits, or writes it to the audit, for at most `ms` in all. */
  stop(ms: number): Promise<void> {
    return this.#ledger.stop(ms)
  }
}
