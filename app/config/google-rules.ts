// The Google group lookup: one way to it (C-27), and the keys that each mode needs.
import { missing } from './findings.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import type { Tree } from './tree.ts'

const BLOCK: Path = ['gatehouse', 'google_groups']

/** Key by key: the modes that need it, and the modes that refuse it. */
const MODES: readonly { key: string; needed: readonly string[]; refused: readonly string[] }[] = [
  { key: 'admin_email', needed: ['keyless_delegation', 'key_file'], refused: ['service_account_role'] },
  { key: 'key_path', needed: ['key_file'], refused: ['service_account_role', 'keyless_delegation'] },
  { key: 'service_account', needed: [], refused: ['key_file'] },
]

export const googleRules: Rule = tree => {
  if (!tree.has(...BLOCK)) return []
  const findings: Finding[] = []
  if (tree.has('oidc', 'google_groups')) {
    const text = 'two sources of one truth: oidc.google_groups and gatehouse.google_groups.'
    findings.push({ path: BLOCK, at: 'key', text, fix: 'remove one of them.' })
  }
  if (tree.has(...BLOCK, 'nested') && tree.has(...BLOCK, 'membership')) {
    const text = 'is the short form of membership, and both are given.'
    findings.push({ path: [...BLOCK, 'nested'], at: 'key', text, fix: 'remove it.' })
  }
  findings.push(...checkFindings(tree))
  const mode = tree.text(...BLOCK, 'mode')
  if (mode === undefined) return findings
  for (const { key, needed, refused } of MODES) {
    const path = [...BLOCK, key]
    if (tree.has(...path) && refused.includes(mode)) {
      findings.push({
        path,
        at: 'key',
        text: `is not used with mode ${mode}.`,
        fix: 'remove it, or choose another mode.',
      })
    }
    if (!tree.has(...path) && needed.includes(mode)) findings.push(missing(path, `mode ${mode} needs it.`))
  }
  return findings
}

/** The membership `check` asks about each group that the file names: so many requests for one person. */
const MAX_CHECKED = 100

function checkFindings(tree: Tree): Finding[] {
  if (tree.text(...BLOCK, 'membership') !== 'check') return []
  const path = [...BLOCK, 'membership']
  const names = new Set(namedGroups(tree).map(({ value }) => value))
  if (names.size === 0) {
    return [{ path, text: 'check asks about no group: the file names none.', fix: 'choose direct.' }]
  }
  if (names.size <= MAX_CHECKED) return []
  const text = `check would ask about ${names.size} groups for each person; at most ${MAX_CHECKED} are.`
  return [{ path, text, fix: 'choose auto.' }]
}

/** Every group that the file names, with its place. */
export function namedGroups(tree: Tree): { value: string; path: Path }[] {
  return [
    ...tree.texts('oidc', 'allowed_groups'),
    ...tree.texts('admin', 'admin_groups'),
    ...tree.items('managed', 'policies').flatMap(policy => tree.texts(...policy, 'match', 'groups')),
  ]
}
