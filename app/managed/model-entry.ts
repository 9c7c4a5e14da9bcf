// One entry of `availableModels` or `deniedModels`, and the models that it means (P-27).
import type { BuiltinModel } from '../inference/builtin-models.ts'
import type { NamedModel } from '../inference/catalog.ts'
import {
  builtinBehind,
  builtinFor,
  builtinOfVersion,
  familiesMentionedIn,
  namesOf,
  versionsMentionedIn,
  versionsSpelledBy,
  withoutContextSuffix,
} from '../inference/model-names.ts'

/** An entry of a list of models, read once. */
export type ModelEntry =
  /** A word of the client's own, such as `best`, or a pattern: these lists know neither. */
  | { readonly kind: 'alias'; readonly written: string; readonly literal: string }
  | { readonly kind: 'family'; readonly written: string; readonly family: BuiltinModel['family'] }
  | {
      readonly kind: 'name'
      readonly written: string
      /** In lower case, without `[1m]`. */
      readonly literal: string
      /** The literal without `claude-` and date; what versions are compared by. */
      readonly bare: string
      /** The built-in that it spells. */
      readonly builtin: string | null
      readonly isDated: boolean
    }

const FAMILIES: readonly BuiltinModel['family'][] = ['opus', 'sonnet', 'haiku', 'fable', 'mythos']

/** Words that clients resolve themselves, and patterns, which these lists do not have. */
const ALIASES: ReadonlySet<string> = new Set(['', '*', 'default', 'best', 'opusplan', 'inherit'])

/** Reads an entry as it stands in a settings document. */
export function readEntry(written: string): ModelEntry {
  const literal = plain(written)
  if (ALIASES.has(literal)) return { kind: 'alias', written, literal }
  const family = FAMILIES.find(word => word === literal)
  if (family !== undefined) return { kind: 'family', written, family }
  const builtin = builtinFor(literal)
  const isOwnName = builtin === null || namesOf(builtin).includes(literal)
  return {
    kind: 'name',
    written,
    literal,
    bare: bareOf(isOwnName ? literal : builtin.id),
    builtin: builtin?.id ?? null,
    isDated: /[-@]\d{8}(\D|$)/.test(literal),
  }
}

/** Reports whether `entry` speaks of a member of `family` more precisely than the family's word does. */
export function isWithin(entry: ModelEntry, family: BuiltinModel['family']): boolean {
  return entry.kind === 'name' && entry.literal.split('-').includes(family)
}

/**
 * Reports whether the entries of an allow-list admit `model`: under its own name, or under what upstreams are asked for.
 *
 * Where several upstreams serve it as several models, each of them must be admitted: any may answer.
 */
export function admits(
  entries: readonly ModelEntry[],
  { id, sentAs }: NamedModel,
  match: 'prefix' | 'exact',
): boolean {
  const isAdmitted = (name: string) => entries.some(entry => admitsName(entry, spelling(name), match))
  if (isAdmitted(id)) return true
  const mapped = sentAs.map(sent => builtinBehind(sent)?.id)
  return mapped.length > 0 && mapped.every(name => name !== undefined && isAdmitted(name))
}

/**
 * Reports whether an entry of a deny-list blocks `model`, under any name that it has or is mapped to.
 *
 * Reads both sides generously, as what is not recognised is not blocked.
 */
export function blocks(entry: ModelEntry, model: NamedModel): boolean {
  const names = [model.id, ...model.sentAs]
  if (entry.kind === 'family') return names.some(name => isOfFamily(name, entry.family))
  if (names.some(name => plain(name) === entry.literal)) return true
  if (entry.kind === 'alias') return false
  const versions = [...versionsSpelledBy(entry.written), entry.bare]
  return versions.some(bare => traces(model).some(trace => isVersion(bare, entry, trace)))
}

type NameEntry = Extract<ModelEntry, { kind: 'name' }>

/** One name of a model, in the forms that entries of an allow-list are compared with. */
interface Spelling {
  readonly id: string
  readonly literal: string
  readonly bare: string
  readonly family: BuiltinModel['family'] | null
}

function spelling(name: string): Spelling {
  const literal = plain(name)
  const builtin = builtinFor(literal)
  if (builtin !== null) return { id: builtin.id, literal, bare: bareOf(builtin.id), family: builtin.family }
  const family = FAMILIES.find(word => literal.split('-').includes(word)) ?? null
  return { id: literal, literal, bare: literal.replace(/^claude-/, ''), family }
}

function admitsName(entry: ModelEntry, name: Spelling, match: 'prefix' | 'exact'): boolean {
  if (entry.kind === 'alias') return false
  if (entry.kind === 'family') return name.family === entry.family
  const { literal, bare, builtin, isDated } = entry
  if (literal === name.literal || builtin === name.id) return true
  if (isDated) return false
  // `sonnet-5` leads to `sonnet-5-5`, and not to `sonnet-50`; `claude` alone leads to nothing.
  return bare === name.bare || (match === 'prefix' && name.bare.startsWith(`${bare}-`))
}

/** A version that a name speaks of, and whether it is a Claude model's. */
interface Trace {
  readonly bare: string
  readonly isClaude: boolean
}

function traces({ id, sentAs }: NamedModel): Trace[] {
  const own = spelling(id)
  return [
    { bare: own.bare, isClaude: own.family !== null },
    ...[id, ...sentAs].flatMap(versionsMentionedIn).map(bare => ({ bare, isClaude: true })),
  ]
}

function isVersion(bare: string, { isDated }: NameEntry, trace: Trace): boolean {
  if (bare === trace.bare) return !isDated || trace.isClaude
  const builtin = builtinOfVersion(bare)
  if (builtin !== null && builtin === builtinOfVersion(trace.bare)) return true
  // A version of a family stands for what follows it; an id of the operator's own for itself.
  if (!trace.isClaude || !/(^|-)\d/.test(bare) || !trace.bare.startsWith(`${bare}-`)) return false
  // A date is one model's: it does not reach the next version.
  return !isDated || !/^\d/.test(trace.bare.slice(bare.length + 1))
}

function isOfFamily(name: string, family: BuiltinModel['family']): boolean {
  return spelling(name).family === family || familiesMentionedIn(name).includes(family)
}

function plain(written: string): string {
  const lower = written.trim().toLowerCase()
  return withoutContextSuffix(lower) ?? lower
}

function bareOf(id: string): string {
  return id.replace(/^claude-/, '').replace(/-\d{8}$/, '')
}
