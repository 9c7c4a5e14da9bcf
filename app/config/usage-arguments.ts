// The words of `usage`: which days, and what a row stands for.
import { isDay } from '../lib/day.ts'
import { readOptions } from './command-options.ts'
import { GATEWAY_OPTIONS, type GatewayArguments, gatewayOf } from './gateway-arguments.ts'

const GROUPINGS = ['user', 'group', 'model', 'upstream', 'day'] as const

/** What `usage` is asked. */
export interface UsageArguments {
  readonly kind: 'usage'
  readonly gateway: GatewayArguments
  /** First and last day, both included. */
  readonly from: string
  readonly to: string
  readonly groupBy: (typeof GROUPINGS)[number]
  readonly format: 'csv' | 'json'
}

const VALUED: Readonly<Record<string, string>> = {
  ...GATEWAY_OPTIONS,
  '--from': 'a day',
  '--to': 'a day',
  '--group-by': `one of ${GROUPINGS.join(', ')}`,
  '--format': 'csv or json',
}

/** Reads the arguments after `usage`; a text is what is wrong with them. */
export function readUsageArguments(argv: readonly string[]): UsageArguments | string {
  const read = readOptions('usage', argv, { valued: VALUED, flags: [] })
  if (typeof read === 'string') return read
  const { values } = read
  const [from, to] = [values.get('--from'), values.get('--to')]
  if (from === undefined || to === undefined) return 'usage needs --from DATE and --to DATE'
  for (const [option, day] of [
    ['--from', from],
    ['--to', to],
  ])
    if (!isDay(day ?? '')) return `${option} needs a day such as 2026-11-01`
  if (to < from) return '--to is before --from'
  const groupBy = GROUPINGS.find(grouping => grouping === values.get('--group-by'))
  if (groupBy === undefined) return `usage needs --group-by, one of ${GROUPINGS.join(', ')}`
  const format = values.get('--format') ?? 'csv'
  if (format !== 'csv' && format !== 'json') return '--format is csv or json'
  return { kind: 'usage', gateway: gatewayOf(values), from, to, groupBy, format }
}
