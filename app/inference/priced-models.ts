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
    behind: remembering(name => builtinBehind(name)?.id ?? null),
    isRegional: (name, upstreamModel) => {
      const upstream = byName.get(name)
      return upstream !== undefined && isRegional(upstream, upstreamModel)
    },
  }
}

/** More names than a configuration has, and its upstreams' replies; beyond it the memory starts anew. */
const MAX_REMEMBERED = 1000
const MAX_NAME = 256

/** Reading a name in every provider's form takes a while, and every reply names its model. */
function remembering(read: (name: string) => string | null): (name: string) => string | null {
  const known = new Map<string, string | null>()
  return name => {
    const found = known.get(name)
    if (found !== undefined) return found
    if (known.size >= MAX_REMEMBERED) known.clear()
    const answer = read(name)
    if (name.length <= MAX_NAME) known.set(name, answer)
    return answer
  }
}
