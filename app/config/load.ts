/** Reads gateway.yaml: a valid configuration, or every problem at once. */
import { createHash } from 'node:crypto'
import { type Config, RULES, SECTIONS } from './config.ts'
import { readDocument } from './document.ts'
import { decodeUtf8, type Expansion, expandReferences, type ReadFile, type SecretAnswer } from './expand.ts'
import { checkSection, problemOf, unknownKey } from './findings.ts'
import { proxyProblems } from './forward-proxies.ts'
import { completeListen } from './listen.ts'
import { secretValues } from './policy-warnings.ts'
import { type Finding, inFileOrder, type Problem } from './problems.ts'
import type { Facts } from './rule.ts'
import { keepSourceText } from './source-text.ts'
import { scalarsOf, Tree } from './tree.ts'
import { configWarnings } from './warnings.ts'

/** What a file is judged with. */
export interface ParseOptions extends Facts {
  /** An undefined variable is a warning, and its key is skipped; only for `--check`. */
  allowUnset?: boolean
  /** What became of `${secret:…}` by resource name, once they were asked for. */
  secrets?: ReadonlyMap<string, SecretAnswer>
}

/** How many references of each kind a file holds. */
export type ReferenceCounts = Expansion['counts']

/** What became of a file. */
export type ConfigResult = {
  warnings: readonly Problem[]
  references: ReferenceCounts
} /** `secretValues` are texts of the file that a secret variable stands in. */ & (
  | { kind: 'loaded'; config: Config; secretValues: readonly string[] }
  /** No problem was found, but values are unknown: variables that are not set, or secrets not resolved. */
  | { kind: 'incomplete'; unresolvedSecrets: readonly string[] }
  | { kind: 'refused'; problems: readonly Problem[] }
)

/** A result with the file's identity; `sha256` is of its bytes, or null when it could not be read. */
export type LoadedConfig = ConfigResult & { path: string; sha256: string | null }

const MAX_FILE_BYTES = 1_048_576
const NO_REFERENCES: ReferenceCounts = { env: 0, file: 0, secret: 0 }

/** Reads and judges the file at `path`. */
export function loadConfig(options: ParseOptions & { path: string; readFile: ReadFile }): LoadedConfig {
  const { path } = options
  const read = options.readFile(path, MAX_FILE_BYTES)
  if (read.kind === 'failed') {
    const text = `${path} cannot be read (${read.code}).`
    return {
      ...refusedWhole(text, 'give --config the path of a YAML file of at most 1 MiB.'),
      path,
      sha256: null,
    }
  }
  const sha256 = createHash('sha256').update(read.bytes).digest('hex')
  const text = decodeUtf8(read.bytes)
  if (text === null)
    return { ...refusedWhole('the file is not UTF-8 text.', 'save it as UTF-8.'), path, sha256 }
  return { ...parseConfigText(text, options), path, sha256 }
}

/** Judges the text of a file. */
export function parseConfigText(text: string, options: ParseOptions): ConfigResult {
  const document = readDocument(text)
  if (document.root === null) {
    return {
      kind: 'refused',
      problems: inFileOrder(document.problems),
      warnings: [],
      references: NO_REFERENCES,
    }
  }
  const { allowUnset = false, secrets = new Map<string, SecretAnswer>(), environment, readFile } = options
  const expansion = expandReferences(document.root, {
    variable: environment.variable,
    readFile,
    secrets,
    allowUnset,
  })
  const typed = keepSourceText(expansion.root)
  const tree = new Tree(typed.root)
  const checked = checkSections(tree)
  const judged = [...checked.findings, ...RULES.flatMap(rule => rule(tree, options))]
  const findings = judged.filter(finding => !concernsUnknown(finding, tree))
  const problems = distinct([
    ...proxyProblems(options).map(atNoPlace),
    ...document.problems,
    ...[...expansion.problems, ...findings].map(finding => problemOf(finding, tree)),
  ])
  const references = expansion.counts
  if (problems.length > 0) return { kind: 'refused', problems, warnings: [], references }
  const isComplete = [...scalarsOf(tree.root)].every(({ node }) => node.isKnown)
  const config = isComplete ? completed(checked.sections, options) : null
  const warned = [
    ...expansion.warnings,
    ...typed.warnings,
    ...configWarnings(tree, options),
    ...(config === null ? [] : options.judgePolicies(config)),
  ]
  const warnings = [
    ...environmentWarnings(options),
    ...distinct(warned.map(finding => problemOf(finding, tree))),
  ]
  if (config === null)
    return { kind: 'incomplete', unresolvedSecrets: expansion.unresolvedSecrets, warnings, references }
  return { kind: 'loaded', config, secretValues: secretValues(tree), warnings, references }
}

/** The audit event of a start (C-37); null when the file could not be read. */
export function configLoadEvent(result: LoadedConfig, version: string) {
  if (result.sha256 === null) return null
  return {
    evt: 'config.load' as const,
    path: result.path,
    sha256: result.sha256,
    result: result.kind === 'refused' ? ('fail' as const) : ('success' as const),
    problems: result.kind === 'refused' ? result.problems.length : 0,
    version,
    secrets: result.references,
  }
}

type Sections = { [Name in keyof typeof SECTIONS]: (typeof SECTIONS)[Name]['_zod']['output'] }

/** Every section by itself, so that a fault in one hides none in another. */
function checkSections(tree: Tree): { sections: Partial<Sections>; findings: Finding[] } {
  const names = Object.keys(SECTIONS)
  const findings = tree
    .keys()
    .filter(key => !names.includes(key))
    .map(key => unknownKey([key], names))
  const sections: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(SECTIONS)) {
    const result = checkSection<unknown>(name, schema, tree.plain(name))
    findings.push(...result.findings)
    sections[name] = result.value
  }
  return { sections, findings } as { sections: Partial<Sections>; findings: Finding[] } // each value is its schema's output
}

/** Called when no problem was found: every section that must be there is. */
function completed(sections: Partial<Sections>, facts: Facts): Config {
  const { listen, ...rest } = sections as Sections // no problem was found, so every schema answered a value
  return { ...rest, listen: completeListen(listen, facts) }
}

/** What stands at or below an unknown value cannot be judged, nor the shape of what holds one. */
function concernsUnknown(finding: Finding, tree: Tree): boolean {
  const isBelow = finding.path.some((_, index) => {
    const node = tree.node(finding.path.slice(0, index + 1))
    return node?.kind === 'scalar' && !node.isKnown
  })
  const node = 'needs' in finding ? tree.node(finding.path) : undefined
  return isBelow || (node !== undefined && [...scalarsOf(node)].some(scalar => !scalar.node.isKnown))
}

function distinct(problems: readonly Problem[]): Problem[] {
  const byText = new Map(
    problems.map(problem => [JSON.stringify([problem.path, problem.line, problem.text]), problem]),
  )
  return inFileOrder([...byText.values()])
}

function environmentWarnings(facts: Facts): Problem[] {
  return facts.environment.warnings.map(atNoPlace)
}

/** What is said of the environment stands in no line of the file. */
function atNoPlace(text: string): Problem {
  return { path: '', line: 0, column: 0, text }
}

function refusedWhole(text: string, fix: string): ConfigResult {
  const problem: Problem = { path: '', line: 0, column: 0, text, fix }
  return { kind: 'refused', problems: [problem], warnings: [], references: NO_REFERENCES }
}
