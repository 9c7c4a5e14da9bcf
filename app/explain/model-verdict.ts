// Why one person may or may not use a model: the key, the entry, and the policy that wrote it.
import type { JsonObject } from '../config/cli-settings.ts'
import type { ManagedConfig } from '../config/managed.ts'
import type { Catalog, NamedModel } from '../inference/catalog.ts'
import type { EffectivePolicy } from '../managed/effective-policy.ts'
import { blocks, readEntry } from '../managed/model-entry.ts'
import { type ModelRefusal, modelRule } from '../managed/model-rule.ts'
import { type PolicySet, writtenSettings } from '../managed/policy-set.ts'

/** What refuses a model to a person. */
export type RefusalFacts =
  | { readonly reason: 'unmatched' }
  | {
      readonly reason: 'deniedModels'
      /** The policy that wrote the entry: the person's own, or its base. */
      readonly policy: number
      readonly isBase: boolean
      readonly entry: string
    }
  | {
      readonly reason: 'availableModels'
      /** The policy that wrote the list: the person's own, or its base. */
      readonly policy: number
      readonly isBase: boolean
      readonly entries: readonly string[]
      /** The family's word that steps back beside members of its family; null when there is none. */
      readonly narrowed: string | null
    }

/** Whether a person may use a model, and where it is served. */
export interface ModelVerdict {
  readonly id: string
  /** Null when it is allowed. */
  readonly refusal: RefusalFacts | null
  /** In the order in which they are asked; empty when none serves it. */
  readonly upstreams: readonly { readonly name: string; readonly model: string }[]
}

/** A model that was asked about. */
export interface AskedModel extends ModelVerdict {
  /** Where it is refused: the other policies of the file that allow it, by position. */
  readonly allowedBy: readonly number[]
}

export interface VerdictOptions {
  readonly catalog: Catalog
  readonly policies: PolicySet
  readonly written: ManagedConfig['policies']
  /** The person's policy; null when none matches. */
  readonly selected: EffectivePolicy | null
  /** `gatehouse.policy.unmatched`. */
  readonly unmatched: 'allow' | 'deny'
}

/** The verdict about `requested`, in any spelling. */
export function verdictOf(requested: string, options: VerdictOptions): ModelVerdict {
  const resolved = options.catalog.resolve(requested)
  const model = resolved ?? options.catalog.identify(requested)
  const upstreams = (resolved?.routes ?? []).map(route => ({ name: route.upstream, model: route.model }))
  return { id: model.id, refusal: refusalOf(model, options), upstreams }
}

/** The verdicts about `requested`: one, or for the word of a family one for each of its models that is listed. */
export function askedModels(requested: string, options: VerdictOptions): AskedModel[] {
  const { catalog, policies, selected } = options
  const entry = readEntry(requested)
  const members = entry.kind === 'family' ? catalog.list().filter(model => blocks(entry, model)) : []
  const ids =
    catalog.resolve(requested) === null && members.length > 0 ? members.map(({ id }) => id) : [requested]
  return ids.map(id => {
    const verdict = verdictOf(id, options)
    const model = catalog.resolve(id) ?? catalog.identify(id)
    const others = policies.policies.filter(
      policy => policy !== selected && modelRule(policy.settings)(model) === null,
    )
    return { ...verdict, allowedBy: verdict.refusal === null ? [] : others.map(({ index }) => index) }
  })
}

function refusalOf(model: NamedModel, options: VerdictOptions): RefusalFacts | null {
  const { selected, policies, unmatched } = options
  if (selected === null) return policies.isManaged && unmatched === 'deny' ? { reason: 'unmatched' } : null
  const refusal = modelRule(selected.settings)(model)
  return refusal === null ? null : placed(refusal, { selected, written: options.written })
}

function placed(
  refusal: ModelRefusal,
  { selected, written }: { selected: EffectivePolicy; written: VerdictOptions['written'] },
): RefusalFacts {
  const { index, baseIndex } = selected
  const own = writtenSettings(written[index])
  const base = baseIndex === null ? {} : writtenSettings(written[baseIndex])
  const from = (isBase: boolean) => ({ policy: isBase ? (baseIndex ?? index) : index, isBase })
  if (refusal.key === 'deniedModels') {
    // Base entries stand first in the united list.
    const { entry } = refusal
    return { reason: refusal.key, ...from(textsOf(base, refusal.key).includes(entry)), entry }
  }
  const { key: reason, narrowed } = refusal
  const entries = textsOf(selected.settings, reason)
  return { reason, ...from(!Object.hasOwn(own, reason)), entries, narrowed }
}

function textsOf(settings: JsonObject, key: string): string[] {
  const value = settings[key]
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}
