// The file of `limits apply`: every limit and shared budget that there shall be.
import type { z } from 'zod'
import { centsOfDollars } from '../lib/dollars.ts'
import { PERIODS, type Period } from '../lib/periods.ts'
import { readDocument } from './document.ts'
import { decodeUtf8, type ReadFile } from './expand.ts'
import { checkSection, problemOf, unknownOwnKey } from './findings.ts'
import { type LimitScope, scopeText } from './limit-scope.ts'
import { type Finding, inFileOrder, type Path, type Problem } from './problems.ts'
import { choice, closed, flag, list, matching, scalar, Unfit } from './scalar.ts'
import { keepNumbersOf } from './source-text.ts'
import { Tree } from './tree.ts'

/** A limit as the file has it. */
export interface DesiredLimit {
  readonly scope: LimitScope
  readonly period: Period
  /** Whole cents; null is unlimited. */
  readonly amount: string | null
  /** Whole cents; null is none. */
  readonly pool: string | null
  /** Where it stands. */
  readonly path: Path
}

/** What became of a file. */
export type LimitsFile =
  | {
      readonly kind: 'read'
      readonly limits: readonly DesiredLimit[]
      /** Places what was found later. */
      readonly problemOf: (finding: Finding) => Problem
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

const MAX_FILE_BYTES = 1_048_576
const MAX_NAME = 256

/** US dollars as they are written, or `word` for none: no amount passes through a float. */
function dollars(word: string): z.ZodType<string | null> {
  const needs = `US dollars with at most two decimals, such as 12.10, or ${word}`
  return scalar(input => {
    if (input === word) return null
    const cents = typeof input === 'string' ? centsOfDollars(input) : null
    return cents ?? new Unfit(needs, 'write digits and a point, without sign, currency and separators.')
  })
}

function name(): z.ZodType<string> {
  return matching(/^[^\p{Cc}]{1,256}$/u, `1 to ${MAX_NAME} characters, no control characters`)
}

const Limit = closed({
  user: name().optional(),
  group: name().optional(),
  organization: flag().optional(),
  period: choice(PERIODS).default('monthly'),
  amount: dollars('unlimited'),
  pool: dollars('none').optional(),
})

const LIMITS = 'spend_limits'
const EXAMPLE = 'spend_limits: [{ organization: true, amount: 500 }]'

/** Reads and judges the file at `path`: everything that is wrong with it at once. */
export function readLimitsFile(path: string, readFile: ReadFile): LimitsFile {
  const read = readFile(path, MAX_FILE_BYTES)
  if (read.kind === 'failed')
    return refusedWhole(`${path} cannot be read (${read.code}).`, 'name a YAML file of at most 1 MiB.')
  const text = decodeUtf8(read.bytes)
  return text === null ? refusedWhole('the file is not UTF-8 text.', 'save it as UTF-8.') : judgeLimits(text)
}

/** Judges the text of a file. */
export function judgeLimits(text: string): LimitsFile {
  const document = readDocument(text, 'a list of limits is needed')
  if (document.root === null) return { kind: 'refused', problems: inFileOrder(document.problems) }
  const tree = new Tree(keepNumbersOf(['amount', 'pool'], document.root))
  const unknown = tree
    .keys()
    .filter(key => key !== LIMITS)
    .map(key => unknownOwnKey([key], [LIMITS]))
  const checked = checkSection(LIMITS, list(Limit), tree.plain(LIMITS), unknownOwnKey)
  const absent = tree.has(LIMITS) ? [] : [absentList()]
  const limits = (checked.value ?? []).map(desiredOf)
  const judged = checked.value === undefined ? checked.findings : limits.flatMap(faultsOf)
  const findings = [...unknown, ...absent, ...(tree.has(LIMITS) ? judged : []), ...repeated(limits)]
  const problems = [...document.problems, ...findings.map(finding => problemOf(finding, tree))]
  if (problems.length > 0) return { kind: 'refused', problems: inFileOrder(problems) }
  const desired = limits.flatMap(({ scope, given: _, ...limit }) =>
    scope === null ? [] : [{ ...limit, scope }],
  )
  return { kind: 'read', limits: desired, problemOf: finding => problemOf(finding, tree) }
}

type JudgedLimit = Omit<DesiredLimit, 'scope'> & {
  readonly scope: LimitScope | null
  readonly given: z.infer<typeof Limit>
}

function desiredOf(given: z.infer<typeof Limit>, index: number): JudgedLimit {
  const { user, group, organization, period, amount, pool = null } = given
  const scopes: LimitScope[] = [
    ...(user === undefined ? [] : [{ type: 'user', user_id: user } as const]),
    ...(group === undefined ? [] : [{ type: 'rbac_group', rbac_group_id: group } as const]),
    ...(organization === true ? [{ type: 'organization' } as const] : []),
  ]
  const scope = scopes.length === 1 ? (scopes[0] ?? null) : null
  return { scope, period, amount, pool, path: [LIMITS, index], given }
}

function faultsOf({ scope, period, pool, path, given }: JudgedLimit): Finding[] {
  if (scope === null) {
    const text = 'one of user, group and organization: true says whom the limit is for.'
    return [{ path, text, fix: 'give one of them, and write a limit for each.' }]
  }
  if (given.organization === false)
    return [{ path: [...path, 'organization'], text: 'is true or not there.', fix: 'remove it.' }]
  if (pool !== null && (scope.type !== 'rbac_group' || period !== 'monthly'))
    return [{ path: [...path, 'pool'], text: 'only the monthly limit of a group has a shared budget.' }]
  return []
}

function repeated(limits: readonly JudgedLimit[]): Finding[] {
  const seen = new Map<string, Path>()
  return limits.flatMap(({ scope, period, path }): Finding[] => {
    if (scope === null) return []
    const key = limitKey({ scope, period })
    const first = seen.get(key)
    if (first === undefined) {
      seen.set(key, path)
      return []
    }
    const text = `the ${period} limit of ${scopeText(scope)} stands in spend_limits[${first[1]}] already.`
    return [{ path, text, fix: 'keep one of them.' }]
  })
}

/** Equal for two limits of which the gateway keeps one. */
export function limitKey({ scope, period }: { scope: LimitScope; period: Period }): string {
  return `${period} ${scopeText(scope)}`
}

function absentList(): Finding {
  return { path: [LIMITS], at: 'parent', text: 'missing.', fix: `add \`${EXAMPLE}\`.` }
}

function refusedWhole(text: string, fix: string): LimitsFile {
  return { kind: 'refused', problems: [{ path: '', line: 0, column: 0, text, fix }] }
}
