// Brings alerts to the operator's webhook, from whichever replica comes first, until they are taken or too old.
import type pg from 'pg'
import type { AlertWebhookConfig } from '../config/alerts.ts'
import { causeCode } from '../lib/cause-code.ts'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { Post } from '../net/post.ts'
import { retryAfterMs } from '../otlp/outcome.ts'
import { alertDelivered, alertFailed, type DueAlert, takeDueAlerts } from '../store/spend-alerts.ts'
import { type Every, machineTimer } from '../store/sweeper.ts'
import { readAlert } from './alert.ts'
import { alertBody } from './alert-message.ts'
import { type AttemptEnd, isTaken, MAX_AGE_MS, retryAfter } from './alert-retry.ts'
import { alertSignature } from './alert-signature.ts'

export interface AlertDeliveryOptions {
  readonly pool: pg.Pool
  readonly webhook: AlertWebhookConfig
  readonly post: Post
  /** Our product token. */
  readonly product: string
  readonly log: Log
  /** The time of day, which is signed. */
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  /** The machine's timer by default. */
  readonly every?: Every
}

/** What became of attempts, and of alerts that there are no more attempts of. */
export type DeliveryResult = 'delivered' | 'failed' | 'given_up'

/** How often due alerts are looked for. */
const LOOK_MS = 10_000

/** So many are sent at one moment. */
const BATCH = 8

/** Longer than any attempt takes: what a replica took and did not finish is then another's. */
const LEASE_SECONDS = 60

/** Sends what is due. Nothing waits for it, and its failures touch nobody. */
export class AlertDelivery {
  readonly #options: AlertDeliveryOptions
  readonly #fixed: Readonly<Record<string, string>>
  readonly #unread: Condition
  readonly #untaken: Condition
  readonly #closing = new AbortController()
  readonly #counts: Record<DeliveryResult, number> = { delivered: 0, failed: 0, given_up: 0 }
  readonly #endTimer: () => void
  #running: Promise<void> | null = null
  #isAsked = false

  constructor(options: AlertDeliveryOptions) {
    const { webhook, product, log, clock, every = machineTimer } = options
    this.#options = options
    this.#fixed = fixedHeaders(webhook.headers, product)
    const host = new URL(webhook.url).hostname
    this.#unread = createCondition({ log, clock, text: 'alerts that are due cannot be read or marked' })
    this.#untaken = createCondition({ log, clock, text: `the webhook at ${host} does not take alerts` })
    this.#endTimer = every(LOOK_MS, () => this.look())
  }

  /** Attempts and alerts of this replica, since it started. */
  get counts(): Readonly<Record<DeliveryResult, number>> {
    return this.#counts
  }

  /** Sends what is due now; resolves when that is done, and never rejects. */
  look(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve()
    this.#isAsked = true
    this.#running ??= this.#sendAll()
    return this.#running
  }

  /** Gives up what is on its way: it is sent again, by whoever is there. */
  async close(): Promise<void> {
    this.#endTimer()
    this.#closing.abort()
    await this.#running
  }

  async #sendAll(): Promise<void> {
    try {
      while (this.#isAsked && !this.#closing.signal.aborted) {
        this.#isAsked = false
        const due = await takeDueAlerts(this.#options.pool, { atMost: BATCH, leaseSeconds: LEASE_SECONDS })
        if (due.length === BATCH) this.#isAsked = true
        // All of them are over before the first fault is looked at.
        const sent = await Promise.allSettled(due.map(alert => this.#send(alert)))
        for (const outcome of sent) if (outcome.status === 'rejected') throw outcome.reason
      }
      this.#unread.ended()
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#unread.occurred({ cause: causeCode(error) ?? String(error) })
    } finally {
      this.#running = null
    }
  }

  async #send(due: DueAlert): Promise<void> {
    const { pool } = this.#options
    const isTooOld = due.ageMs > MAX_AGE_MS
    const { end, last } = isTooOld ? TOO_OLD : await this.#attempt(due)
    if (isTaken(end)) {
      this.#counts.delivered += 1
      this.#untaken.ended()
      await alertDelivered(pool, due.id)
      return
    }
    // Given up here, and nobody's failure.
    if (this.#closing.signal.aborted && end === UNANSWERED && !isTooOld) return alertFailed(pool, due, 0)
    const retryMs = isTooOld ? null : retryAfter(end, due, this.#options.random())
    this.#count(due, { retryMs, last })
    await alertFailed(pool, due, retryMs)
  }

  async #attempt(due: DueAlert): Promise<{ end: AttemptEnd; last: string }> {
    const { webhook, post, clock } = this.#options
    const body = alertBody(readAlert(due), due.at, webhook.format)
    const headers = { ...this.#fixed, 'gatehouse-alert-id': due.id, ...signed(webhook.secret, body, clock()) }
    try {
      const receipt = await post({ url: webhook.url, headers, body, signal: this.#closing.signal })
      const { status } = receipt
      return {
        end: { status, retryAfterMs: retryAfterMs(receipt.retryAfter, clock()) },
        last: `status ${status}`,
      }
    } catch (error) {
      return { end: UNANSWERED, last: causeCode(error) ?? 'the request failed' }
    }
  }

  #count({ id, attempts }: DueAlert, { retryMs, last }: { retryMs: number | null; last: string }): void {
    this.#counts.failed += 1
    this.#untaken.occurred({ last })
    if (retryMs !== null) return
    this.#counts.given_up += 1
    this.#options.log.warn('an alert is given up: it was not taken in time', { alert: id, attempts, last })
  }
}

const UNANSWERED: AttemptEnd = { status: null, retryAfterMs: null }

const TOO_OLD = { end: UNANSWERED, last: 'it is older than a day' }

/** What the operator writes replaces ours, whatever its case: no name goes out twice. */
function fixedHeaders(written: Readonly<Record<string, string>>, product: string): Record<string, string> {
  const isNamed = Object.keys(written).some(name => name.toLowerCase() === 'user-agent')
  return { 'content-type': 'application/json', ...(isNamed ? {} : { 'user-agent': product }), ...written }
}

function signed(secret: string | undefined, body: string, now: number): Record<string, string> {
  return secret === undefined ? {} : { 'gatehouse-signature': alertSignature(secret, body, now) }
}
