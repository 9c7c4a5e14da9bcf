// Collectors that would get nothing, or drop it without a word; clients' telemetry, and the gateway's own.
import { projectWarnings } from './google-auth.ts'
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import type { Tree } from './tree.ts'
import { parseHttpUrl } from './url.ts'

const TEMPORALITY = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'

const OWN: Path = ['gatehouse', 'observability']

/** Everything to be told about `telemetry` and `gatehouse.observability`. */
export const telemetryWarnings: Rule = (tree, facts) => {
  const destinations = tree.items('telemetry', 'forward_to')
  const findings = destinations.flatMap(path => [
    ...signalFindings(tree, path),
    ...(facts.environment.allowLoopback ? [] : loopbackFindings(tree, path)),
    ...projectWarnings(tree, path, ['telemetry', 'resource_attributes']),
    ...differenceWarnings(tree, path),
  ])
  if (destinations.length > 0 && !tree.has('listen', 'public_url')) {
    const text = 'has no effect on clients without listen.public_url: they are not told to export here.'
    findings.push({ path: ['telemetry', 'forward_to'], text, fix: 'set listen.public_url.' })
  }
  return [...findings, ...ownWarnings(tree)]
}

function signalFindings(tree: Tree, destination: Path): Finding[] {
  const takes = ['logs', 'traces'].some(signal => tree.flag(...destination, signal) === true)
  if (takes || tree.flag(...destination, 'metrics') !== false) return []
  return [{ path: destination, text: 'takes no signal: nothing is sent there.' }]
}

/** A collector on this machine boots by its name, and the outbound guard refuses each export (T-16). */
function loopbackFindings(tree: Tree, destination: Path): Finding[] {
  const path = [...destination, 'url']
  if (parseHttpUrl(tree.text(...path) ?? '')?.hostname !== 'localhost') return []
  const text = 'is loopback: every export will be refused.'
  return [{ path, text, fix: 'set CLAUDE_GATEWAY_ALLOW_LOOPBACK=1, or name another host.' }]
}

/** Clients export differences unless a policy says otherwise (T-22). */
function differenceWarnings(tree: Tree, destination: Path): Finding[] {
  const path = [...destination, 'auth', 'google']
  const takesMetrics = tree.flag(...destination, 'metrics') !== false
  if (!tree.has(...path) || !takesMetrics || setsCumulative(tree)) return []
  const text =
    'takes metrics, which clients send as differences: a store like this drops them without a word.'
  const fix = `set ${TEMPORALITY}: cumulative in the env of a policy.`
  return [{ path, at: 'key', text, fix }]
}

function ownWarnings(tree: Tree): Finding[] {
  if (!tree.has(...OWN)) return []
  const otlp = [...OWN, 'otlp']
  const findings = projectWarnings(tree, otlp, [...OWN, 'resource_attributes'])
  if (!tree.has(...otlp) && !tree.has(...OWN, 'prometheus')) {
    const text = 'names neither prometheus nor otlp: nothing is measured.'
    findings.push({ path: OWN, at: 'key', text, fix: 'give one of them, or remove it.' })
  }
  if (tree.flag(...otlp, 'metrics') === false && tree.flag(...otlp, 'traces') !== true) {
    findings.push({ path: otlp, at: 'key', text: 'has neither metrics nor traces: nothing is sent there.' })
  }
  return findings
}

function setsCumulative(tree: Tree): boolean {
  return tree
    .items('managed', 'policies')
    .some(policy =>
      ['code', 'cli', 'settings'].some(
        block => tree.text(...policy, block, 'env', TEMPORALITY)?.toLowerCase() === 'cumulative',
      ),
    )
}
