// Alerts that were raised, and which of them are still to be sent. They are raised by the statement that settles.
import type { Pool, PoolClient } from 'pg'
import type { Period } from '../lib/periods.ts'

/** An alert as the database writes it into the answer of a settlement; amounts and shares are exact as text. */
export interface AlertRow {
  readonly id: string
  /** `user:<subject>` or `pool:<group>`. */
  readonly scope: string
  /** The key of a day, a week or a month. */
  readonly period: string
  readonly share: string
  readonly cap_cents: string
  readonly nano_usd: string
}

/** An alert that this replica may send until its lease is over. */
export interface DueAlert extends AlertRow {
  readonly at: Date
  /** Counting the one that may begin now. */
  readonly attempts: number
  /** Milliseconds since it was raised, by the database's clock. */
  readonly ageMs: number
}

export interface Taking {
  readonly atMost: number
  /** From then on another replica may take what this one did not finish. */
  readonly leaseSeconds: number
}

/** Takes alerts that are due, the longest due first; what another replica is taking is passed over. */
export async function takeDueAlerts(pool: Pool, { atMost, leaseSeconds }: Taking): Promise<DueAlert[]> {
  const { rows } = await pool.query<AlertRow & { at: Date; attempts: number; age_ms: number }>({
    name: 'spend_alerts_take',
    text: `
      update spend_alerts
         set attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
       where id = any (array(
               select id from spend_alerts where due_at <= now() order by due_at limit $1 for update skip locked))
      returning id, scope, period, share::text, cap_cents, nano_usd, at, attempts,
                (extract(epoch from now() - at) * 1000)::double precision as age_ms`,
    values: [atMost, leaseSeconds],
  })
  return rows.map(({ age_ms: ageMs, ...row }) => ({ ...row, ageMs }))
}

/** The receiver has it: it is sent no more. */
export async function alertDelivered(pool: Pool, id: string): Promise<void> {
  await pool.query({
    name: 'spend_alerts_delivered',
    text: `update spend_alerts set delivered_at = now(), due_at = null where id = $1`,
    values: [id],
  })
}

/**
 * The attempt failed: the alert is due again in `retryMs`, or never when that is null. Of an alert that another replica
 * has taken since, or delivered, nothing changes.
 */
export async function alertFailed(
  pool: Pool,
  { id, attempts }: Pick<DueAlert, 'id' | 'attempts'>,
  retryMs: number | null,
): Promise<void> {
  await pool.query({
    name: 'spend_alerts_failed',
    text: `
      update spend_alerts set due_at = now() + make_interval(secs => $3::double precision / 1000)
       where id = $1 and attempts = $2 and due_at is not null`,
    values: [id, attempts, retryMs],
  })
}

/** A cap, or a group's shared budget with it, that was changed or deleted. */
export interface ChangedCap {
  /** The id is empty for the organization. */
  readonly scope: { readonly type: string; readonly id: string }
  readonly period: Period
  /** Of the period that runs now. */
  readonly key: string
  readonly groupLimitMode: 'min' | 'max'
}

/**
 * In the transaction that changed the cap: shares that what was spent so far no longer reaches may be reached again.
 * Answers how many those are.
 */
export async function rearmAlerts(
  client: Pick<PoolClient, 'query'>,
  { scope, period, key, groupLimitMode }: ChangedCap,
): Promise<number> {
  const { rows } = await client.query<{ rearmed: number }>({
    name: 'spend_alerts_rearm',
    text: `select rearm_spend_alerts($1, $2, $3, $4, $5) as rearmed`,
    values: [scope.type, scope.id, period, key, groupLimitMode],
  })
  return rows[0]?.rearmed ?? 0
}
