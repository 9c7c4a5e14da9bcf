import type { Catalog, ListedModel } from '../inference/catalog.ts'
import { builtinBehind } from '../inference/model-names.ts'

/** A model as Claude Desktop is offered it. */
export interface OfferedModel {
  readonly name: string
  readonly labelOverride?: string
  readonly supports1m?: true
}

interface Offering {
  readonly catalog: Pick<Catalog, 'resolve'>
  /** Whether the settings leave the long context on. */
  readonly allowsLongContext: boolean
}

/** Shows `model` to Claude Desktop. */
export function offeredModel(model: ListedModel, { catalog, allowsLongContext }: Offering): OfferedModel {
  return {
    name: model.id,
    ...(model.label !== undefined && { labelOverride: model.label }),
    ...(allowsLongContext && supportsLongContext(model, catalog) && { supports1m: true as const }),
  }
}

/** Every upstream that may serve it must serve a model with the long context, and one of them a known one. */
function supportsLongContext({ id }: ListedModel, catalog: Pick<Catalog, 'resolve'>): boolean {
  const resolved = catalog.resolve(id)
  const known = (resolved?.routes ?? [])
    .map(({ model }) => builtinBehind(model) ?? resolved?.builtin ?? null)
    .filter(builtin => builtin !== null)
  return known.length > 0 && known.every(({ desktopSupports1m }) => desktopSupports1m)
}
