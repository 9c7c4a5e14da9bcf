// The list of withdrawn sessions that every replica holds, because a signed bearer cannot be taken back.
// Loaded at boot, asked for again every few seconds; an outage of the store must not sign everybody out,
// so the last list serves as long as it must (S-62, S-63).
import type { Pool } from 'pg'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import { withDeadline } from '../lib/deadline.ts'
import type { Log } from '../lib/log.ts'
import {
  addRevocations,
  findRevocations,
  loadRevocations,
  type RevokedSession,
  revocationsSince,
} from '../store/revoked-sessions.ts'
import { createRevocationMemory } from './revocation-memory.ts'
import type { Session } from './token.ts'

const POLL_INTERVAL_MS = 5_000
const DAY_SECONDS = 86_400

/** What a revocation can be about: a bearer's session, or an opened refresh token. */
export interface Revocable {
  /** What the family is withdrawn under; see `familyKey` and `bearerKey`. */
  readonly key: string
  readonly sub: string
  /** Seconds since the Unix epoch. */
  readonly iat: number
}

export type RevocationReason = 'logout' | 'reuse' | 'admission'

/** `isNew`: nobody had withdrawn it before, as far as can be known. `isStored`: the other replicas will learn of it. */
export interface RevokeOutcome {
  readonly isNew: boolean
  readonly isStored: boolean
}

export interface RevocationOptions {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Log
  readonly ttlHours: number
  readonly refreshIdleDays: number
  readonly bounds?: Partial<RevocationBounds>
}

export interface RevocationBounds {
  /** Keys held in memory; default 100,000. */
  readonly maxRemembered: number
  /** Keys that wait for the store; default 10,000. */
  readonly maxWaiting: number
  /** How long one question to the store may take, in milliseconds; default 2000. */
  readonly storeMs: number
}

const BOUNDS: RevocationBounds = { maxRemembered: 100_000, maxWaiting: 10_000, storeMs: 2_000 }

/** The key that a family is withdrawn under. */
export function familyKey(sid: string): string {
  return `sid:${sid}`
}

/** The key of a bearer's family; a bearer of a replaced reference gateway is a family of one. */
export function bearerKey(session: Pick<Session, 'sid' | 'digest'>): string {
  return session.sid === null ? `token:${session.digest}` : familyKey(session.sid)
}

/** Loads the list; rejects when the store does not answer, because a boot without it would forget log-outs. */
export async function openRevocations(options: RevocationOptions): Promise<Revocations> {
  const bearerSeconds = options.ttlHours * 3600
  const { maxRemembered } = { ...BOUNDS, ...options.bounds }
  const loaded = await loadRevocations(options.pool, {
    atMost: maxRemembered,
    youngerThanSeconds: bearerSeconds,
  })
  const memory = createRevocationMemory({
    maxEntries: maxRemembered,
    // A row is kept as long as any token of its family can be presented.
    lifetimeSeconds: Math.max((options.refreshIdleDays + 1) * DAY_SECONDS, bearerSeconds + DAY_SECONDS),
    bearerSeconds,
    clock: options.clock,
  })
  memory.follow(loaded.revoked)
  if (!loaded.isWhole) memory.forgetBefore(loaded.revoked[0]!.revokedAt) // rows were left out, so there are rows
  return new Revocations(options, memory)
}

type Memory = ReturnType<typeof createRevocationMemory>

/** Which sessions were withdrawn, as this replica knows it and as the store does. */
export class Revocations {
  readonly #options: RevocationOptions
  readonly #bounds: RevocationBounds
  readonly #memory: Memory
  readonly #waiting = new Map<string, RevocationReason>()
  readonly #outage: Condition
  #polledAt: number
  #isRunning = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: RevocationOptions, memory: Memory) {
    this.#options = options
    this.#bounds = { ...BOUNDS, ...options.bounds }
    this.#memory = memory
    this.#outage = createCondition({
      log: options.log,
      clock: options.clock,
      text: 'the list of withdrawn sessions can be neither read nor written, and the last one serves',
    })
    this.#polledAt = options.clock()
  }

  /** Reports whether memory holds every unexpired row, and not only those that can concern a bearer. */
  get isWhole(): boolean {
    return this.#memory.isWhole
  }

  /** Time since the store last answered a poll, in milliseconds. */
  get ageMs(): number {
    return this.#options.clock() - this.#polledAt
  }

  /** Reports whether this replica knows that `token` was withdrawn; two look-ups in memory. */
  covers(token: Revocable): boolean {
    return this.#memory.has(token.key) || this.#memory.revokedAtMs(subjectKey(token.sub)) > token.iat * 1000
  }

  /** Asks the store itself; rejects when it does not answer. */
  async coversInStore(token: Revocable): Promise<boolean> {
    const { pool } = this.#options
    const found = await withDeadline(
      findRevocations(pool, [token.key, subjectKey(token.sub)]),
      this.#bounds.storeMs,
    )
    this.#memory.learn(found)
    return this.covers(token)
  }

  /** Withdraws the token's whole family: here at once, elsewhere at the next poll. Never rejects. */
  async revoke(token: Revocable, reason: RevocationReason): Promise<RevokeOutcome> {
    const { key } = token
    const isNewHere = !this.#memory.has(key)
    this.#memory.learn([{ key, revokedAt: new Date(this.#options.clock()) }])
    try {
      const added = await this.#store([{ key, reason }])
      return { isNew: added.length === 1, isStored: true }
    } catch (error) {
      this.#keepWaiting(key, reason)
      this.#warn(error)
      return { isNew: isNewHere, isStored: false }
    }
  }

  /** Writes what waits and learns what is new. Never rejects. */
  async poll(): Promise<void> {
    try {
      await this.#writeWaiting()
      const found = await withDeadline(
        revocationsSince(this.#options.pool, this.#memory.newest),
        this.#bounds.storeMs,
      )
      this.#memory.follow(found)
      this.#memory.tidy()
      this.#polledAt = this.#options.clock()
      this.#outage.ended()
    } catch (error) {
      this.#warn(error)
    }
  }

  /** Polls every five seconds until closed. */
  start(): void {
    this.#isRunning = true
    this.#timer = setTimeout(async () => {
      await this.poll()
      if (this.#isRunning) this.start()
    }, POLL_INTERVAL_MS)
    this.#timer.unref()
  }

  /** Ends the polling, and tries once more to write what waits. */
  async close(): Promise<void> {
    this.#isRunning = false
    clearTimeout(this.#timer)
    if (this.#waiting.size > 0) await this.poll()
  }

  async #writeWaiting(): Promise<void> {
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting].map(([key, reason]) => ({ key, reason }))
    await this.#store(waiting)
    for (const { key } of waiting) this.#waiting.delete(key)
  }

  async #store(revocations: readonly { key: string; reason: string }[]): Promise<RevokedSession[]> {
    const { pool } = this.#options
    const added = await withDeadline(
      addRevocations(pool, revocations, this.#memory.lifetimeSeconds),
      this.#bounds.storeMs,
    )
    this.#memory.learn(added)
    return added
  }

  #keepWaiting(key: string, reason: RevocationReason): void {
    if (this.#waiting.size < this.#bounds.maxWaiting) this.#waiting.set(key, reason)
    else this.#options.log.error('too many sessions wait to be withdrawn in the store; one holds here only')
  }

  #warn(error: unknown): void {
    this.#outage.occurred({
      age_seconds: Math.round(this.ageMs / 1000),
      waiting: this.#waiting.size,
      cause: error instanceof Error ? error.message : String(error),
    })
  }
}

function subjectKey(sub: string): string {
  return `sub:${sub}`
}
