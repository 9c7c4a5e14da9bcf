import type { ModelsConfig } from '../config/models.ts'
import type { UpstreamsConfig } from '../config/upstreams.ts'
import type { BuiltinModel } from './builtin-models.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import { bedrockId } from './upstreams/bedrock-models.ts'

/** The sections that say which models there are. */
export interface CatalogConfig {
  readonly models: ModelsConfig
  readonly auto_include_builtin_models: boolean
  readonly upstreams: UpstreamsConfig
}

/** The catalog of a configuration; no upstream has to be open. */
export function openCatalog(config: CatalogConfig): Catalog {
  return createCatalog({
    models: config.models,
    autoIncludeBuiltins: config.auto_include_builtin_models,
    upstreams: config.upstreams.map(upstream => ({
      name: upstream.name,
      models: upstream.models,
      defaultId: defaultIds(upstream),
    })),
  })
}

/** What the upstream's provider calls a built-in; on Bedrock that depends on the region. */
function defaultIds(upstream: UpstreamsConfig[number]): (model: BuiltinModel) => string | null {
  if (upstream.provider !== 'bedrock') return ({ ids }) => ids[upstream.provider]
  return model => bedrockId(model, upstream.region)
}
