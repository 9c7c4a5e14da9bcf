/** Reads an environment's settings file: frozen `Settings`, or every problem at once. The only reader of the environment. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readDocument } from '../app/config/document.ts'
import { decodeUtf8 } from '../app/config/expand.ts'
import { problemOf } from '../app/config/findings.ts'
import { readLocalFile } from '../app/config/local-file.ts'
import { type Finding, type Problem, problemReport } from '../app/config/problems.ts'
import { type MapNode, type ScalarNode, Tree } from '../app/config/tree.ts'
import { addressAt } from './cidr.ts'
import { connectionLimit } from './connections.ts'
import { checkKey, unread } from './settings-findings.ts'
import { SETTINGS_RULES } from './settings-rules.ts'
import { KEYS, type ParsedSettings } from './settings-schema.ts'

/** Everything the stack is made from, defaults and derived values filled in. Frozen to its leaves. */
export type Settings = Frozen<
  ParsedSettings & {
    /** The environment's name: of its files, its stack and its state. */
    env: string
    /** Where the state lies in `stateBucket`: `gatehouse/<env>`. */
    statePrefix: string
    /** The file's labels, and `app` and `env`. */
    labels: Record<string, string>
    /** The organisation's gateway.yaml, beside the settings file. */
    gatewayConfig: string
    network: { inboundResolver: boolean }
    database: {
      /** What the instance accepts: stated by `maxConnections`, else known from the tier. */
      connectionLimit: number
      /** Where Postgres answers in the VPC; only with `connectivity: psc`. */
      endpointAddress: string
    }
  }
>

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

/** The settings file cannot be used; the message is the whole report. */
export class SettingsError extends Error {
  readonly problems: readonly Problem[]

  constructor(file: string, problems: readonly Problem[]) {
    super(problemReport(file, problems).trimEnd())
    this.name = 'SettingsError'
    this.problems = problems
  }
}

/** Where the settings come from. */
export interface SettingsSource {
  /** The folder of the settings files. */
  folder: string
  /** `GATEHOUSE_ENV`, and what may replace keys of the file (G-2). The default is the process's environment. */
  variables?: Readonly<Record<string, string | undefined>>
}

const MAX_FILE_BYTES = 1_048_576

/** Which key a variable replaces, so that a pipeline needs no commit. */
const OVERRIDES: readonly {
  variable: string
  path: readonly [string] | readonly [string, string, string]
}[] = [
  { variable: 'GATEHOUSE_IMAGE', path: ['image'] },
  { variable: 'GATEHOUSE_PHASE', path: ['phase'] },
  { variable: 'GATEHOUSE_STABLE_REVISION', path: ['service', 'canary', 'stableRevision'] },
]

/** Reads `<folder>/<GATEHOUSE_ENV>.yaml`; without the variable, the environment `dev`. Throws a `SettingsError`. */
export function readSettings({ folder, variables = process.env }: SettingsSource): Settings {
  const env = variables['GATEHOUSE_ENV'] || 'dev'
  const file = `${env}.yaml`
  const known = environmentsIn(folder)
  if (!known.includes(env)) {
    const fix = `set it to one of ${known.join(', ')}, or write infra/environments/${file}.`
    const text = `GATEHOUSE_ENV names no environment.`
    throw new SettingsError(file, [{ path: '', line: 0, column: 0, text, fix }])
  }
  const read = readLocalFile(join(folder, file), MAX_FILE_BYTES)
  const text = read.kind === 'read' ? decodeUtf8(read.bytes) : null
  if (text === null) {
    const why = read.kind === 'read' ? 'is not UTF-8 text' : `cannot be read (${read.code})`
    throw new SettingsError(file, [{ path: '', line: 0, column: 0, text: `the file ${why}.` }])
  }
  return parseSettings(text, { env, variables })
}

/** Judges the text of `<env>.yaml`. */
export function parseSettings(
  text: string,
  { env, variables = {} }: { env: string; variables?: SettingsSource['variables'] },
): Settings {
  const document = readDocument(text)
  if (document.root === null) throw new SettingsError(`${env}.yaml`, document.problems)
  const tree = new Tree(withOverrides(document.root, variables ?? {}))
  const findings = tree
    .keys()
    .filter(key => !Object.hasOwn(KEYS, key))
    .map(key => unread([key], Object.keys(KEYS)))
  const parsed: Record<string, unknown> = {}
  for (const [key, schema] of Object.entries(KEYS)) {
    const checked = checkKey(key, schema, tree.plain(key))
    findings.push(...checked.findings)
    if (checked.findings.length === 0) parsed[key] = checked.value
  }
  const settings = parsed as Partial<ParsedSettings> // each value is its schema's output
  findings.push(...SETTINGS_RULES.flatMap(rule => rule(settings, tree)))
  const problems = [...document.problems, ...distinct(findings).map(finding => problemOf(finding, tree))]
  if (problems.length > 0) throw new SettingsError(`${env}.yaml`, problems)
  return frozen(completed(settings as ParsedSettings, env)) // no problem was found, so every key has its value
}

/** Fills in what depends on other keys. */
function completed(settings: ParsedSettings, env: string): Settings {
  const { labels, gatewayConfig, network, database } = settings
  return {
    ...settings,
    env,
    statePrefix: `gatehouse/${env}`,
    labels: { ...labels, app: settings.name, env },
    gatewayConfig: gatewayConfig ?? `${env}.gateway.yaml`,
    network: { ...network, inboundResolver: network.inboundResolver ?? network.mode === 'create' },
    database: {
      ...database,
      connectionLimit: connectionLimit(database) ?? 0, // the rules refuse a tier whose limit is not known
      endpointAddress: database.endpointAddress ?? addressAt(network.endpointsCidr, 5),
    },
  }
}

function environmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(file => /^[a-z][a-z0-9-]{0,30}\.yaml$/.test(file))
    .map(file => file.slice(0, -'.yaml'.length))
    .sort()
}

/** The tree with the variables' values in the place of the file's. An empty variable counts as unset. */
function withOverrides(root: MapNode, variables: Readonly<Record<string, string | undefined>>): MapNode {
  let result = root
  for (const { variable, path } of OVERRIDES) {
    const value = variables[variable]
    if (value) result = replaced(result, path, { value, variable })
  }
  return result
}

function replaced(
  node: MapNode,
  path: readonly string[],
  given: { value: string; variable: string },
): MapNode {
  const [key, ...rest] = path
  if (key === undefined) return node
  const at = node.entries.get(key)?.at ?? { line: 0, column: 0 }
  const child = node.entries.get(key)?.node
  const empty: MapNode = { kind: 'map', at, entries: new Map() }
  const leaf: ScalarNode = {
    kind: 'scalar',
    at,
    value: given.value,
    source: given.value,
    references: [`\${${given.variable}}`],
    isKnown: true,
  }
  const next = rest.length === 0 ? leaf : replaced(child?.kind === 'map' ? child : empty, rest, given)
  return { ...node, entries: new Map(node.entries).set(key, { at, node: next }) }
}

/** A rule and a schema may see the same fault. */
function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map(finding => [JSON.stringify(finding), finding])).values()]
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part)
    Object.freeze(value)
  }
  return value
}
