// From what a key's schema found to findings of a settings file, in the words of that file.
import { z } from 'zod'
import { nearest } from '../app/config/nearest.ts'
import type { Finding, Path } from '../app/config/problems.ts'
import type { UnfitParams } from '../app/config/scalar.ts'

/** What to write for a key that a file must give. */
const EXAMPLES: Readonly<Record<string, string>> = {
  project: 'project: my-project',
  projectNumber: 'projectNumber: "123456789012"',
  region: 'region: europe-west1',
  stateBucket: 'stateBucket: my-project-gatehouse-state',
  oidc: 'oidc: { clientId: 1234-abcd.apps.googleusercontent.com, allowedEmailDomains: [example.com] }',
  'oidc.clientId': 'clientId: 1234-abcd.apps.googleusercontent.com',
  'oidc.allowedEmailDomains': 'allowedEmailDomains: [example.com]',
  'frontend.host': 'host: claude.example.com',
}

/** The finding for a key that the file must give. */
export function absent(path: Path, why?: string): Finding {
  const example = EXAMPLES[path.join('.')]
  const text = why === undefined ? 'missing.' : `missing: ${why}`
  return { path, at: 'parent', text, fix: example === undefined ? undefined : `add \`${example}\`.` }
}

/** The finding for a key that nobody reads; `known` are the keys that may stand beside it. */
export function unread(path: Path, known: readonly string[]): Finding {
  const near = nearest(String(path.at(-1)), known)
  const fix = near === null ? 'remove it; infra/README.md lists the keys.' : `did you mean ${near}?`
  return { path, at: 'key', text: 'unknown key.', fix }
}

/** Checks the value of one key at the top: what it parses to, or everything that is wrong below it. */
export function checkKey(
  key: string,
  schema: z.ZodType,
  value: unknown,
): { value: unknown; findings: readonly Finding[] } {
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
  const findings = parsed.error.issues.flatMap(issue =>
    findingsOf(issue, key, known.get(String(issue.path)) ?? []),
  )
  return { value: undefined, findings }
}

function findingsOf(issue: z.core.$ZodIssue, key: string, known: readonly string[]): Finding[] {
  const path = [key, ...issue.path.map(part => (typeof part === 'number' ? part : String(part)))]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(name => unread([...path, name], known))
    case 'invalid_key':
      return [{ path, at: 'key', text: `${issue.issues[0]?.message ?? 'is no name'}.` }]
    case 'invalid_union':
      return [{ path: [...path, 'kind'], needs: 'managed, private-ca or existing' }]
    case 'custom': {
      const { needs, fix }: UnfitParams = issue.params ?? {}
      return [needs === undefined ? absent(path) : { path, needs, fix }]
    }
    case 'invalid_type':
      return [issue.input === undefined ? absent(path) : { path, needs: wanted(issue.expected) }]
    default:
      return [{ path, text: issue.message }]
  }
}

function wanted(expected: string): string {
  return expected === 'array' ? 'a list' : 'a mapping'
}
