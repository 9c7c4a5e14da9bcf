// Policies that are valid, and will not do what their author may expect; what needs no model catalog.
import { desktopWarnings } from './desktop-overlay.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import { scalarsOf, type Tree } from './tree.ts'

const BLOCKS = ['code', 'cli', 'settings'] as const

/** Settings that a client takes from elsewhere, or that may lock its user out (P-20). */
const OUT_OF_PLACE: Readonly<Record<string, { text: string; fix: string }>> = {
  ...rows(['forceLoginGatewayUrl', 'policyHelper', 'wslInheritsWindowsSettings'], {
    text: 'is ignored by Claude Code when it comes from a gateway.',
    fix: 'set it on the machine.',
  }),
  ...rows(['forceLoginMethod', 'forceLoginOrgUUID'], {
    text: 'can lock people out of Claude Code at its start.',
    fix: 'set it on the machine, where it is needed at all.',
  }),
  ...rows(['gatewayInternalNetworks', 'allowedProviders'], {
    text: 'belongs in the managed settings on the machine.',
    fix: 'set it there.',
  }),
}

/** Everything to be told about the policies as they are written. */
export const writtenPolicyWarnings: Rule = tree => {
  const policies = tree.items('managed', 'policies')
  const findings: Finding[] = []
  if (tree.has('managed', 'policies') && policies.length === 0) {
    findings.push({ path: ['managed', 'policies'], text: 'is empty: nobody gets any settings.' })
  }
  return [
    ...findings,
    ...policies.flatMap(policy => [
      ...desktopWarnings(tree.plain(...policy, 'desktop'), [...policy, 'desktop']),
      ...blockWarnings(tree, policy),
      ...desktopBlockWarnings(tree, policy),
      ...BLOCKS.flatMap(block => settingWarnings(tree, [...policy, block])),
    ]),
    ...codeWarning(tree, policies),
    ...secretWarnings(tree),
  ]
}

function blockWarnings(tree: Tree, policy: Path): Finding[] {
  const findings: Finding[] = []
  const hasCli = tree.has(...policy, 'cli')
  const older = hasCli ? 'cli' : 'settings'
  if (hasCli && tree.has(...policy, 'settings')) {
    const fix = 'move its keys into cli.'
    findings.push({ path: [...policy, 'settings'], at: 'key', text: 'is ignored beside cli.', fix })
  }
  const isSilenced = tree.has(...policy, 'serve_to_desktop')
  if (tree.has(...policy, 'desktop') && tree.has(...policy, older) && !isSilenced) {
    const text =
      'does not reach the Code tab of Claude Desktop; code would, and so does serve_to_desktop: true.'
    findings.push({ path: [...policy, older], at: 'key', text })
  }
  if (isSilenced && tree.has(...policy, 'code')) {
    const path = [...policy, 'serve_to_desktop']
    findings.push({ path, at: 'key', text: 'has no effect beside code.', fix: 'remove it.' })
  }
  return findings
}

function desktopBlockWarnings(tree: Tree, policy: Path): Finding[] {
  const path = [...policy, 'desktop']
  if (!tree.has(...path)) return []
  const findings: Finding[] = []
  if (!tree.has(...path, 'chatTabEnabled')) {
    const text = 'does not say chatTabEnabled: the Chat tab stays off, whatever the machine says.'
    findings.push({ path, at: 'key', text, fix: 'set chatTabEnabled to true or false.' })
  }
  if (tree.has(...path, 'banner') && tree.flag(...path, 'banner', 'enabled') !== true) {
    const text = 'shows nowhere without enabled: true.'
    findings.push({ path: [...path, 'banner'], text, fix: 'add it.' })
  }
  return findings
}

function settingWarnings(tree: Tree, block: Path): Finding[] {
  const misplaced = tree.keys(...block).flatMap((key): Finding[] => {
    const row = Object.hasOwn(OUT_OF_PLACE, key) ? OUT_OF_PLACE[key] : undefined
    return row === undefined ? [] : [{ path: [...block, key], at: 'key', ...row }]
  })
  const endpoint = [...block, 'env', 'OTEL_EXPORTER_OTLP_ENDPOINT']
  if (!tree.has('telemetry') || !tree.has(...endpoint)) return misplaced
  const text = 'sends telemetry of these users past the gateway: the relay sees nothing of it.'
  return [...misplaced, { path: endpoint, at: 'key', text }]
}

/** One line: what the file cannot arrange. */
function codeWarning(tree: Tree, policies: readonly Path[]): Finding[] {
  const first = policies.find(policy => tree.has(...policy, 'code') && tree.has(...policy, 'desktop'))
  if (first === undefined) return []
  const text =
    'reaches the Code tab of Claude Desktop only where the managed settings on the machine name this gateway, ' +
    'and it is reached by https on a private network.'
  return [{ path: [...first, 'code'], at: 'key', text }]
}

/** What is delivered to machines is no secret any more (P-21). */
function secretWarnings(tree: Tree): Finding[] {
  return [...scalarsOf(tree.root)]
    .filter(({ path, node }) => isDelivered(path) && node.references.some(isSecretReference))
    .map(({ path }) => ({
      path,
      text: 'is delivered in clear text to the machine of everybody whom the policy matches.',
      fix: 'give the machines a helper that fetches it, or a value that may be known.',
    }))
}

function isDelivered(path: Path): boolean {
  return path[0] === 'managed' && path.slice(4).some(part => part === 'env' || part === 'headers')
}

function isSecretReference(reference: string): boolean {
  return /^\$\{secret:/.test(reference) || /(KEY|TOKEN|SECRET|PASSWORD)\}?$/i.test(reference)
}

function rows<T>(keys: readonly string[], row: T): Record<string, T> {
  return Object.fromEntries(keys.map(key => [key, row]))
}
