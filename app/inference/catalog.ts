import type { ModelsConfig } from '../config/models.ts'
import { BUILTIN_MODELS, type BuiltinModel } from './builtin-models.ts'
import { type ModelList, openModelList } from './model-list.ts'
import { builtinBehind, builtinFor, namesOf, withoutContextSuffix } from './model-names.ts'

/** A model as rules about models see it. */
export interface NamedModel {
  /** The one id that every spelling leads to: as `models` writes it, else the built-in's. */
  readonly id: string
  /** `id` and the built-ins that the model is or is mapped to: a rule on any of them holds for the model. */
  readonly names: readonly string[]
  /** What the operator has upstreams asked for instead, as `upstream_model` writes it; what is refused is looked for here too. */
  readonly sentAs: readonly string[]
}

/** A model that some upstream takes. */
export interface ResolvedModel extends NamedModel {
  /** The built-in that `id` spells; null for an id of the operator's own. */
  readonly builtin: BuiltinModel | null
  /** The upstreams that take it, in the order of the file, at least one. */
  readonly routes: readonly ModelRoute[]
}

interface ModelRoute {
  /** The upstream's name. */
  readonly upstream: string
  /** What this upstream calls the model. */
  readonly model: string
}

/** A model as `GET /v1/models` shows it. */
export interface ListedModel extends NamedModel {
  /** The operator's own name for it. */
  readonly label: string | undefined
  readonly displayName: string
  readonly description: string | undefined
  readonly maxInputTokens: number | null
}

/** What the catalog must know of an upstream. */
export interface CatalogUpstream {
  readonly name: string
  /** Its `models` list; undefined lets everything through. */
  readonly models: readonly string[] | undefined
  /** What the provider calls a built-in; null when it does not offer it. */
  defaultId(model: BuiltinModel): string | null
}

interface CatalogOptions {
  readonly models: ModelsConfig
  readonly autoIncludeBuiltins: boolean
  /** In the order of the file. */
  readonly upstreams: readonly CatalogUpstream[]
}

/** Which models exist, how they may be spelled, and which upstreams take each. */
export interface Catalog {
  /** The model that `requested` names; null when none is known or no upstream takes it. */
  resolve(requested: string): ResolvedModel | null
  /** What a rule about models must check for `requested`, whether or not anything resolves it. */
  identify(requested: string): NamedModel
  /** What some upstream takes: the configured models, then the built-in ones. */
  list(): readonly ListedModel[]
}

/** More spellings than clients use; beyond it the memory of resolved ids starts anew. */
const MAX_REMEMBERED = 1000

/** A model before the question which upstreams take it. */
interface Entry extends NamedModel {
  readonly builtin: BuiltinModel | null
  readonly upstreamModel: ReadonlyMap<string, string>
  readonly label: string | undefined
  readonly description: string | undefined
}

interface Lane {
  readonly upstream: CatalogUpstream
  readonly list: ModelList
}

/** Builds the tables once; afterwards a spelling seen before is one look-up. */
export function createCatalog(options: CatalogOptions): Catalog {
  const configured = options.models.map(configuredEntry)
  const find = finder(configured, options.autoIncludeBuiltins)
  const lanes = options.upstreams.map(upstream => ({ upstream, list: openModelList(upstream.models) }))
  const remembered = new Map<string, ResolvedModel>()

  const resolve = (requested: string): ResolvedModel | null => {
    const known = remembered.get(requested)
    if (known !== undefined) return known
    const entry = find(requested)
    if (entry === null) return null
    const routes = routesOf(entry, requested, lanes)
    if (routes.length === 0) return null
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    const { id, names, sentAs, builtin } = entry
    const resolved = { id, names, sentAs, builtin, routes }
    remembered.set(requested, resolved)
    return resolved
  }

  const builtins = options.autoIncludeBuiltins ? BUILTIN_MODELS.filter(({ role }) => role === 'catalog') : []
  const listed = listedModels([...configured, ...builtins.map(builtinEntry)], find, resolve)
  return { resolve, identify: requested => identify(requested, find), list: () => listed }
}

