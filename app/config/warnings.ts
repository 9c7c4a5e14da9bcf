// What a valid file should be told about: each warning says what may happen, and what to do.
import { parseRange } from '../lib/address.ts'
import { alertWarnings } from './alerts.ts'
import { certificateWarnings } from './certificate-warnings.ts'
import { namedGroups } from './google-rules.ts'
import { MAX_HEADER_BYTES } from './http-tuning.ts'
import { isLoopbackBind } from './listen.ts'
import { modelWarnings } from './model-warnings.ts'
import { isLoopbackUrl, operatorUrls } from './operator-url.ts'
import { writtenPolicyWarnings } from './policy-warnings.ts'
import { readPostgresUrl } from './postgres-url.ts'
import type { Finding, Path } from './problems.ts'
import { proxyWarnings } from './proxy-warnings.ts'
import type { Facts, Rule } from './rule.ts'
import { isLiteralSecret } from './secret-keys.ts'
import { telemetryWarnings } from './telemetry-warnings.ts'
import { scalarsOf, type Tree } from './tree.ts'
import { upstreamWarnings } from './upstream-warnings.ts'
import { parseHttpUrl } from './url.ts'

const PRIVATE_RANGES =
  '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, ::1/128, fc00::/7'
const MIB = 1_048_576

/** Every warning about the file; the environment's own are beside them. */
export const configWarnings: Rule = (tree, facts) => [
  ...literalWarnings(tree),
  ...listenWarnings(tree),
  ...exposureWarnings(tree, facts),
  ...urlWarnings(tree),
  ...oidcWarnings(tree),
  ...sessionWarnings(tree),
  ...storeWarnings(tree),
  ...limitWarnings(tree, facts),
  ...writtenPolicyWarnings(tree, facts),
  ...telemetryWarnings(tree, facts),
  ...proxyWarnings(tree, facts),
  ...spendWarnings(tree),
  ...idleSectionWarnings(tree),
  ...modelWarnings(tree, facts),
  ...certificateWarnings(tree, facts),
  ...upstreamWarnings(tree, facts),
  ...alertWarnings(tree, facts),
]

function literalWarnings(tree: Tree): Finding[] {
  return [...scalarsOf(tree.root)]
    .filter(({ path, node }) => node.references.length === 0 && isLiteralSecret(path, String(node.value)))
    .map(({ path }) => ({
      path,
      text: 'a secret stands in the file as it is.',
      fix: 'write ${VARIABLE} or ${file:/path} instead.',
    }))
}

function listenWarnings(tree: Tree): Finding[] {
  const findings: Finding[] = []
  const url = parseHttpUrl(tree.text('listen', 'public_url') ?? '')
  if (url !== null && url.pathname !== '/') {
    const text = 'has a path: the ingress must strip it before the gateway.'
    findings.push({ path: ['listen', 'public_url'], text })
  }
  if (url?.protocol === 'http:' && !isLoopbackUrl(url)) {
    findings.push({
      path: ['listen', 'public_url'],
      text: 'is plain http: clients refuse it.',
      fix: 'use https.',
    })
  }
  for (const { value, path } of tree.texts('listen', 'trusted_proxies')) {
    if (parseRange(value)?.bits !== 0) continue
    findings.push({
      path,
      text: 'trusts every peer: anybody could forge client addresses.',
      fix: "name the proxies' own range.",
    })
  }
  return findings
}

