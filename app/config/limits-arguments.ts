import { centsOfDollars } from '../lib/dollars.ts'
import { PERIODS, type Period } from '../lib/periods.ts'
import { readOptions } from './command-options.ts'
import { GATEWAY_OPTIONS, type GatewayArguments, gatewayOf } from './gateway-arguments.ts'
import type { LimitScope } from './limit-scope.ts'

/** What `limits` is asked. */
export type LimitsArguments = {
  readonly kind: 'limits'
  readonly gateway: GatewayArguments
  readonly json: boolean
} & LimitsAction

/** What is asked of the limits. */
export type LimitsAction =
  | { readonly action: 'list'; readonly scopeType: LimitScope['type'] | null }
  | ({ readonly action: 'set' } & SetAction)
  | ({ readonly action: 'delete'; readonly exact: boolean } & (
      | { readonly id: string }
      | { readonly id: null; readonly scope: LimitScope; readonly period: Period }
    ))
  | {
      readonly action: 'effective'
      readonly user: string | null
      readonly exact: boolean
      /** Part of a subject, an address or a name. */
      readonly search: string | null
      readonly period: Period | null
    }
  | { readonly action: 'audit'; readonly count: number }
  | { readonly action: 'pools' }
  | ({ readonly action: 'apply' } & ApplyAction)

export interface SetAction {
  readonly scope: LimitScope
  /** Whether the user is the subject though it looks like an address. */
  readonly exact: boolean
  readonly period: Period
  /** Whole cents; null is unlimited. */
  readonly amount: string | null
  /** Whole cents; null takes the pool away, undefined leaves it as it is. */
  readonly pool: string | null | undefined
  readonly reason: string | null
}

export interface ApplyAction {
  readonly file: string
  readonly exact: boolean
  readonly plan: boolean
  readonly prune: boolean
  readonly yes: boolean
  readonly reason: string | null
}

type Reader = (argv: readonly string[]) => LimitsArguments | string

const ACTIONS: Readonly<Record<string, Reader>> = {
  list: readList,
  set: readSet,
  delete: readDelete,
  effective: readEffective,
  audit: readAudit,
  pools: readPools,
  apply: readApply,
}

/** Reads the arguments after `limits`; a text is what is wrong with them. */
export function readLimitsArguments(argv: readonly string[]): LimitsArguments | string {
  const [action = '', ...rest] = argv
  const reader = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  return reader === undefined ? `limits needs one of ${Object.keys(ACTIONS).join(', ')}` : reader(rest)
}

const WHOM: Readonly<Record<string, string>> = { '--user': 'a subject', '--group': 'a name of a group' }
const PERIOD: Readonly<Record<string, string>> = { '--period': PERIODS.join(', ') }
const REASON: Readonly<Record<string, string>> = { '--reason': 'a text' }

interface Read {
  readonly values: ReadonlyMap<string, string>
  readonly flags: ReadonlySet<string>
  readonly common: { readonly kind: 'limits'; readonly gateway: GatewayArguments; readonly json: boolean }
}

function readAction(
  action: string,
  argv: readonly string[],
  { valued = {}, flags = [] }: { valued?: Readonly<Record<string, string>>; flags?: readonly string[] },
): Read | string {
  const known = { valued: { ...GATEWAY_OPTIONS, ...valued }, flags: ['--json', ...flags] }
  const read = readOptions(`limits ${action}`, argv, known)
  if (typeof read === 'string') return read
  const common = { kind: 'limits', gateway: gatewayOf(read.values), json: read.flags.has('--json') } as const
  return { ...read, common }
}

const SCOPE_TYPES: Readonly<Record<string, LimitScope['type']>> = {
  user: 'user',
  group: 'rbac_group',
  organization: 'organization',
}

function readList(argv: readonly string[]): LimitsArguments | string {
  const read = readAction('list', argv, { valued: { '--scope': 'user, group or organization' } })
  if (typeof read === 'string') return read
  const scope = read.values.get('--scope')
  if (scope === undefined) return { ...read.common, action: 'list', scopeType: null }
  const scopeType = Object.hasOwn(SCOPE_TYPES, scope) ? SCOPE_TYPES[scope] : undefined
  if (scopeType === undefined) return '--scope is user, group or organization'
  return { ...read.common, action: 'list', scopeType }
}

function readSet(argv: readonly string[]): LimitsArguments | string {
  const valued = { ...WHOM, ...PERIOD, ...REASON, '--amount': AMOUNT, '--pool': POOL }
  const read = readAction('set', argv, { valued, flags: ['--organization', '--exact'] })
  if (typeof read === 'string') return read
  const { values, flags, common } = read
  const scope = scopeOf('set', read)
  if (typeof scope === 'string') return scope
  const period = periodOf(values) ?? 'monthly'
  if (period === 'wrong') return `--period is one of ${PERIODS.join(', ')}`
  const amount = centsOf(values.get('--amount'), 'unlimited')
  if (amount === undefined) return `limits set needs --amount, ${AMOUNT}`
  if (amount === 'wrong') return `--amount needs ${AMOUNT}`
  const pool = centsOf(values.get('--pool'), 'none')
  if (pool === 'wrong') return `--pool needs ${POOL}`
  if (pool !== undefined && (scope.type !== 'rbac_group' || period !== 'monthly'))
    return '--pool is for the monthly limit of a --group'
  const reason = values.get('--reason') ?? null
  const exact = flags.has('--exact')
  return { ...common, action: 'set', scope, exact, period, amount, pool, reason }
}

