// What whoever sets prices must know of models and upstreams.
import type { UpstreamsConfig } from '../config/upstreams.ts'
import { BUILTIN_MODELS, type BuiltinModel } from './builtin-models.ts'
import { builtinBehind, builtinFor } from './model-names.ts'
import { isRegional } from './upstreams/regional.ts'

interface PricedModels {
  readonly rows: readonly BuiltinModel[]
  /** The id of the built-in that a name spells exactly, in lower case; null for none. */
  spelled(name: string): string | null
  /** The id of the built-in that a string stands for, in any provider's form; null for none, and for more than one. */
  behind(name: string): string | null
  /** Whether an upstream serves this string from a region, and not from wherever there is room. */
  isRegional(upstream: string, upstreamModel: string): boolean
}

/** The built-in models, and where `upstreams` serve them from. */
export function pricedModels(upstreams: UpstreamsConfig): PricedModels {
  const byName = new Map(upstreams.map(upstream => [upstream.name, upstream]))
  return {
    rows: BUILTIN_MODELS,
    spelled: name => builtinFor(name)?.id ?? null,
    behind: name => builtinBehind(name)?.id ?? null,
    isRegional: (name, upstreamModel) => {
      const upstream = byName.get(name)
      return upstream !== undefined && isRegional(upstream, upstreamModel)
    },
  }
}
