// What a valid file's policies will do that their author may not expect: one warning each, with the fix (P-22).
import type { JsonObject } from '../config/cli-settings.ts'
import type { Config } from '../config/config.ts'
import type { Finding, Path } from '../config/problems.ts'
import { BUILTIN_MODELS } from '../inference/builtin-models.ts'
import type { Catalog, NamedModel } from '../inference/catalog.ts'
import { builtinBehind, familiesMentionedIn } from '../inference/model-names.ts'
import { openCatalog } from '../inference/open-catalog.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import { isCatchAll } from './matcher.ts'
import { blocks, readEntry } from './model-entry.ts'
import { type ModelRule, modelRule } from './model-rule.ts'
import { openPolicies } from './policy-set.ts'

/** What the client's alias `opus` resolves to in a session of a gateway, and a session starts with (2.1.330). */
const START_MODEL = 'claude-opus-4-7'

/** Every warning about `managed.policies` that needs the merged policies or the model catalog. */
export function policyWarnings(config: Config): Finding[] {
  if (config.managed === undefined || config.managed.policies.length === 0) return []
  const catalog = openCatalog(config)
  const { policies } = openPolicies(config, catalog)
  const facts: Facts = {
    config,
    catalog,
    models: requestable(catalog),
    startModel: config.gatehouse.policy.client_start_model ?? START_MODEL,
    // What the file says is not repeated: a variable may have said it.
    startModelName:
      config.gatehouse.policy.client_start_model !== undefined
        ? 'gatehouse.policy.client_start_model'
        : START_MODEL,
  }
  return [
    ...orderWarnings(policies),
    ...policies.flatMap(policy => listWarnings(policy, facts)),
    ...policies.flatMap(policy => startWarnings(policy, facts)),
    ...opaqueWarnings(policies, facts),
    ...desktopWarning(policies),
  ]
}

interface Facts {
  readonly config: Config
  readonly catalog: Catalog
  /** Everything that somebody could ask for. */
  readonly models: readonly NamedModel[]
  readonly startModel: string
  /** How messages call it. */
  readonly startModelName: string
}

function requestable(catalog: Catalog): NamedModel[] {
  const hidden = BUILTIN_MODELS.filter(({ role }) => role === 'hidden').map(({ id }) => catalog.resolve(id))
  return [...catalog.list(), ...hidden.filter(model => model !== null)]
}

function orderWarnings(policies: readonly EffectivePolicy[]): Finding[] {
  const first = policies.findIndex(({ match }) => isCatchAll(match))
  if (first === -1) return []
  const second = policies.findIndex(({ match }, index) => index > first && isCatchAll(match))
  const findings: Finding[] = []
  if (second !== -1) {
    const text = `can never match, and is not the base: policy ${first} matches everybody already.`
    findings.push({ path: matchPath(second), text, fix: 'merge the two.' })
  }
  if (first < policies.length - 1) {
    const text = `matches everybody, so the policies after policy ${first} can never match.`
    findings.push({
      path: matchPath(first),
      text,
      fix: 'move it to the end: it is the base wherever it stands.',
    })
  }
  return findings
}

function listWarnings(policy: EffectivePolicy, facts: Facts): Finding[] {
  const findings: Finding[] = []
  if (ownTexts(policy, 'availableModels', facts)?.length === 0) {
    const text = 'is empty: it denies every model.'
    findings.push({ path: pathOf(policy, 'availableModels', facts), text, fix: 'list models, or remove it.' })
  }
  // An inherited list is judged where it stands.
  if (!setsItself(policy, 'availableModels', facts) && !setsItself(policy, 'deniedModels', facts))
    return findings
  const match = policy.settings['availableModelsMatch'] ?? 'prefix'
  for (const [index, entry] of (ownTexts(policy, 'availableModels', facts) ?? []).entries()) {
    const rule = modelRule({ availableModels: [entry], availableModelsMatch: match })
    if (facts.models.some(model => rule(model) === null)) continue
    const path = [...pathOf(policy, 'availableModels', facts), index]
    findings.push({ path, found: entry, text: 'allows no model that can be requested.', fix: SPELL })
  }
  for (const [index, entry] of (ownTexts(policy, 'deniedModels', facts) ?? []).entries()) {
    const rule = modelRule({ deniedModels: [entry] })
    if (facts.models.some(model => rule(model) !== null)) continue
    const path = [...pathOf(policy, 'deniedModels', facts), index]
    findings.push({ path, found: entry, text: 'blocks no model that can be requested.', fix: SPELL })
  }
  return findings
}

const SPELL = 'write a family (opus), a version (claude-opus-4-8), or an id of models.'