function configuredEntry({ id, label, description, upstream_model }: ModelsConfig[number]): Entry {
  const lower = id.toLowerCase()
  const builtin = builtinFor(withoutContextSuffix(lower) ?? lower)
  const sentAs = [...new Set(Object.values(upstream_model))]
  const mapped = sentAs.map(builtinBehind)
  const named = [builtin, ...mapped].filter(model => model !== null).map(model => model.id)
  const names = [...new Set([id, ...named])]
  const upstreamModel = new Map(Object.entries(upstream_model))
  return { id, names, sentAs, builtin, upstreamModel, label, description }
}

function builtinEntry(builtin: BuiltinModel): Entry {
  const { id } = builtin
  const noWords = { label: undefined, description: undefined }
  return { id, names: [id], sentAs: [], builtin, upstreamModel: new Map(), ...noWords }
}

/** The look-up of I-61: a configured id, then any spelling of a built-in; then both again without `[1m]`. */
function finder(configured: readonly Entry[], autoInclude: boolean): (requested: string) => Entry | null {
  const byId = new Map<string, Entry>()
  const byBuiltin = new Map<BuiltinModel, Entry>()
  for (const entry of configured) {
    const lower = entry.id.toLowerCase()
    if (!byId.has(lower)) byId.set(lower, entry)
    // An id with `[1m]` stands for itself only; other spellings of its model are not drawn to it.
    const spelled = builtinFor(lower)
    if (spelled !== null && !byBuiltin.has(spelled)) byBuiltin.set(spelled, entry)
  }
  if (autoInclude) {
    for (const model of BUILTIN_MODELS)
      if (model.role !== 'price_only' && !byBuiltin.has(model)) byBuiltin.set(model, builtinEntry(model))
  }
  const find = (id: string): Entry | null => {
    const literal = byId.get(id)
    if (literal !== undefined) return literal
    const builtin = builtinFor(id)
    return (builtin === null ? undefined : byBuiltin.get(builtin)) ?? null
  }
  return requested => {
    const lower = requested.toLowerCase()
    const base = withoutContextSuffix(lower)
    return find(lower) ?? (base === null ? null : find(base))
  }
}

function routesOf(entry: Entry, requested: string, lanes: readonly Lane[]): ModelRoute[] {
  const names = comparedNames(entry, requested)
  return lanes.flatMap(({ upstream, list }) => {
    if (!list(names)) return []
    const byDefault = entry.builtin === null ? null : upstream.defaultId(entry.builtin)
    const model = entry.upstreamModel.get(upstream.name) ?? byDefault
    return model === null ? [] : [{ upstream: upstream.name, model }]
  })
}

/** What upstream lists are compared with: what the client sent, and the names of a built-in. */
function comparedNames({ id, builtin }: Entry, requested: string): string[] {
  const sent = requested.toLowerCase()
  return [
    sent,
    withoutContextSuffix(sent) ?? sent,
    id.toLowerCase(),
    ...(builtin === null ? [] : namesOf(builtin)),
  ]
}

function identify(requested: string, find: (requested: string) => Entry | null): NamedModel {
  const entry = find(requested)
  if (entry !== null) return { id: entry.id, names: entry.names, sentAs: entry.sentAs }
  const lower = requested.toLowerCase()
  const builtin = builtinFor(withoutContextSuffix(lower) ?? lower)
  const id = builtin?.id ?? requested
  return { id, names: [id], sentAs: [] }
}

function listedModels(
  entries: readonly Entry[],
  find: (requested: string) => Entry | null,
  resolve: (requested: string) => ResolvedModel | null,
): ListedModel[] {
  // An entry that its own id does not lead to is a repeat of an earlier one.
  const reachable = entries.filter(entry => find(entry.id)?.id === entry.id && resolve(entry.id) !== null)
  const unique = new Map<string, Entry>()
  for (const entry of reachable) if (!unique.has(entry.id)) unique.set(entry.id, entry)
  return [...unique.values()].map(({ id, names, sentAs, builtin, label, description }) => ({
    ...{ id, names, sentAs },
    label,
    displayName: label ?? builtin?.displayName ?? id,
    description,
    maxInputTokens: builtin?.advertisedMaxInputTokens ?? null,
  }))
}