function exposureWarnings(tree: Tree, facts: Facts): Finding[] {
  const findings: Finding[] = []
  const isLocal = isLoopbackBind(tree.text('listen', 'host') ?? '0.0.0.0')
  const isBehindProxy = tree.items('listen', 'trusted_proxies').length > 0
  const isQuiet = isLocal && !isBehindProxy && !tree.has('listen', 'public_url')
  if (tree.items('access_control', 'allow_cidrs').length === 0 && !isQuiet) {
    const text = 'is empty: every address may connect.'
    findings.push({
      path: ['access_control', 'allow_cidrs'],
      text,
      fix: `for a private network, list ${PRIVATE_RANGES}.`,
    })
  }
  if (facts.environment.kService !== undefined && !isBehindProxy) {
    const text = 'is empty on Cloud Run: all clients would share one address.'
    findings.push({
      path: ['listen', 'trusted_proxies'],
      text,
      fix: 'list the front end, such as 169.254.0.0/16.',
    })
  }
  if (!tree.has('oidc', 'allowed_email_domains') && !tree.has('oidc', 'allowed_groups')) {
    const text =
      'names neither allowed_email_domains nor allowed_groups: anybody in the identity provider may sign in.'
    findings.push({ path: ['oidc'], at: 'key', text })
  }
  if (tree.flag('load_test_mode', 'enabled') === true) {
    findings.push({
      path: ['load_test_mode', 'enabled'],
      text: 'load_test_mode is on: no request reaches an upstream.',
    })
  }
  return findings
}

function urlWarnings(tree: Tree): Finding[] {
  return operatorUrls(tree).flatMap(({ path, url }): Finding[] => {
    if (url.protocol === 'https:' || isLoopbackUrl(url)) return []
    return [{ path, text: 'is plain http: the credential travels in clear text.', fix: 'use https.' }]
  })
}

function oidcWarnings(tree: Tree): Finding[] {
  const findings: Finding[] = []
  if (tree.flag('oidc', 'use_pkce') === false) {
    findings.push({
      path: ['oidc', 'use_pkce'],
      text: 'is off: a stolen authorization code could be redeemed.',
    })
  }
  if ((tree.number('oidc', 'clock_skew_seconds') ?? 0) > 300) {
    findings.push({
      path: ['oidc', 'clock_skew_seconds'],
      text: 'is over 300: expired id_tokens are accepted that long.',
    })
  }
  if (tree.has('oidc', 'google_groups')) {
    const text = 'needs a key file; gatehouse.google_groups looks groups up without a key.'
    findings.push({ path: ['oidc', 'google_groups'], at: 'key', text })
  }
  const scopes = tree.texts('oidc', 'scopes').map(({ value }) => value)
  // Google refuses that scope, and gives a refresh token for a parameter of its own.
  const hasGoogles = tree.text('oidc', 'extra_auth_params', 'access_type') === 'offline'
  const asksOffline = !tree.has('oidc', 'scopes') || scopes.includes('offline_access') || hasGoogles
  if (!asksOffline && (tree.number('session', 'ttl_hours') ?? 1) < 8) {
    const text = 'lacks offline_access: developers sign in again whenever ttl_hours is over.'
    findings.push({ path: ['oidc', 'scopes'], text, fix: 'add offline_access, or raise session.ttl_hours.' })
  }
  return [...findings, ...groupWarnings(tree)]
}

/** Google sends no groups: a rule that names one would match nobody (C-28). */
function groupWarnings(tree: Tree): Finding[] {
  const hasLookup = tree.has('oidc', 'google_groups') || tree.has('gatehouse', 'google_groups')
  if (hasLookup) return namedGroups(tree).flatMap(unfoundGroup)
  if (tree.text('oidc', 'issuer') !== 'https://accounts.google.com') return []
  const namesGroups = [
    ['admin', 'admin_groups'],
    ['oidc', 'allowed_groups'],
    ...tree.items('managed', 'policies').map(policy => [...policy, 'match', 'groups']),
  ].filter(path => tree.has(...path))
  const text = 'names groups, but Google sends none: it would match nobody.'
  return namesGroups.map(path => ({ path, at: 'key', text, fix: 'configure gatehouse.google_groups.' }))
}

/** The look-up answers lower-case addresses, and names match exactly. */
function unfoundGroup({ value, path }: { value: string; path: Path }): Finding[] {
  if (/^[^\s@]+@[^\s@]+$/.test(value) && value === value.toLowerCase()) return []
  const text = 'would match nobody: Google groups are looked up as lower-case addresses.'
  return [{ path, text, fix: 'write the address of the group, such as team@example.com.' }]
}

