// Admits requests that cost money, or refuses them: asked first, answered before anything else is complained of (M-10).
import type { Audit } from '../audit/events.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import { type Periods, periodsAt } from '../lib/periods.ts'
import type { GroupLimitMode } from './caps.ts'
import { entryIdAt } from './entry-id.ts'
import type { GateResult, SpendObserver } from './observer.ts'
import { blockedBy, spendUnavailable } from './refusal.ts'
import type { Reading, SpendReader } from './spend-reader.ts'
import { successHeaders } from './success-headers.ts'
import { isAbove, WARNING_PERCENT } from './utilization.ts'
import { type Blocked, verdictOn } from './verdict.ts'

export interface SpendGateOptions {
  readonly reader: Pick<SpendReader, 'read'>
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
  /** Resolves when the request may go on, and rejects with the refusal to answer with. */
  pass(): Promise<AdmittedRequest>
}

/** What was read of a caller, and when. */
interface Look {
  readonly reading: Reading
  readonly periods: Periods
  readonly admittedAt: number
  readonly ms: number
}

export class SpendGate {
  readonly #options: SpendGateOptions
  readonly #outage: Condition

  constructor(options: SpendGateOptions) {
    this.#options = options
    const what = options.failsClosed ? 'refused' : 'served without them'
    const text = `spend limits cannot be read from the store, and requests are ${what}`
    this.#outage = createCondition({ ...options, text })
  }

  /** Asks the store; nothing waits yet, and nothing rejects. */
  begin(caller: GateCaller): OpenGate {
    const look = this.#look(caller.identity)
    return { pass: async () => this.#decide(caller, await look) }
  }

  async #look(identity: Identity): Promise<Look> {
    const { reader, clock, monotonic } = this.#options
    const admittedAt = clock()
    const periods = periodsAt(admittedAt)
    const startedAt = monotonic()
    const reading = await reader.read(identity, periods)
    return { reading, periods, admittedAt, ms: monotonic() - startedAt }
  }

  #decide(caller: GateCaller, look: Look): AdmittedRequest {
    const { reading, periods } = look
    if (reading.kind === 'unreadable') return this.#unseen(caller, look, reading.cause)
    this.#outage.ended()
    const verdict = verdictOn(reading.standing, { periods, mode: this.#options.groupLimitMode })
    if (verdict.kind !== 'allowed') return this.#block(caller, look, verdict)
    const { fullest } = verdict
    this.#tell(fullest !== null && isAbove(fullest, WARNING_PERCENT) ? 'warning' : 'allowed', look)
    return admitted(caller, look, fullest === null ? NONE : successHeaders(fullest))
  }

  /** Nobody knows what was spent (M-12). */
  #unseen(caller: GateCaller, look: Look, cause: string): AdmittedRequest {
    const { failsClosed, audit } = this.#options
    this.#outage.occurred({ cause })
    this.#tell(failsClosed ? 'closed' : 'open', look)
    if (!failsClosed) return admitted(caller, look, NONE)
    audit.write({ ...blockedEvent(caller), cause: 'store_error' })
    throw spendUnavailable()
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

function admitted(
  { identity }: GateCaller,
  { admittedAt }: Look,
  headers: Readonly<Record<string, string>>,
): AdmittedRequest {
  return { entryId: entryIdAt(admittedAt), admittedAt, identity, headers, isHeld: false }
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