/** Whether a session can start, and what runs beside it. */
function startWarnings(policy: EffectivePolicy, facts: Facts): Finding[] {
  const { settings } = policy
  const available = textsOf(settings, 'availableModels')
  const rule = modelRule(settings)
  const refusal = (id: string) => rule(facts.catalog.resolve(id) ?? facts.catalog.identify(id))?.key ?? null
  const chosen = typeof settings['model'] === 'string' ? settings['model'] : null
  const at = (key: string): Path => pathOf(policy, key, facts)
  const findings: Finding[] = []
  const refusing = chosen === null ? null : refusalOfChosen(chosen, { rule, facts, refusal })
  if (refusing !== null) {
    const text = `policy ${policy.index} starts sessions with a model that its ${refusing} refuses.`
    findings.push({ path: at('model'), text, fix: 'name an allowed model.' })
  }
  if (available === undefined || available.length === 0) return findings
  const isEnforced = settings['enforceAvailableModels'] === true
  if (chosen === null && !isEnforced && refusal(facts.startModel) !== null) {
    const text = `policy ${policy.index} leaves out ${facts.startModelName}, which sessions start with: every new session fails.`
    const fix = 'set model to an allowed one, or enforceAvailableModels: true.'
    findings.push({ path: at('availableModels'), text, fix })
  }
  if (chosen === null && isEnforced && available.every(entry => isOperatorsOwn(entry, facts))) {
    const text = `policy ${policy.index} allows ids of the operator's own only: Default has nothing to resolve to.`
    findings.push({ path: at('availableModels'), text, fix: 'set model to a listed id.' })
  }
  if (!facts.models.some(model => isHaiku(model) && rule(model) === null)) {
    const text =
      `policy ${policy.index} leaves out every Haiku: clients run background requests on the session's model then, ` +
      'at its price.'
    findings.push({ path: at('availableModels'), text, fix: 'add haiku, or expect the price.' })
  }
  return findings
}

type Refusing = (id: string) => 'availableModels' | 'deniedModels' | null

/** What `model` starts is refused: the id, or every model of the family that it names; other words are the client's. */
function refusalOfChosen(
  chosen: string,
  { rule, facts, refusal }: { rule: ModelRule; facts: Facts; refusal: Refusing },
): ReturnType<Refusing> {
  const entry = readEntry(chosen)
  if (entry.kind === 'alias') return null
  if (entry.kind === 'name') return refusal(chosen)
  const members = facts.models.filter(model => blocks(entry, model))
  return members.every(model => rule(model) !== null) ? (members.map(rule)[0]?.key ?? null) : null
}

/** A deny-list cannot see through an id that only the upstream understands. */
function opaqueWarnings(policies: readonly EffectivePolicy[], { config }: Facts): Finding[] {
  if (!policies.some(({ settings }) => textsOf(settings, 'deniedModels')?.length)) return []
  const text = 'names no Claude model: deniedModels sees nothing of this model but its id.'
  const fix = 'deny the id itself where it must be denied.'
  return config.models.flatMap(({ id, upstream_model }, index) =>
    Object.entries(upstream_model)
      .filter(([, sent]) => builtinBehind(sent) === null && familiesMentionedIn(sent).length === 0)
      .filter(() => !policies.every(({ settings }) => textsOf(settings, 'deniedModels')?.includes(id)))
      .map(([upstream]) => ({ path: ['models', index, 'upstream_model', upstream], text, fix })),
  )
}

function desktopWarning(policies: readonly EffectivePolicy[]): Finding[] {
  if (policies.some(({ desktop }) => desktop !== null)) return []
  const text = 'has no policy with desktop: Claude Desktop will be refused.'
  return [
    { path: ['managed', 'policies'], text, fix: 'add `desktop: {}` to the policies of those who use it.' },
  ]
}

function isOperatorsOwn(entry: string, { config }: Facts): boolean {
  const read = readEntry(entry)
  const ids = config.models.map(({ id }) => id.toLowerCase())
  return read.kind === 'name' && read.builtin === null && ids.includes(read.literal)
}

function isHaiku({ names }: NamedModel): boolean {
  return names.some(name => name.toLowerCase().split('-').includes('haiku'))
}

function textsOf(settings: JsonObject, key: string): string[] | undefined {
  const value = settings[key]
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : undefined
}

const BLOCKS = ['code', 'cli', 'settings'] as const

function blockOf(index: number, { config }: Facts): (typeof BLOCKS)[number] | undefined {
  const policy = config.managed?.policies[index]
  return BLOCKS.find(block => policy?.[block] !== undefined)
}

function ownTexts(policy: EffectivePolicy, key: string, facts: Facts): string[] | undefined {
  const block = blockOf(policy.index, facts)
  const settings = block === undefined ? undefined : facts.config.managed?.policies[policy.index]?.[block]
  return settings === undefined ? undefined : textsOf(settings, key)
}

function setsItself(policy: EffectivePolicy, key: string, facts: Facts): boolean {
  return ownTexts(policy, key, facts) !== undefined
}

/** Where the value stands: in the policy itself, else in its base. */
function pathOf(policy: EffectivePolicy, key: string, facts: Facts): Path {
  const candidates = [policy.index, ...(policy.baseIndex === null ? [] : [policy.baseIndex])]
  for (const index of candidates) {
    const block = blockOf(index, facts)
    const settings = block === undefined ? undefined : facts.config.managed?.policies[index]?.[block]
    if (block !== undefined && settings !== undefined && Object.hasOwn(settings, key)) {
      return ['managed', 'policies', index, block, key]
    }
  }
  return ['managed', 'policies', policy.index]
}

function matchPath(index: number): Path {
  return ['managed', 'policies', index, 'match']
}
