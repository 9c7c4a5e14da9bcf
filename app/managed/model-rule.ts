import type { JsonObject } from '../config/cli-settings.ts'
import type { NamedModel } from '../inference/catalog.ts'
import { admits, blocks, isWithin, type ModelEntry, readEntry } from './model-entry.ts'

/** The key of a settings document that keeps a model from its reader; null when none does. */
export type ModelRule = (model: NamedModel) => 'availableModels' | 'deniedModels' | null

/**
 * What a settings document says about models, as the server enforces it (P-23 to P-27).
 *
 * The deny-list is asked first and wins. Without `availableModels` every model is allowed; an empty list allows none.
 */
export function modelRule(settings: JsonObject): ModelRule {
  const denied = entriesOf(settings['deniedModels']) ?? []
  const available = entriesOf(settings['availableModels'])
  const match = settings['availableModelsMatch'] === 'exact' ? 'exact' : 'prefix'
  const admitting = available?.filter(entry => !isNarrowed(entry, available))
  return model => {
    if (denied.some(entry => blocks(entry, model))) return 'deniedModels'
    if (admitting === undefined || admitting.some(entry => admits(entry, model, match))) return null
    return 'availableModels'
  }
}

/** A family's word steps back where the same list names members of the family. */
function isNarrowed(entry: ModelEntry, list: readonly ModelEntry[]): boolean {
  return entry.kind === 'family' && list.some(other => isWithin(other, entry.family))
}

function entriesOf(list: JsonObject[string] | undefined): ModelEntry[] | undefined {
  if (!Array.isArray(list)) return undefined
  return list.filter(item => typeof item === 'string').map(readEntry)
}
