import type { JsonObject } from '../config/cli-settings.ts'
import type { NamedModel } from '../inference/catalog.ts'
import { admits, blocks, isWithin, type ModelEntry, readEntry } from './model-entry.ts'

/** What keeps a model from its reader. */
export type ModelRefusal =
  /** `entry` is the first that blocks it, as it is written. */
  | { readonly key: 'deniedModels'; readonly entry: string }
  /** No entry admits it; `narrowed` is the family's word that would, did it not step back beside a member of the family. */
  | { readonly key: 'availableModels'; readonly narrowed: string | null }

/** Says what refuses a model; null when nothing does. */
export type ModelRule = (model: NamedModel) => ModelRefusal | null

/**
 * What a settings document says about models, as the server enforces it (P-23 to P-27).
 *
 * The deny-list is asked first and wins. Without `availableModels` every model is allowed; an empty list allows none.
 */
export function modelRule(settings: JsonObject): ModelRule {
  const denied = entriesOf(settings['deniedModels']) ?? []
  const available = entriesOf(settings['availableModels'])
  const match = settings['availableModelsMatch'] === 'exact' ? 'exact' : 'prefix'
  const [narrowed, admitting] = parted(available ?? [])
  return model => {
    const blocking = denied.find(entry => blocks(entry, model))
    if (blocking !== undefined) return { key: 'deniedModels', entry: blocking.written }
    if (available === undefined || admits(admitting, model, match)) return null
    const word = narrowed.find(entry => admits([entry], model, match))
    return { key: 'availableModels', narrowed: word?.written ?? null }
  }
}

/** A family's word steps back where the same list names members of the family: those that do, and the rest. */
function parted(list: readonly ModelEntry[]): [ModelEntry[], ModelEntry[]] {
  const isNarrowed = (entry: ModelEntry) =>
    entry.kind === 'family' && list.some(other => isWithin(other, entry.family))
  return [list.filter(isNarrowed), list.filter(entry => !isNarrowed(entry))]
}

function entriesOf(list: JsonObject[string] | undefined): ModelEntry[] | undefined {
  if (!Array.isArray(list)) return undefined
  return list.filter(item => typeof item === 'string').map(readEntry)
}
