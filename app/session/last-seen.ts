// Keeps the store's record of who people are up to date, behind the answers that bring their bearers.
import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import { rememberPrincipal } from '../store/principals.ts'
import type {} from './bearer.ts'
import type { SessionIdentity, Tokens } from './token.ts'

export interface LastSeenOptions {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Log
  /** How many people this replica knows that it has written; default 10,000. */
  readonly maxKnown?: number
  /** How many may wait to be written; beyond it somebody is written at their next refresh. Default 1000. */
  readonly maxWaiting?: number
}

/** What was written last of a person, and when. */
interface Written {
  readonly digest: string
  readonly at: number
}

/** Somebody whose data did not change is written again after this long, as a sign of activity. */
const AGAIN_AFTER_MS = 3_600_000

/**
 * Writes people to the store when they are new to this replica, changed, or were last written an hour ago.
 *
 * One write at a time, on one connection: a sign-in never waits for it, and when it fails, everybody who waits is
 * left for their next refresh.
 */
export class LastSeen {
  readonly #options: Required<LastSeenOptions>
  readonly #failing: Condition
  readonly #known = new Map<string, Written>()
  readonly #waiting = new Map<string, SessionIdentity>()
  /** A bearer that is remembered as verified names the same object each time. */
  readonly #digests = new WeakMap<SessionIdentity, string>()
  #writing: Promise<void> | null = null
  #isClosed = false

  constructor(options: LastSeenOptions) {
    this.#options = { maxKnown: 10_000, maxWaiting: 1000, ...options }
    this.#failing = createCondition({ ...options, text: 'who was last seen cannot be written to the store' })
  }

  /** Notes `identity`; never throws, and answers before anything is written. */
  see(identity: SessionIdentity): void {
    if (this.#isClosed || !this.#isNews(identity)) return
    const { sub } = identity
    if (this.#waiting.size >= this.#options.maxWaiting && !this.#waiting.has(sub)) return
    this.#waiting.set(sub, identity)
    this.#writing ??= this.#writeAll()
  }

  /** Resolves when nothing waits to be written any more. */
  async settled(): Promise<void> {
    await this.#writing
  }

  /** Takes nothing more, and drops what waits. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#waiting.clear()
    await this.#writing
  }

  #isNews(identity: SessionIdentity): boolean {
    const written = this.#known.get(identity.sub)
    if (written === undefined || this.#options.clock() - written.at >= AGAIN_AFTER_MS) return true
    return written.digest !== this.#digest(identity)
  }

  async #writeAll(): Promise<void> {
    try {
      for (const [sub, identity] of this.#waiting) {
        this.#waiting.delete(sub)
        await rememberPrincipal(this.#options.pool, identity)
        this.#note(identity)
        this.#failing.ended()
      }
    } catch (error) {
      this.#waiting.clear()
      this.#failing.occurred({ cause: error instanceof Error ? error.message : String(error) })
    } finally {
      this.#writing = null
    }
  }

  /** The oldest is forgotten first: a map keeps the order of writing. */
  #note(identity: SessionIdentity): void {
    this.#known.delete(identity.sub)
    const [oldest] = this.#known.keys()
    if (this.#known.size >= this.#options.maxKnown && oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(identity.sub, { digest: this.#digest(identity), at: this.#options.clock() })
  }

  #digest(identity: SessionIdentity): string {
    const known = this.#digests.get(identity)
    if (known !== undefined) return known
    const digest = digestOf(identity)
    this.#digests.set(identity, digest)
    return digest
  }
}

/** `bearer`, with everybody whom it lets pass told to `lastSeen`: also whoever is refused afterwards (M-13). */
export function notingRequests(
  bearer: (request: FastifyRequest) => Promise<void>,
  lastSeen: Pick<LastSeen, 'see'>,
): (request: FastifyRequest) => Promise<void> {
  return async request => {
    await bearer(request)
    lastSeen.see(request.session.identity)
  }
}

/** `tokens`, with everybody for whom a bearer is minted told to `lastSeen`. */
export function notingMints(tokens: Tokens, lastSeen: Pick<LastSeen, 'see'>): Tokens {
  return {
    ...tokens,
    async mint(identity, sid) {
      const bearer = await tokens.mint(identity, sid)
      lastSeen.see(identity)
      return bearer
    },
  }
}

/** Of a fixed length, however many groups somebody has. */
function digestOf({ email, name, groups }: SessionIdentity): string {
  return hash('sha256', JSON.stringify([email, name, groups]), 'base64url')
}
