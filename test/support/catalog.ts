import type { ModelsConfig } from '../../app/config/models.ts'
import type { BuiltinModel } from '../../app/inference/builtin-models.ts'
import { type Catalog, createCatalog } from '../../app/inference/catalog.ts'

interface TestCatalog {
  readonly models?: readonly (Partial<ModelsConfig[number]> & { id: string })[]
  readonly auto?: boolean
  /** Upstream name → its `models` list; null for none. Default: one upstream `main` without a list. */
  readonly upstreams?: Readonly<Record<string, readonly string[] | null>>
  readonly defaultId?: (model: BuiltinModel) => string | null
}

/** A catalog over upstreams that call built-ins as the Anthropic API does. */
export function catalogOf(options: TestCatalog = {}): Catalog {
  const {
    models = [],
    auto = true,
    upstreams = { main: null },
    defaultId = model => model.ids.anthropic,
  } = options
  return createCatalog({
    models: models.map(model => ({ upstream_model: {}, ...model })),
    autoIncludeBuiltins: auto,
    upstreams: Object.entries(upstreams).map(([name, list]) => ({
      name,
      models: list ?? undefined,
      defaultId,
    })),
  })
}

/** `upstream:model` of each route; null when `requested` does not resolve. */
export function routesTo(catalog: Catalog, requested: string): string[] | null {
  return catalog.resolve(requested)?.routes.map(({ upstream, model }) => `${upstream}:${model}`) ?? null
}
