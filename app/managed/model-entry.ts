// One entry of `availableModels` or `deniedModels`, and the models that it means (P-27).
import type { BuiltinModel } from '../inference/builtin-models.ts'
import type { NamedModel } from '../inference/catalog.ts'
import { builtinFor, namesOf, withoutContextSuffix } from '../inference/model-names.ts'

/** An entry of a list of models, read once. */
export type ModelEntry =
  /** A word of the client's own, such as `best`, which no model bears. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'family'; readonly family: BuiltinModel['family'] }
  | {
      readonly kind: 'name'
      /** In lower case, without `[1m]`. */
      readonly literal: string
      /** The literal without `claude-` and date; what versions are compared by. */
      readonly bare: string
      /** The built-in that it spells. */
      readonly builtin: string | null
      readonly isDated: boolean
    }

/** One name of a model, in the forms that entries are compared with. */
interface Spelling {
  readonly id: string
  readonly literal: string
  readonly bare: string
  readonly family: BuiltinModel['family'] | null
}

const FAMILIES: readonly BuiltinModel['family'][] = ['opus', 'sonnet', 'haiku', 'fable', 'mythos']

/** Words that clients resolve themselves, and patterns, which these lists do not have. */
const NOTHING: ReadonlySet<string> = new Set(['', '*', 'default', 'best', 'opusplan', 'inherit'])

/** Reads an entry as it stands in a settings document. */
export function readEntry(written: string): ModelEntry {
  const literal = plain(written)
  if (NOTHING.has(literal)) return { kind: 'nothing' }
  const family = FAMILIES.find(word => word === literal)
  if (family !== undefined) return { kind: 'family', family }
  const builtin = builtinFor(literal)
  const isOwnName = builtin === null || namesOf(builtin).includes(literal)
  return {
    kind: 'name',
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

/** Reports whether an entry of an allow-list admits `model`. */
export function admits(entry: ModelEntry, model: NamedModel, match: 'prefix' | 'exact'): boolean {
  return spellings(model).some(spelling => {
    if (entry.kind === 'nothing') return false
    if (entry.kind === 'family') return spelling.family === entry.family
    if (isSame(entry, spelling)) return true
    return match === 'prefix' && !entry.isDated && leadsTo(entry, spelling)
  })
}

/** Reports whether an entry of a deny-list blocks `model`: wider than an allow-list where a version is named. */
export function blocks(entry: ModelEntry, model: NamedModel): boolean {
  return spellings(model).some(spelling => {
    if (entry.kind === 'nothing') return false
    if (entry.kind === 'family') return spelling.family === entry.family
    if (isSame(entry, spelling)) return true
    // A version of a family stands for what follows it; an id of the operator's own for itself.
    const isVersion = spelling.family !== null && /(^|-)\d/.test(entry.bare)
    return isVersion && !entry.isDated && leadsTo(entry, spelling)
  })
}

type NameEntry = Extract<ModelEntry, { kind: 'name' }>

function isSame({ literal, bare, builtin, isDated }: NameEntry, spelling: Spelling): boolean {
  if (literal === spelling.literal || builtin === spelling.id) return true
  return !isDated && bare === spelling.bare
}

/** `sonnet-5` leads to `sonnet-5-5`, and not to `sonnet-50`. */
function leadsTo({ literal, bare }: NameEntry, spelling: Spelling): boolean {
  return spelling.bare.startsWith(`${bare}-`) || spelling.literal.startsWith(`${literal}-`)
}

function spellings({ names }: NamedModel): Spelling[] {
  return names.map(name => {
    const literal = plain(name)
    const builtin = builtinFor(literal)
    if (builtin !== null) return { id: builtin.id, literal, bare: bareOf(builtin.id), family: builtin.family }
    const family = FAMILIES.find(word => literal.split('-').includes(word)) ?? null
    return { id: literal, literal, bare: literal.replace(/^claude-/, ''), family }
  })
}

function plain(written: string): string {
  const lower = written.trim().toLowerCase()
  return withoutContextSuffix(lower) ?? lower
}

function bareOf(id: string): string {
  return id.replace(/^claude-/, '').replace(/-\d{8}$/, '')
}
