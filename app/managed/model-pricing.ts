// The prices that the gateway pushes to clients.
import type { JsonObject } from '../config/cli-settings.ts'
import type { PricingConfig } from '../config/pricing.ts'
import { BUILTIN_MODELS, type BuiltinModel } from '../inference/builtin-models.ts'
import type { Catalog, NamedModel } from '../inference/catalog.ts'
import { builtinBehind, builtinFor } from '../inference/model-names.ts'

type Override = PricingConfig['overrides'][number]

/** The prices that clients are told (P-40): `{multiplier?, overrides?}` in US dollars per million tokens; null for none. */
export function modelPricing(pricing: PricingConfig | undefined, catalog: Catalog): JsonObject | null {
  if (pricing === undefined) return null
  const multiplier = Number(pricing.multiplier)
  const rows = requestableIds(catalog).flatMap(id => rowOf(id, pricing.overrides, catalog))
  if (multiplier === 1 && rows.length === 0) return null
  return {
    ...(multiplier !== 1 && { multiplier }),
    ...(rows.length > 0 && { overrides: Object.fromEntries(rows) }),
  }
}

/** What is listed, then the built-in models that are served without being listed. */
function requestableIds(catalog: Catalog): string[] {
  const hidden = BUILTIN_MODELS.filter(({ role }) => role === 'hidden').map(({ id }) => id)
  return [...new Set([...catalog.list().map(({ id }) => id), ...hidden])]
}

/** The row of a model whose first upstream has a price of its own. */
function rowOf(id: string, overrides: readonly Override[], catalog: Catalog): [string, JsonObject][] {
  const model = catalog.resolve(id)
  const route = model?.routes[0]
  if (model === null || route === undefined) return []
  const sent = builtinBehind(route.model) ?? model.builtin
  const rows = overrides.filter(({ upstream }) => upstream === route.upstream)
  const row = mostSpecific(rows, { id: model.id, sentAs: route.model, builtin: sent })
  if (row === undefined) return []
  const name = model.builtin === null ? model.id : (model.builtin.datedIds[0] ?? model.builtin.id)
  return [[name, rates(row)]]
}

interface Priced extends Pick<NamedModel, 'id'> {
  /** What this upstream calls it; what others do prices nothing here. */
  readonly sentAs: string
  readonly builtin: BuiltinModel | null
}

/** The row of the string that is sent upstream, else of the id, else of the built-in in any spelling (M-29). */
function mostSpecific(rows: readonly Override[], { id, sentAs, builtin }: Priced): Override | undefined {
  const named = (name: string) => rows.find(({ model }) => model.toLowerCase() === name.toLowerCase())
  const ofBuiltin = ({ model }: Override) => builtin !== null && builtinFor(model.toLowerCase()) === builtin
  return named(sentAs) ?? named(id) ?? rows.find(ofBuiltin)
}

function rates({ input, output, cache_read, cache_write }: Override): JsonObject {
  return {
    input: Number(input),
    output: Number(output),
    cacheRead: Number(cache_read),
    cacheWrite: Number(cache_write),
  }
}