function sessionWarnings(tree: Tree): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const { value, path } of tree.texts('session', 'jwt_secret')) {
    if (seen.has(value))
      findings.push({ path, text: 'is the same as an entry above.', fix: 'generate a new one.' })
    seen.add(value)
    if (new Set(value).size >= 10) continue
    const text = 'has fewer than 10 distinct characters: it may be guessed.'
    findings.push({ path, text, fix: 'generate one with `openssl rand -base64 32`.' })
  }
  if ((tree.number('session', 'ttl_hours') ?? 1) > 24) {
    const text = 'is over 24: a developer who left keeps access that long.'
    findings.push({ path: ['session', 'ttl_hours'], text })
  }
  return findings
}

function storeWarnings(tree: Tree): Finding[] {
  const findings: Finding[] = []
  const read = readPostgresUrl(tree.text('store', 'postgres_url') ?? '')
  if (read.kind === 'readable' && read.tls.kind === 'opportunistic') {
    const text = 'names no sslmode that insists on TLS: it is tried first, and plain text second.'
    findings.push({ path: ['store', 'postgres_url'], text, fix: 'add ?sslmode=require or verify-full.' })
  }
  if ((tree.number('store', 'max_connections') ?? 0) > 100) {
    findings.push({
      path: ['store', 'max_connections'],
      text: 'is over 100 per replica: the database may run out.',
    })
  }
  if (tree.text('gatehouse', 'cloud_sql', 'ip_type') === 'PUBLIC') {
    findings.push({
      path: ['gatehouse', 'cloud_sql', 'ip_type'],
      text: 'reaches the database over the internet.',
      fix: 'use PRIVATE or PSC.',
    })
  }
  return findings
}

function limitWarnings(tree: Tree, facts: Facts): Finding[] {
  const findings: Finding[] = []
  const path = ['limits', 'max_request_bytes']
  const bytes = tree.number(...path) ?? 32 * MIB
  if (bytes < MIB) findings.push({ path, text: 'is under 1 MiB: ordinary conversations will be refused.' })
  if (facts.environment.kService !== undefined && bytes > 32 * MIB) {
    findings.push({ path, text: 'is over 32 MiB, the limit of Cloud Run for HTTP/1 requests.' })
  }
  if ((tree.number('limits', 'max_request_header_bytes') ?? 0) > MAX_HEADER_BYTES) {
    const text = `can only lower ${MAX_HEADER_BYTES}, which stays the limit.`
    findings.push({ path: ['limits', 'max_request_header_bytes'], text })
  }
  return findings
}

function spendWarnings(tree: Tree): Finding[] {
  const findings: Finding[] = []
  if ((tree.number('pricing', 'multiplier') ?? 1) > 1) {
    findings.push({
      path: ['pricing', 'multiplier'],
      text: 'is over 1: developers are charged more than the list price.',
    })
  }
  if (tree.has('admin') && tree.number('gatehouse', 'spend', 'settle_timeout_ms') === 0) {
    findings.push({
      path: ['gatehouse', 'spend', 'settle_timeout_ms'],
      text: 'is 0: answers end before their cost is stored, and a process that is killed loses it.',
    })
  }
  if (!tree.has('admin') && tree.flag('gatehouse', 'spend', 'reserve') === true) {
    findings.push({
      path: ['gatehouse', 'spend', 'reserve'],
      text: 'has no effect without the section admin: nothing is metered.',
      fix: 'add admin, or remove it.',
    })
  }
  return findings
}

function idleSectionWarnings(tree: Tree): Finding[] {
  if (tree.flag('cri', 'enabled') !== false) return []
  return [{ path: ['cri'], at: 'key', text: 'has no effect here.', fix: 'remove it.' }]
}
