// Rows of usage_daily and principal_groups for a test.
import type { Pool } from 'pg'

export interface UsedRow {
  readonly day: string
  readonly principal: string
  readonly model?: string
  readonly upstream?: string
  readonly billing_group?: string
  readonly requests?: number
  readonly aborted_requests?: number
  readonly estimated_requests?: number
  readonly input_tokens?: bigint
  readonly nano_usd: bigint
}

/** Writes usage as settled requests would have left it; what is not given is 1 of each kind, at twice the list price. */
export async function addUsage(pool: Pool, rows: readonly UsedRow[]): Promise<void> {
  for (const row of rows) {
    await pool.query(
      `insert into usage_daily (day, principal, model, upstream, billing_group, requests, aborted_requests,
         estimated_requests, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens,
         cache_write_1h_tokens, web_search_requests, nano_usd, list_nano_usd)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 20, 30, 40, 50, 1, $10, $11)`,
      [
        ...[row.day, row.principal, row.model ?? 'claude-sonnet-5', row.upstream ?? 'anthropic'],
        ...[
          row.billing_group ?? '',
          row.requests ?? 1,
          row.aborted_requests ?? 0,
          row.estimated_requests ?? 0,
        ],
        ...[(row.input_tokens ?? 10n).toString(), row.nano_usd.toString(), (row.nano_usd * 2n).toString()],
      ],
    )
  }
}

export async function addGroups(
  pool: Pool,
  rows: readonly (readonly [day: string, principal: string, groups: readonly string[]])[],
): Promise<void> {
  for (const [day, principal, groups] of rows) {
    const values = [day, principal, JSON.stringify(groups)]
    await pool.query('insert into principal_groups (day, principal, groups) values ($1, $2, $3)', values)
  }
}
