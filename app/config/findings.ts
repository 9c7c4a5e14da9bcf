// From what the schemas and rules found to what the report says: placed in the file, and without secrets.
import { z } from 'zod'
import { exampleFor } from './examples.ts'
import { nearest } from './nearest.ts'
import type { Finding, Path, Problem } from './problems.ts'
import type { UnfitParams } from './scalar.ts'
import { isSecretPath, spellSafely } from './secret-keys.ts'
import type { Node, ScalarNode, Tree } from './tree.ts'

const MAX_QUOTED = 60

/** The finding for a required key that the file does not give; `provider` is the upstream's, for a key of one. */
export function missing(path: Path, why?: string, provider?: string): Finding {
  const example = exampleFor(path, provider)
  const text = why === undefined ? 'missing.' : `missing: ${why}`
  return { path, at: 'parent', text, fix: example === undefined ? undefined : `add \`${example}\`.` }
}

/** The finding for a key that nobody knows; `known` are the keys that may stand beside it. */
export function unknownKey(path: Path, known: readonly string[]): Finding {
  const text = `${unknownText(path, known)} (Keys of reference versions up to 2.1.330 are known.)`
  return { path, at: 'key', text }
}

/** The same, for a file that is ours alone. */
export function unknownOwnKey(path: Path, known: readonly string[]): Finding {
  return { path, at: 'key', text: unknownText(path, known) }
}

function unknownText(path: Path, known: readonly string[]): string {
  const near = nearest(String(path.at(-1)), known)
  return near === null ? 'unknown key.' : `unknown key. Did you mean ${near}?`
}

/** Checks a section's value: what it parses to, or everything its schema found, with paths from the top of the file. */
export function checkSection<T>(
  section: string,
  schema: z.ZodType<T>,
  value: unknown,
  unknown: typeof unknownKey = unknownKey,
): { value: T; findings: readonly [] } | { value?: undefined; findings: Finding[] } {
  const known = new Map<string, readonly string[]>()
  const parsed = schema.safeParse(value, {
    jitless: true, // a schema that is used once is not worth compiling
    error: issue => {
      if (issue.inst instanceof z.ZodObject)
        known.set(String(issue.path ?? []), Object.keys(issue.inst.shape))
      return undefined
    },
  })
  if (parsed.success) return { value: parsed.data, findings: [] }
  return {
    findings: parsed.error.issues.flatMap(issue =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map(key =>
            unknown([section, ...plainPath(issue.path), key], known.get(String(issue.path)) ?? []),
          )
        : findingsOf(issue, section),
    ),
  }
}

function plainPath(path: readonly PropertyKey[]): Path {
  return path.map(part => (typeof part === 'number' ? part : String(part)))
}

function findingsOf(issue: z.core.$ZodIssue, section: string): Finding[] {
  const path = [section, ...plainPath(issue.path)]
  switch (issue.code) {
    case 'invalid_key':
      return [{ path, at: 'key', text: `${issue.issues[0]?.message ?? 'is no name'}.` }]
    case 'invalid_union':
      return [] // an upstream without a known provider: the rules for upstreams say which are known
    case 'custom': {
      const { needs, fix }: UnfitParams = issue.params ?? {}
      return [needs === undefined ? missing(path) : { path, needs, fix }]
    }
    case 'invalid_type':
      return [{ path, needs: issue.expected === 'array' ? 'a list' : 'a mapping' }]
    default:
      return [{ path, text: issue.message }]
  }
}

/** Places a finding in the file and words it; nothing secret or expanded is quoted (C-17). */
export function problemOf(finding: Finding, tree: Tree): Problem {
  const path = pathInFile(finding.path, tree)
  const node = tree.node(path)
  if ('needs' in finding && node === undefined) {
    const provider = tree.text(...path.slice(0, -1), 'provider')
    return problemOf(missing(path, undefined, provider), tree)
  }
  const said =
    'needs' in finding
      ? `${foundAt(node, path)}, needs ${finding.needs}.`
      : `${subject(finding, node, path)}${finding.text}`
  const { line, column } = tree.position(path, finding.at)
  const problem: Problem = { path: spellSafely(path) + origin(node), line, column, text: said }
  if (finding.fix !== undefined) problem.fix = finding.fix
  return problem
}

/** A single value may stand for a list of one: the file then knows no index. */
function pathInFile(path: Path, tree: Tree): Path {
  const parent = tree.node(path.slice(0, -1))
  return typeof path.at(-1) === 'number' && parent?.kind === 'scalar' ? path.slice(0, -1) : path
}

function subject(finding: Finding, node: Node | undefined, path: Path): string {
  if (!('found' in finding) || finding.found === undefined) return ''
  const isHidden = isSecretPath(path) || (node?.kind === 'scalar' && node.references.length > 0)
  return isHidden ? 'the value ' : `${quoted(finding.found)} `
}

function origin(node: Node | undefined): string {
  const references = node?.kind === 'scalar' ? [...new Set(node.references)] : []
  return references.length === 0 ? '' : ` (from ${references.join(', ').slice(0, 200)})`
}

function foundAt(node: Node | undefined, path: Path): string {
  if (node === undefined) return 'nothing'
  if (node.kind === 'map') return 'a mapping'
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list'
  if (typeof node.value !== 'string') return foundPlain(node, path)
  if (node.value === '') return 'an empty text'
  const count = [...node.value].length
  if (isSecretPath(path) || node.references.length > 0)
    return count === 1 ? '1 character' : `${count} characters`
  return quoted(node.value)
}

function foundPlain(node: ScalarNode, path: Path): string {
  const kind = typeof node.value === 'boolean' ? 'the boolean' : 'the number'
  return isSecretPath(path) ? kind.replace('the', 'a') : `${kind} ${node.source.slice(0, MAX_QUOTED)}`
}

/** A value of the file, cut, on one line, and without the user info of a URL. */
function quoted(value: string): string {
  const bare = value.replace(/\/\/[^/@]*@/g, '//')
  return JSON.stringify(bare.length > MAX_QUOTED ? `${bare.slice(0, MAX_QUOTED)}…` : bare)
}
