// The Google group lookup: one way to it (C-27), and the keys that each mode needs.
import { missing } from './findings.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'

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
