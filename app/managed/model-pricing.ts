// The prices that the gateway pushes to clients.
import type { JsonObject } from '../config/cli-settings.ts'
import type { PricingConfig } from '../config/pricing.ts'
import { BUILTIN_MODELS } from '../inference/builtin-models.ts'
import type { Catalog } from '../inference/catalog.ts'
import { builtinBehind, builtinFor } from '../inference/model-names.ts'
import { Overrides } from '../spend/overrides.ts'

type Override = PricingConfig['overrides'][number]

/** The prices that clients are told (P-40): `{multiplier?, overrides?}` in US dollars per million tokens; null for none. */
export function modelPricing(pricing: PricingConfig | undefined, catalog: Catalog): JsonObject | null {
  if (pricing === undefined) return null
  const multiplier = Number(pricing.multiplier)
  const overrides = new Overrides(pricing.overrides, name => builtinFor(name)?.id ?? null)
  const rows = requestableIds(catalog).flatMap(id => rowOf(id, overrides, catalog))
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
function rowOf(id: string, overrides: Overrides, catalog: Catalog): [string, JsonObject][] {
  const model = catalog.resolve(id)
  const route = model?.routes[0]
  if (model === null || route === undefined) return []
  const builtin = builtinBehind(route.model) ?? model.builtin
  const sought = { upstream: route.upstream, names: [route.model, model.id], builtin: builtin?.id ?? null }
  const found = overrides.find(sought)
  if (found === null) return []
  const name = model.builtin === null ? model.id : (model.builtin.datedIds[0] ?? model.builtin.id)
  return [[name, rates(found.row)]]
}

function rates({ input, output, cache_read, cache_write }: Override): JsonObject {
  return {
    input: Number(input),
    output: Number(output),
    cacheRead: Number(cache_read),
    cacheWrite: Number(cache_write),
  }
}