/** Null for the word that stands for no amount. */
function centsOf(given: string | undefined, word: string): string | null | undefined {
  if (given === undefined) return undefined
  return given === word ? null : (centsOfDollars(given) ?? 'wrong')
}

const AMOUNT = 'US dollars with at most two decimals such as 12.10, or unlimited'
const POOL = 'US dollars with at most two decimals such as 5000, or none'

function readDelete(argv: readonly string[]): LimitsArguments | string {
  const valued = { ...WHOM, ...PERIOD, '--id': 'the id of a limit' }
  const read = readAction('delete', argv, { valued, flags: ['--organization', '--exact'] })
  if (typeof read === 'string') return read
  const { values, flags, common } = read
  const id = values.get('--id')
  const exact = flags.has('--exact')
  if (id !== undefined) {
    const other = ['--user', '--group', '--period'].find(option => values.has(option))
    if (other !== undefined || flags.has('--organization'))
      return `--id says which limit: ${other ?? '--organization'} has no place beside it`
    return { ...common, action: 'delete', exact, id }
  }
  const scope = scopeOf('delete', read)
  if (typeof scope === 'string') return `${scope}, or --id ID`
  const period = periodOf(values) ?? 'monthly'
  if (period === 'wrong') return `--period is one of ${PERIODS.join(', ')}`
  return { ...common, action: 'delete', exact, id: null, scope, period }
}

function readEffective(argv: readonly string[]): LimitsArguments | string {
  const valued = { '--user': 'a subject', '--search': 'a text', ...PERIOD }
  const read = readAction('effective', argv, { valued, flags: ['--exact'] })
  if (typeof read === 'string') return read
  const { values, flags, common } = read
  const period = periodOf(values) ?? null
  if (period === 'wrong') return `--period is one of ${PERIODS.join(', ')}`
  const [user = null, search = null] = [values.get('--user'), values.get('--search')]
  if (user !== null && search !== null) return 'give --user or --search, not both'
  return { ...common, action: 'effective', user, exact: flags.has('--exact'), search, period }
}

const MAX_AUDIT_EVENTS = 100_000

function readAudit(argv: readonly string[]): LimitsArguments | string {
  const read = readAction('audit', argv, { valued: { '--limit': 'a number of events' } })
  if (typeof read === 'string') return read
  const given = read.values.get('--limit') ?? '100'
  const count = /^[1-9]\d{0,5}$/.test(given) ? Number(given) : 0
  if (count === 0 || count > MAX_AUDIT_EVENTS) return `--limit is a number from 1 to ${MAX_AUDIT_EVENTS}`
  return { ...read.common, action: 'audit', count }
}

function readPools(argv: readonly string[]): LimitsArguments | string {
  const read = readAction('pools', argv, {})
  return typeof read === 'string' ? read : { ...read.common, action: 'pools' }
}

function readApply(argv: readonly string[]): LimitsArguments | string {
  const [file = '', ...rest] = argv
  if (file === '' || file.startsWith('--')) return 'limits apply needs a file first: limits apply caps.yaml'
  const flags = ['--plan', '--prune', '--yes', '--exact']
  const read = readAction('apply', rest, { valued: REASON, flags })
  if (typeof read === 'string') return read
  const has = (flag: string) => read.flags.has(flag)
  if (has('--plan') && has('--yes')) return '--plan changes nothing: --yes has no place beside it'
  const asked = { plan: has('--plan'), prune: has('--prune'), yes: has('--yes'), exact: has('--exact') }
  return { ...read.common, action: 'apply', file, ...asked, reason: read.values.get('--reason') ?? null }
}

function scopeOf(action: string, { values, flags }: Read): LimitScope | string {
  const [user, group] = [values.get('--user'), values.get('--group')]
  const scopes: LimitScope[] = [
    ...(user === undefined ? [] : [{ type: 'user', user_id: user } as const]),
    ...(group === undefined ? [] : [{ type: 'rbac_group', rbac_group_id: group } as const]),
    ...(flags.has('--organization') ? [{ type: 'organization' } as const] : []),
  ]
  const [scope] = scopes
  if (scope === undefined || scopes.length > 1)
    return `limits ${action} needs one of --user SUBJECT, --group NAME, --organization`
  return scope
}

function periodOf(values: ReadonlyMap<string, string>): Period | 'wrong' | undefined {
  const given = values.get('--period')
  return given === undefined ? undefined : (PERIODS.find(period => period === given) ?? 'wrong')
}
