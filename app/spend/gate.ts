// Admits requests that cost money, or refuses them: asked first, answered before anything else is complained of (M-10).
import type { Audit } from '../audit/events.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import { type Periods, periodsAt } from '../lib/periods.ts'
import type { GroupLimitMode } from './caps.ts'
import { entryIdAt } from './entry-id.ts'
import type { Asked } from './estimate.ts'
import type { NanoUsd } from './money.ts'
import type { GateResult, SpendObserver } from './observer.ts'
import { blockedBy, heldByOthers, spendUnavailable } from './refusal.ts'
import type { Hold, Reservation, SpendReader } from './spend-reader.ts'
import { successHeaders } from './success-headers.ts'
import { isAbove, WARNING_PERCENT } from './utilization.ts'
import { type Blocked, verdictOn } from './verdict.ts'

export interface SpendGateOptions {
  readonly reader: Pick<SpendReader, 'read'>
  /** Null, the default, where nothing is reserved: then the store is asked while the body still arrives. */
  readonly reserving?: Reserving | null
  readonly groupLimitMode: GroupLimitMode
  /** `admin.blocked_message`. */
  readonly blockedMessage: string | undefined
  /** `enforcement.fail_closed_on_error`. */
  readonly failsClosed: boolean
  readonly audit: Audit
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward. */
  readonly monotonic: Clock
  /** Null when nobody measures. */
  readonly observer: Pick<SpendObserver, 'gated'> | null
}

export interface Reserving {
  readonly reader: Pick<SpendReader, 'reserve'>
  /** What a request may cost. */
  estimate(asked: Asked): NanoUsd
  /** The store holds that for this entry. */
  taken(entryId: string): void
  /** The store may hold something for a request that is not served. */
  unserved(entryId: string): void
}

export interface GateCaller {
  readonly requestId: string
  readonly identity: Identity
}

/** A request that may go on. */
export interface AdmittedRequest {
  readonly entryId: string
  /** Milliseconds since 1970. */
  readonly admittedAt: number
  readonly identity: Identity
  /** Headers of a 2xx answer. */
  readonly headers: Readonly<Record<string, string>>
  readonly isHeld: boolean
}

export interface OpenGate {
  /**
   * Resolves when the request may go on, and rejects with the refusal to answer with. `asked` is called only where
   * something is reserved, and is null for a request that is refused for another reason anyway.
   */
  pass(asked: (() => Asked) | null): Promise<AdmittedRequest>
}

/** What was read of a caller, and when. */
interface Look extends Reservation {
  readonly periods: Periods
  readonly admittedAt: number
  readonly entryId: string
  readonly ms: number
}

export class SpendGate {
  readonly #options: SpendGateOptions
  readonly #outage: Condition
  /** Of the last request: they hold for a day. */
  #periods: Periods | null = null

  constructor(options: SpendGateOptions) {
    this.#options = options
    const what = options.failsClosed ? 'refused' : 'served without them'
    const text = `spend limits cannot be read from the store, and requests are ${what}`
    this.#outage = createCondition({ ...options, text })
  }

  /** Asks the store, unless what the request may cost is asked with; nothing waits yet, and nothing rejects. */
  begin(caller: GateCaller): OpenGate {
    const { reader, reserving = null } = this.#options
    const { identity } = caller
    const read = () =>
      this.#look(async periods => ({ reading: await reader.read(identity, periods), hold: NO_HOLD }))
    if (reserving === null) {
      const look = read()
      return { pass: async () => this.#decide(caller, await look) }
    }
    return {
      pass: async asked => {
        if (asked === null) return this.#decide(caller, await read())
        const estimate = reserving.estimate(asked())
        const look = await this.#look((periods, entryId) =>
          reserving.reader.reserve(identity, periods, { entryId, estimate }),
        )
        return this.#decide(caller, look)
      },
    }
  }

