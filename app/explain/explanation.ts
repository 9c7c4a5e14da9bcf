// What one person gets from a configuration, and why.
import type { JsonObject } from '../config/cli-settings.ts'
import type { Config } from '../config/config.ts'
import type { Identity } from '../identity/identity.ts'
import type { ModelDenial } from '../inference/model-refusals.ts'
import { openCatalog } from '../inference/open-catalog.ts'
import type { EffectivePolicy } from '../managed/effective-policy.ts'
import { matchesDomain, matchesGroups } from '../managed/matcher.ts'
import { createModelPolicy } from '../managed/model-policy.ts'
import { openPolicies } from '../managed/policy-set.ts'

/** The person: as much of an identity as policies look at. */
export type Person = Pick<Identity, 'sub' | 'email' | 'groups'>

/** Why a policy is, or is not, the person's. */
export interface PolicyVerdict {
  readonly index: number
  /** Its matcher as a sentence would say it. */
  readonly match: string
  readonly verdict: 'selected' | 'not reached' | 'not in its groups' | 'not in its domain'
  readonly isBase: boolean
}

/** Whether the person may use a model, and where it is served. */
export interface ModelVerdict {
  readonly id: string
  /** The key that refuses it; null when it is allowed. */
  readonly refusedBy: ModelDenial['reason'] | null
  readonly upstreams: readonly { readonly name: string; readonly model: string }[]
}

/** Everything that the gateway would decide about the person. */
export interface Explanation {
  readonly person: Person
  readonly policies: readonly PolicyVerdict[]
  /** The position of the selected policy; null when none matches. */
  readonly policy: number | null
  readonly base: number | null
  /** The document as `/managed/settings` serves it; null for 404. */
  readonly settings: JsonObject | null
  readonly checksum: string | null
  readonly desktop: 'served' | 'no policy opts in' | 'the policy does not opt in' | 'no policy matches'
  readonly models: readonly ModelVerdict[]
  /** The model that was asked about. */
  readonly asked: ModelVerdict | null
}

/** Explains what `person` gets; `model` is a spelling that somebody asks about. */
export function explain(config: Config, person: Person, model?: string): Explanation {
  const catalog = openCatalog(config)
  const policies = openPolicies(config, catalog)
  const allows = createModelPolicy({ policies, unmatched: config.gatehouse.policy.unmatched })
  const selected = policies.select(person)
  const served = policies.served(person)
  const verdictOf = (requested: string): ModelVerdict => {
    const resolved = catalog.resolve(requested)
    const named = resolved ?? catalog.identify(requested)
    const routes = resolved?.routes ?? []
    return {
      id: named.id,
      refusedBy: allows(named, person)?.reason ?? null,
      upstreams: routes.map(route => ({ name: route.upstream, model: route.model })),
    }
  }
  return {
    person,
    policies: policies.policies.map(policy => policyVerdict(policy, person, { selected })),
    policy: selected?.index ?? null,
    base: selected?.baseIndex ?? null,
    settings: served?.document.settings ?? null,
    checksum: served?.document.checksum ?? null,
    desktop: desktopVerdict(policies.policies, selected),
    models: catalog.list().map(({ id }) => verdictOf(id)),
    asked: model === undefined ? null : verdictOf(model),
  }
}

function policyVerdict(
  policy: EffectivePolicy,
  person: Person,
  { selected }: { selected: EffectivePolicy | null },
): PolicyVerdict {
  const { index, match } = policy
  const base = selected?.baseIndex ?? null
  const facts = { index, match: matchText(policy), isBase: base === index }
  if (selected?.index === index) return { ...facts, verdict: 'selected' }
  if (!matchesGroups(match, person)) return { ...facts, verdict: 'not in its groups' }
  if (!matchesDomain(match, person)) return { ...facts, verdict: 'not in its domain' }
  return { ...facts, verdict: 'not reached' }
}

function matchText({ match: { groups, email_domain: domain } }: EffectivePolicy): string {
  const parts = [
    ...(groups === undefined ? [] : [`groups ${groups.join(' or ')}`]),
    ...(domain === undefined ? [] : [`addresses at ${domain}`]),
  ]
  return parts.join(' and ') || 'everybody'
}

function desktopVerdict(
  policies: readonly EffectivePolicy[],
  selected: EffectivePolicy | null,
): Explanation['desktop'] {
  if (policies.every(({ desktop }) => desktop === null)) return 'no policy opts in'
  if (selected === null) return 'no policy matches'
  return selected.desktop === null ? 'the policy does not opt in' : 'served'
}
