// Takes reservations: those of one moment are one statement, and the next one leaves when it is answered.
import { withDeadline } from '../lib/deadline.ts'
import type { SharedConnection } from '../store/shared-connection.ts'
import { type Reserved, reserveSpend, type SpendRequest } from '../store/spend-holds.ts'
import type { GroupLimitMode } from './caps.ts'

export interface ReservationsOptions {
  readonly connection: Pick<SharedConnection, 'rows'>
  readonly groupLimitMode: GroupLimitMode
  /** For one request in all, the wait for the statements before its own included. */
  readonly deadlineMs: number
}

interface Waiting {
  readonly request: SpendRequest
  resolve(reserved: Reserved): void
  reject(cause: unknown): void
}

/** How many one statement takes: it holds the locks of all of them. */
const MAX_REQUESTS = 200

/**
 * A fleet of one developer waits for their counters once, and not one request after the other.
 *
 * A request that rejects may hold something all the same: nobody knows what became of its statement.
 */
export class Reservations {
  readonly #options: ReservationsOptions
  #waiting: Waiting[] = []
  #isFlushing = false

  constructor(options: ReservationsOptions) {
    this.#options = options
  }

  /** Resolves with whether the request may be served; rejects when the store does not say so in time. */
  async take(request: SpendRequest): Promise<Reserved> {
    const { promise, resolve, reject } = Promise.withResolvers<Reserved>()
    const waiting = { request, resolve, reject }
    this.#waiting.push(waiting)
    if (!this.#isFlushing) void this.#flush()
    try {
      return await withDeadline(promise, this.#options.deadlineMs)
    } catch (error) {
      this.#waiting = this.#waiting.filter(other => other !== waiting)
      throw error
    }
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_REQUESTS)
      await this.#send(batch).catch(error => {
        // Whoever waits behind a failure has waited as long, and the store is left alone for a while anyway.
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error)
      })
    }
    this.#isFlushing = false
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const { connection, groupLimitMode: mode } = this.#options
    const reserved = await reserveSpend(connection, { requests: batch.map(({ request }) => request), mode })
    for (const { request, resolve, reject } of batch) {
      const one = reserved.get(request.entry_id)
      if (one === undefined) reject(new Error('the store says nothing of a reservation'))
      else resolve(one)
    }
  }
}
