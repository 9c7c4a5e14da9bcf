// `gatehouse limits`: caps and shared budgets of a running gateway.
import { type LimitScope, scopeText } from '../config/limit-scope.ts'
import type { LimitsAction, SetAction } from '../config/limits-arguments.ts'
import { printable } from '../lib/printable.ts'
import { terminalJson } from '../lib/terminal-json.ts'
import { type AdminApi, pathOf } from './admin-api.ts'
import { AuditEvent, EffectiveLimit, listed, PooledBudget, SpendLimit, shaped } from './admin-shapes.ts'
import { CommandFault } from './command-fault.ts'
import {
  auditTable,
  describedLimit,
  effectiveTable,
  limitsTable,
  limitText,
  poolsTable,
} from './limits-text.ts'
import { requireSubject } from './subject.ts'

export const LIMITS_PATH = '/v1/organizations/spend_limits'

const MAX_WARNING = 1000

/** Where a command writes. */
export interface Terminal {
  readonly print: (text: string) => void
  /** What the person should know beside the result. */
  readonly complain: (text: string) => void
}

type Simple = Exclude<LimitsAction, { action: 'apply' }>

/** Does what was asked, and prints it: as a table, or as JSON for programs. */
export async function limits(
  api: AdminApi,
  asked: Simple & { readonly json: boolean },
  terminal: Terminal,
): Promise<void> {
  const { print } = terminal
  const show = <T>(rows: readonly T[], table: (rows: readonly T[]) => string) =>
    print(asked.json ? terminalJson({ data: rows }) : table(rows))
  switch (asked.action) {
    case 'list':
      return show(await allLimits(api, asked.scopeType), limitsTable)
    case 'effective':
      return show(await effective(api, asked), effectiveTable)
    case 'pools': {
      const pools = { path: `${LIMITS_PATH}/pools`, row: PooledBudget, paging: 'page', limit: 1000 } as const
      return show(await listed(api, pools), poolsTable)
    }
    case 'audit': {
      const trail = {
        path: `${LIMITS_PATH}/audit`,
        row: AuditEvent,
        paging: 'after_id',
        limit: 1000,
      } as const
      return show(await listed(api, { ...trail, most: asked.count }), auditTable)
    }
    case 'set': {
      if (asked.scope.type === 'user') await requireSubject(api, asked.scope.user_id, asked)
      const limit = await putLimit(api, asked, terminal)
      return print(asked.json ? terminalJson(limit) : limitsTable([limit]))
    }
    case 'delete': {
      const limit = asked.id === null ? await limitOf(api, asked) : await limitWith(api, asked.id)
      const { text } = await api.change({ method: 'DELETE', path: pathOf(LIMITS_PATH, limit.id) })
      return print(asked.json ? terminalJson(JSON.parse(text)) : `deleted ${describedLimit(limit)}\n`)
    }
  }
}

/** Every limit, oldest first. */
export function allLimits(api: AdminApi, scopeType: LimitScope['type'] | null = null): Promise<SpendLimit[]> {
  return listed(api, {
    ...{ path: LIMITS_PATH, query: { scope_type: scopeType }, row: SpendLimit },
    ...{ paging: 'after_id', limit: 1000 },
  })
}

/** Creates or replaces a limit; the gateway's own warning is passed on. */
export async function putLimit(
  api: AdminApi,
  { scope, period, amount, pool, reason }: Omit<SetAction, 'exact'>,
  { complain }: Terminal,
): Promise<SpendLimit> {
  const answer = await api.change({
    method: 'POST',
    path: LIMITS_PATH,
    body: {
      ...{ scope, period, amount },
      ...(pool !== undefined && { pooled_budget: pool === null ? null : { amount: pool } }),
      ...(reason !== null && { reason }),
    },
  })
  const warning = answer.headers.get('x-gatehouse-warning')
  if (warning !== null) complain(`warning: ${printable(warning, MAX_WARNING)}\n`)
  const limit = shaped(answer, SpendLimit)
  const kept = { amount: limit.amount, pool: limit.pooled_budget?.amount ?? null }
  if (kept.amount !== amount || (pool !== undefined && kept.pool !== pool))
    throw new CommandFault(`the gateway kept ${limitText(kept)} instead: look at its version`)
  return limit
}

async function limitWith(api: AdminApi, id: string): Promise<SpendLimit> {
  return shaped(await api.read(pathOf(LIMITS_PATH, id)), SpendLimit)
}

/** Whoever an address was capped under by mistake has it found as it is; only what is not there is explained. */
async function limitOf(
  api: AdminApi,
  { scope, period, exact }: Extract<Simple, { action: 'delete'; id: null }>,
): Promise<SpendLimit> {
  const known = await allLimits(api, scope.type)
  const limit = known.find(one => one.period === period && scopeText(one.scope) === scopeText(scope))
  if (limit !== undefined) return limit
  if (scope.type === 'user') await requireSubject(api, scope.user_id, { exact })
  throw new CommandFault(
    `there is no ${period} limit of ${scopeText(scope)}.\n  Fix: \`limits list\` shows those there are.`,
  )
}

async function effective(
  api: AdminApi,
  { user, exact, search, period }: Extract<Simple, { action: 'effective' }>,
): Promise<EffectiveLimit[]> {
  if (user !== null) await requireSubject(api, user, { exact })
  return listed(api, {
    path: `${LIMITS_PATH}/effective`,
    query: { 'user_ids[]': user, q: search, 'period[]': period },
    ...{ row: EffectiveLimit, paging: 'page', limit: 100 },
  })
}
