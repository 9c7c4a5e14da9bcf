// A whole gateway with `admin`, whose clock stands on a Sunday, and the hands to set caps and counters in its database.
import type { AuditEvent } from '../../app/audit/events.ts'
import type { Identity } from '../../app/identity/identity.ts'
import { type Period, periodsAt } from '../../app/lib/periods.ts'
import type { TestDatabase } from './postgres.ts'
import { KeptConnection } from './raw-http.ts'
import { cents, SUNDAY } from './standings.ts'
import { ASK, openWholeGateway, polite, type Surroundings, type WholeGateway } from './whole-gateway.ts'

export interface CapToSet {
  readonly scope?: 'user' | 'rbac_group' | 'organization'
  /** Default `ada`, of a group `eng`. */
  readonly id?: string
  readonly period?: Period
  /** Whole cents; null is unlimited. */
  readonly amount: number | null
  readonly pool?: number
}

/** What is spent, in cents with decimals. */
export type Spent = Partial<Record<Period, string>>

export interface SpendGateway extends WholeGateway {
  /** What the gateway's clock says; a test may set it. */
  readonly time: { now: number }
  bearer(identity?: Partial<Identity>): Promise<string>
  cap(...caps: readonly CapToSet[]): Promise<void>
  /** Replaces the counters of the clock's periods. */
  spend(spent: Spent, principal?: string): Promise<void>
  /** Replaces the counter of a group's pool in the clock's month. */
  pooled(group: string, amount: string): Promise<void>
  /** The whole answer to a request of the Messages API, as it stood on the wire. */
  raw(bearer: string, request?: RawRequest): Promise<string>
  blocked(): AuditEvent[]
}

export interface RawRequest {
  /** An object is sent as JSON. */
  readonly body?: object | string
  readonly path?: string
}

/** The sections that watch spend, with what a test adds. */
export function watching(admin: object = {}, others: Readonly<Record<string, unknown>> = {}) {
  return { admin, ...others }
}

export async function openSpendGateway(options: Surroundings = {}): Promise<SpendGateway> {
  const time = { now: SUNDAY }
  const whole = await openWholeGateway({
    ...{ sections: watching(), scripts: [polite], clock: () => time.now },
    ...options,
  })
  const { database, gateway } = whole
  return {
    ...whole,
    time,
    async bearer(identity = {}) {
      const { tokens } = gateway.services
      return (await tokens.mint({ sub: 'ada', ...identity }, 'family')).token
    },
    cap: (...caps) => setCaps(database, caps),
    async spend(spent, principal = 'ada') {
      const periods = periodsAt(time.now)
      for (const [period, amount] of Object.entries(spent)) {
        const { key, startsAt } = periods[period as Period] // the type of `spent` says so
        await database.pool.query(
          `insert into spend (principal, period, period_start, nano_usd) values ($1, $2, $3, $4)
             on conflict (principal, period) do update set nano_usd = excluded.nano_usd`,
          [principal, key, new Date(startsAt), cents(amount)],
        )
      }
    },
    async pooled(group, amount) {
      const { key, startsAt } = periodsAt(time.now).monthly
      await database.pool.query(
        `insert into pooled_spend (rbac_group_id, period, period_start, nano_usd) values ($1, $2, $3, $4)
           on conflict (rbac_group_id, period) do update set nano_usd = excluded.nano_usd`,
        [group, key, new Date(startsAt), cents(amount)],
      )
    },
    async raw(bearer, request) {
      const kept = new KeptConnection(Number(new URL(gateway.url).port))
      const text = await kept.askText(requestText(bearer, request))
      kept.close()
      return text
    },
    blocked: () => gateway.events.filter(({ evt }) => evt === 'spend.blocked'),
  }
}

/** Adds rows, or replaces those of the same scope and period. */
export async function setCaps(
  { pool }: Pick<TestDatabase, 'pool'>,
  caps: readonly CapToSet[],
): Promise<void> {
  for (const { scope = 'user', period = 'monthly', amount, pool: pooled = null, ...cap } of caps) {
    const { id = scope === 'user' ? 'ada' : 'eng' } = cap
    await pool.query(
      `insert into spend_limits (id, scope_type, scope_id, period, amount, pool_amount, created_by)
         values ('spl_' || md5(random()::text), $1, $2, $3, $4, $5, 'admin-key:test')
         on conflict (scope_type, scope_id, period)
         do update set amount = excluded.amount, pool_amount = excluded.pool_amount`,
      [scope, scope === 'organization' ? '' : id, period, amount, pooled],
    )
  }
}

function requestText(bearer: string, { body = ASK, path = '/v1/messages' }: RawRequest = {}): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: gateway',
    `authorization: Bearer ${bearer}`,
    'x-client-request-id: run-7',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${text}`
}
