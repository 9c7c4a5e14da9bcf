// What the Admin API answers, as far as commands look at it; members that are not known here are kept for `--json`.
import { z } from 'zod'
import { PERIODS } from '../lib/periods.ts'
import type { AdminAnswer, AdminApi, Query } from './admin-api.ts'
import { CommandFault } from './command-fault.ts'

const Scope = z.discriminatedUnion('type', [
  z.object({ type: z.literal('user'), user_id: z.string() }),
  z.object({ type: z.literal('rbac_group'), rbac_group_id: z.string() }),
  z.object({ type: z.literal('organization') }),
])

const WholeCents = z.string().regex(/^\d{1,18}$/)
const Cents = z.string().regex(/^\d{1,30}(\.\d{1,7})?$/)
const Pool = z.looseObject({ amount: WholeCents }).nullable().optional()

export const SpendLimit = z.looseObject({
  id: z.string(),
  scope: Scope,
  /** Null is unlimited. */
  amount: WholeCents.nullable(),
  period: z.enum(PERIODS),
  /** On the monthly limit of a group only. */
  pooled_budget: Pool,
})

export type SpendLimit = z.infer<typeof SpendLimit>

export const EffectiveLimit = z.looseObject({
  scope: z.looseObject({ user_id: z.string() }),
  groups: z.array(z.string()),
  actor: z.looseObject({ name: z.string().nullable(), email_address: z.string().nullable() }),
  /** Null is unlimited with a source, and no cap at all without one. */
  amount: WholeCents.nullable(),
  period: z.enum(PERIODS),
  source: Scope.nullable(),
  period_to_date_spend: Cents,
})

export type EffectiveLimit = z.infer<typeof EffectiveLimit>

const AuditedLimit = z
  .looseObject({ scope: Scope, amount: WholeCents.nullable(), period: z.enum(PERIODS), pooled_budget: Pool })
  .nullable()

export const AuditEvent = z.looseObject({
  id: z.string(),
  created_at: z.string(),
  /** A text, or an object that names it. */
  actor: z.string(),
  action: z.string(),
  target_id: z.string(),
  before: AuditedLimit.catch(null),
  after: AuditedLimit.catch(null),
  reason: z.string().nullable(),
})

export type AuditEvent = z.infer<typeof AuditEvent>

export const PooledBudget = z.looseObject({
  rbac_group_id: z.string(),
  amount: WholeCents,
  period_to_date_spend: Cents,
})

export const Erased = z.looseObject({
  mode: z.string(),
  rows: z.record(z.string(), z.number().int().nonnegative()),
})

/** The answer as `schema` has it. */
export function shaped<T>({ text }: Pick<AdminAnswer, 'text'>, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  throw new CommandFault(
    'the answer is not one of the Admin API: look whether the URL is that of the gateway, and whether it is of this version',
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no schema takes it
  }
}

/** How a list goes on: with the id of its last row, or with a token. */
type Paging = 'after_id' | 'page'

interface Listing<T> {
  readonly path: string
  readonly query?: Query
  readonly row: z.ZodType<T>
  readonly paging: Paging
  /** Rows of a page. */
  readonly limit: number
  /** Rows in all; all there are by default. */
  readonly most?: number
}

/** More is asked of no gateway, whatever it answers. */
const MAX_PAGES = 10_000

/** All rows of a list, page by page. */
export async function listed<T>(api: AdminApi, listing: Listing<T>): Promise<T[]> {
  const { path, query = {}, row, paging, limit, most = Number.POSITIVE_INFINITY } = listing
  const Page = z.object({
    data: z.array(row),
    has_more: z.boolean().optional(),
    last_id: z.string().nullable().optional(),
    next_page: z.string().nullable().optional(),
  })
  const rows: T[] = []
  let cursor: string | null = null
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const count = Math.min(limit, most - rows.length)
    const asked: Query = { ...query, limit: String(count), [paging]: cursor }
    const {
      data,
      has_more: more,
      last_id: lastId,
      next_page: token,
    } = shaped(await api.read(path, asked), Page)
    for (const one of data) rows.push(one)
    const next: string | null | undefined = paging === 'page' ? token : more ? lastId : null
    if (!next || rows.length >= most) return rows
    cursor = next
  }
  throw new CommandFault(`the list of ${path} does not end`)
}
