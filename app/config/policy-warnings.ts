// Policies that are valid, and will not do what their author may expect; what needs no model catalog.
import { servedUnknown } from './cli-settings.ts'
import { desktopWarnings } from './desktop-overlay.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import { scalarsOf, type Tree } from './tree.ts'
import { parseHttpUrl } from './url.ts'

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

/** Where clients may be told to export to. */
const ENDPOINTS = ['', 'METRICS_', 'LOGS_', 'TRACES_'].map(signal => `OTEL_EXPORTER_OTLP_${signal}ENDPOINT`)

/** Everything to be told about the policies as they are written. */
export const writtenPolicyWarnings: Rule = tree => {
  const policies = tree.items('managed', 'policies')
  const base = policies.find(policy => isCatchAll(tree, policy))
  const findings: Finding[] = []
  if (tree.has('managed', 'policies') && policies.length === 0) {
    const text = 'is empty: nobody gets any settings.'
    findings.push({ path: ['managed', 'policies'], text, fix: 'add a policy, or remove managed.' })
  }
  return [
    ...findings,
    ...policies.flatMap(policy => [
      ...blockWarnings(tree, policy),
      ...desktopBlockWarnings(tree, policy, base),
      ...servedBlocks(tree, policy).flatMap(block => settingWarnings(tree, block)),
    ]),
    ...codeWarning(tree, policies, base),
    ...secretWarnings(tree),
  ]
}

function isCatchAll(tree: Tree, policy: Path): boolean {
  return tree.node([...policy, 'match'])?.kind === 'map' && tree.keys(...policy, 'match').length === 0
}

/** The block of settings that counts: `settings` beside `cli` does not. */
function servedBlocks(tree: Tree, policy: Path): Path[] {
  return BLOCKS.map(block => [...policy, block])
    .filter(path => tree.has(...path))
    .slice(0, 1)
}

function blockWarnings(tree: Tree, policy: Path): Finding[] {
  const findings: Finding[] = []
  const [served] = servedBlocks(tree, policy)
  const isOlder = served !== undefined && served.at(-1) !== 'code'
  if (tree.has(...policy, 'cli') && tree.has(...policy, 'settings')) {
    const fix = 'move its keys into cli.'
    findings.push({ path: [...policy, 'settings'], at: 'key', text: 'is ignored beside cli.', fix })
  }
  const wish = [...policy, 'serve_to_desktop']
  if (tree.has(...policy, 'desktop') && isOlder && !tree.has(...wish)) {
    const text = 'does not reach the Code tab of Claude Desktop.'
    const fix = 'write code, or say what is meant with serve_to_desktop: true or false.'
    findings.push({ path: served, at: 'key', text, fix })
  }
  if (tree.has(...wish) && !isOlder) {
    const text =
      served === undefined ? 'has no effect without cli or settings.' : 'has no effect beside code.'
    findings.push({ path: wish, at: 'key', text, fix: 'remove it.' })
  }
  return findings
}

/** `base` is what the policy inherits from. */
function desktopBlockWarnings(tree: Tree, policy: Path, base: Path | undefined): Finding[] {
  const path = [...policy, 'desktop']
  if (!tree.has(...path)) return []
  const findings = desktopWarnings(tree.plain(...path), path)
  const saysChat = [policy, base].some(part => part && tree.has(...part, 'desktop', 'chatTabEnabled'))
  if (!saysChat) {
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
  const letsAllThrough = tree.flag('gatehouse', 'allow_unknown_settings') === true
  const unknown = letsAllThrough ? servedUnknown(tree.plain(...block), block) : []
  return [...misplaced, ...unknown, ...endpointWarnings(tree, block)]
}

/** A policy may send its people's telemetry elsewhere (T-25). */
function endpointWarnings(tree: Tree, block: Path): Finding[] {
  if (tree.items('telemetry', 'forward_to').length === 0) return []
  const own = parseHttpUrl(tree.text('listen', 'public_url') ?? '')
  const text = 'sends telemetry of these users past the gateway: the relay sees nothing of it.'
  return ENDPOINTS.map(name => [...block, 'env', name])
    .filter(path => {
      const value = tree.text(...path)
      return value !== undefined && (own === null || parseHttpUrl(value)?.origin !== own.origin)
    })
    .map(path => ({ path, at: 'key', text, fix: 'remove it, if the relay should have it.' }))
}

/** One line: what the file cannot arrange. A policy has what it inherits. */
function codeWarning(tree: Tree, policies: readonly Path[], base: Path | undefined): Finding[] {
  const inherited = (policy: Path, key: string): Path | undefined =>
    [policy, base].flatMap(part => (part ? [[...part, key]] : [])).find(path => tree.has(...path))
  const first = policies.find(policy => inherited(policy, 'code') && inherited(policy, 'desktop'))
  const path = first === undefined ? undefined : inherited(first, 'code')
  if (path === undefined) return []
  const text =
    'reaches the Code tab of Claude Desktop only where the managed settings on the machine name this gateway, ' +
    'Desktop is 2.9939.2 or later, and the gateway is reached by https on a private network.'
  return [{ path, at: 'key', text, fix: 'arrange these on the machines.' }]
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

/** The values of the file that a secret variable stands in: what must not be shown, wherever it goes. */
export function secretValues(tree: Tree): string[] {
  const secret = [...scalarsOf(tree.root)].filter(({ node }) => node.references.some(isSecretReference))
  return [...new Set(secret.map(({ node }) => String(node.value)))].filter(value => value !== '')
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