  async #look(ask: (periods: Periods, entryId: string) => Promise<Reservation>): Promise<Look> {
    const { clock, monotonic } = this.#options
    const admittedAt = clock()
    const periods = this.#periodsAt(admittedAt)
    const entryId = entryIdAt(admittedAt)
    const startedAt = monotonic()
    const asked = await ask(periods, entryId)
    return { ...asked, periods, admittedAt, entryId, ms: monotonic() - startedAt }
  }

  #periodsAt(now: number): Periods {
    const known = this.#periods
    if (known !== null && now >= known.daily.startsAt && now < known.daily.endsAt) return known
    this.#periods = periodsAt(now)
    return this.#periods
  }

  #decide(caller: GateCaller, look: Look): AdmittedRequest {
    const { reading, hold, periods, entryId } = look
    if (reading.kind === 'unreadable') return this.#unseen(caller, look, reading.cause)
    this.#outage.ended()
    const verdict = verdictOn(reading.standing, { periods, mode: this.#options.groupLimitMode })
    if (verdict.kind !== 'allowed') return this.#block(caller, look, verdict)
    if (hold.kind === 'refused') return this.#refuseHeld(caller, look, hold)
    if (hold.kind === 'taken') this.#options.reserving?.taken(entryId)
    const { fullest } = verdict
    this.#tell(fullest !== null && isAbove(fullest, WARNING_PERCENT) ? 'warning' : 'allowed', look)
    return admitted(caller, look, fullest === null ? NONE : successHeaders(fullest))
  }

  /** Nobody knows what was spent (M-12). */
  #unseen(caller: GateCaller, look: Look, cause: string): AdmittedRequest {
    const { failsClosed, audit, reserving } = this.#options
    this.#outage.occurred({ cause })
    this.#tell(failsClosed ? 'closed' : 'open', look)
    if (!failsClosed) return admitted(caller, look, NONE)
    if (look.hold.kind === 'unknown') reserving?.unserved(look.entryId)
    audit.write({ ...blockedEvent(caller), cause: 'store_error' })
    throw spendUnavailable()
  }

  /** There is money, and running requests hold it (M-40). */
  #refuseHeld(caller: GateCaller, look: Look, { lacking }: Extract<Hold, { kind: 'refused' }>): never {
    this.#tell('reserved', look)
    const { source, period, cents } = lacking
    const limit = { cap_cents: cents.toString(), source, period }
    this.#options.audit.write({ ...blockedEvent(caller), cause: 'reserved', ...limit })
    throw heldByOthers()
  }

  #block(caller: GateCaller, look: Look, verdict: Blocked): never {
    const { audit, blockedMessage } = this.#options
    this.#tell(verdict.kind === 'over_limit' ? 'blocked' : 'pool_blocked', look)
    audit.write({ ...blockedEvent(caller), cause: verdict.kind, ...limitOf(verdict) })
    throw blockedBy(verdict, { blockedMessage, now: look.admittedAt })
  }

  #tell(result: GateResult, { ms }: Look): void {
    this.#options.observer?.gated(result, ms)
  }
}

const NONE: Readonly<Record<string, string>> = {}

const NO_HOLD: Hold = { kind: 'none' }

function admitted(
  { identity }: GateCaller,
  { admittedAt, entryId, hold }: Look,
  headers: Readonly<Record<string, string>>,
): AdmittedRequest {
  const isHeld = hold.kind === 'taken' || hold.kind === 'unknown'
  return { entryId, admittedAt, identity, headers, isHeld }
}

function blockedEvent({ requestId, identity }: GateCaller) {
  return { evt: 'spend.blocked', request_id: requestId, sub: identity.sub } as const
}

/** The limit that blocks, in the audit's words (M-18). */
function limitOf(verdict: Blocked) {
  if (verdict.kind === 'over_limit') {
    const { cents, source, period } = verdict.budget.cap
    return { cap_cents: cents.toString(), source, period }
  }
  const { pool, span } = verdict
  return { cap_cents: pool.cents.toString(), source: `rbac_group:${pool.group}`, period: span.period }
}
