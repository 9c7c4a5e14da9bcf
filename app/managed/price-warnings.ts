// What a valid file's prices will do that its author may not expect: models without one, rows that price nothing.
import type { Config } from '../config/config.ts'
import type { Finding } from '../config/problems.ts'
import { BUILTIN_MODELS } from '../inference/builtin-models.ts'
import type { Catalog } from '../inference/catalog.ts'
import { openCatalog } from '../inference/open-catalog.ts'
import { pricedModels } from '../inference/priced-models.ts'
import { Pricing, type Served } from '../spend/pricing.ts'

/** Every warning about `pricing`, and about `models` that it leaves without a price (M-27, M-29). */
export function priceWarnings(config: Config): Finding[] {
  const catalog = openCatalog(config)
  const pricing = new Pricing({
    models: pricedModels(config.upstreams),
    pricing: config.pricing,
    regionalPremium: config.gatehouse.spend.regional_premium,
  })
  return [
    ...(isCounting(config) ? unknownModels(config, catalog, pricing) : []),
    ...idleRows(config, catalog, pricing),
  ]
}

/** Whether anybody adds up what replies cost. */
function isCounting({ admin, gatehouse: { observability } }: Config): boolean {
  return (
    admin !== undefined || observability?.prometheus !== undefined || observability?.otlp?.metrics === true
  )
}

/** The mappings whose string nobody recognises. */
function unknownModels({ models }: Config, catalog: Catalog, pricing: Pricing): Finding[] {
  return models.flatMap(({ id, upstream_model }, index) =>
    servedAs(id, catalog)
      .filter(served => Object.hasOwn(upstream_model, served.upstream))
      .filter(served => pricing.price(served).source.kind === 'unknown')
      .map(
        ({ upstream }): Finding => ({
          path: ['models', index, 'upstream_model', upstream],
          text: 'has no known price: it counts as 5 USD in and 25 USD out per million tokens.',
          fix: 'add a row for it to pricing.overrides.',
        }),
      ),
  )
}

/** The rows that no request can use: a better one stands beside them, or nothing is sent there under that name. */
function idleRows({ models, pricing: section }: Config, catalog: Catalog, pricing: Pricing): Finding[] {
  if (section === undefined) return []
  const hidden = BUILTIN_MODELS.filter(({ role }) => role === 'hidden')
  const written = section.overrides.map(({ model }) => model)
  const ids = [...catalog.list(), ...models, ...hidden].map(({ id }) => id)
  const used = new Set(
    [...ids, ...written].flatMap(id =>
      servedAs(id, catalog).flatMap(served => {
        const { source } = pricing.price(served)
        return source.kind === 'override' ? [source.row] : []
      }),
    ),
  )
  return section.overrides.flatMap((_, row): Finding[] => {
    if (used.has(row)) return []
    const text = 'prices nothing: this upstream is asked for no such model, or another row fits better.'
    return [
      { path: ['pricing', 'overrides', row], text, fix: 'correct model or upstream, or remove the row.' },
    ]
  })
}

/** How each upstream would be asked for `requested`; empty where nobody knows it. */
function servedAs(requested: string, catalog: Catalog): Served[] {
  const resolved = catalog.resolve(requested)
  if (resolved === null) return []
  return resolved.routes.map(({ upstream, model }) => ({
    upstream,
    sentAs: model,
    requested,
    id: resolved.id,
  }))
}
