// What one person gets from a configuration, and why.
import type { JsonObject } from '../config/cli-settings.ts'
import type { Config } from '../config/config.ts'
import type { RoutingConfig } from '../config/routing.ts'
import type { Identity } from '../identity/identity.ts'
import { openCatalog } from '../inference/open-catalog.ts'
import type { EffectivePolicy } from '../managed/effective-policy.ts'
import { matchesDomain, matchesGroups } from '../managed/matcher.ts'
import { openPolicies } from '../managed/policy-set.ts'
import { type AskedModel, askedModels, type ModelVerdict, verdictOf } from './model-verdict.ts'
import { type PriceRow, priceRows } from './price-row.ts'
import { shownSettings } from './shown-settings.ts'
import { type SpendRead, type SpendReport, spendReport } from './spend-report.ts'

/** The person: as much of an identity as policies look at. */
export type Person = Pick<Identity, 'sub' | 'email' | 'groups'>

/** Why a policy is, or is not, the person's. */
export interface PolicyVerdict {
  readonly index: number
  /** Its matcher as a sentence would say it. */
  readonly match: string
  readonly verdict: 'selected' | 'not reached' | 'not in its groups' | 'not in its domain'
  /** A group of the person's that differs from one of the policy's in its case only: groups are compared exactly. */
  readonly nearMiss: string | null
  readonly isBase: boolean
}

/** Everything that the gateway would decide about the person. */
export interface Explanation {
  readonly person: Person
  readonly policies: readonly PolicyVerdict[]
  /** The position of the selected policy; null when none matches. */
  readonly policy: number | null
  readonly base: number | null
  /** The document as `/managed/settings` serves it, without secrets; null for 404. */
  readonly settings: JsonObject | null
  /** Of the document as it is served. */
  readonly checksum: string | null
  readonly desktop: 'served' | 'no policy opts in' | 'the policy does not opt in' | 'no policy matches'
  readonly models: readonly ModelVerdict[]
  /** How upstreams are chosen among; null where there is one. Which are set aside only each replica knows. */
  readonly routing: RoutingConfig | null
  /** The models that were asked about; empty when none was. */
  readonly asked: readonly AskedModel[]
  /** What is listed and what was asked about, on each upstream that takes it. */
  readonly prices: readonly PriceRow[]
  readonly spend: SpendReport
}

export interface Question {
  readonly person: Person
  /** A model that is asked about, in any spelling, or the word of a family. */
  readonly model?: string | undefined
  /** What must not be shown, wherever it stands. */
  readonly secretValues: readonly string[]
  /** Null, the default, where the store was not asked. */
  readonly spend?: SpendRead | null
}

/** Explains what a person gets. */
export function explain(
  config: Config,
  { person, model, secretValues, spend = null }: Question,
): Explanation {
  const catalog = openCatalog(config)
  const policies = openPolicies(config, catalog)
  const selected = policies.select(person)
  const served = policies.served(person)
  const { unmatched } = config.gatehouse.policy
  const options = { catalog, policies, written: config.managed?.policies ?? [], selected, unmatched }
  const models = catalog.list().map(({ id }) => verdictOf(id, options))
  const asked = model === undefined ? [] : askedModels(model, options)
  const named = [...new Set([...asked, ...models].map(({ id }) => id))]
  return {
    person,
    policies: policies.policies.map(policy => policyVerdict(policy, person, selected)),
    policy: selected?.index ?? null,
    base: selected?.baseIndex ?? null,
    settings: served === null ? null : shownSettings(served.document.settings, secretValues),
    checksum: served?.document.checksum ?? null,
    desktop: desktopVerdict(policies.policies, selected),
    models,
    routing: config.upstreams.length > 1 ? config.gatehouse.routing : null,
    asked,
    prices: priceRows(config, catalog, named),
    spend: spendReport(config.admin, spend),
  }
}

function policyVerdict(
  policy: EffectivePolicy,
  person: Person,
  selected: EffectivePolicy | null,
): PolicyVerdict {
  const { index, match } = policy
  const isBase = selected !== null && selected.baseIndex === index
  const facts = { index, match: matchText(policy), nearMiss: null, isBase }
  if (selected?.index === index) return { ...facts, verdict: 'selected' }
  if (!matchesGroups(match, person))
    return { ...facts, nearMiss: nearMissOf(policy, person), verdict: 'not in its groups' }
  if (!matchesDomain(match, person)) return { ...facts, verdict: 'not in its domain' }
  return { ...facts, verdict: 'not reached' }
}

function nearMissOf({ match }: EffectivePolicy, { groups = [] }: Person): string | null {
  const wanted = new Set(match.groups?.map(group => group.toLowerCase()))
  return groups.find(group => wanted.has(group.trim().toLowerCase())) ?? null
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
