import type { ModelsConfig } from '../config/models.ts'
import type { UpstreamsConfig } from '../config/upstreams.ts'
import { type Catalog, createCatalog } from './catalog.ts'

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
    upstreams: config.upstreams.map(({ name, models, provider }) => ({
      name,
      models,
      defaultId: model => model.ids[provider],
    })),
  })
}
