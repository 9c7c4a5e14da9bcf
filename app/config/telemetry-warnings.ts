// Collectors that would get nothing, or drop it without a word.
import type { Finding, Path } from './problems.ts'
import type { Rule } from './rule.ts'
import type { Tree } from './tree.ts'

const TEMPORALITY = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'

/** Everything to be told about `telemetry`. */
export const telemetryWarnings: Rule = tree => {
  const destinations = tree.items('telemetry', 'forward_to')
  const findings = destinations.flatMap(path => [
    ...signalFindings(tree, path),
    ...googleWarnings(tree, path),
  ])
  if (destinations.length > 0 && !tree.has('listen', 'public_url')) {
    const text = 'has no effect on clients without listen.public_url.'
    findings.push({ path: ['telemetry', 'forward_to'], text })
  }
  return findings
}

function signalFindings(tree: Tree, destination: Path): Finding[] {
  const takes = ['logs', 'traces'].some(signal => tree.flag(...destination, signal) === true)
  if (takes || tree.flag(...destination, 'metrics') !== false) return []
  return [{ path: destination, text: 'takes no signal: nothing is sent there.' }]
}

/** What Google's collector wants of clients, and the relay does not add (T-22). */
function googleWarnings(tree: Tree, destination: Path): Finding[] {
  const path = [...destination, 'auth', 'google']
  if (!tree.has(...path)) return []
  const findings: Finding[] = []
  if (!tree.has('telemetry', 'resource_attributes', 'gcp.project_id')) {
    const text = 'needs the attribute gcp.project_id, and the relay adds nothing.'
    findings.push({ path, at: 'key', text, fix: 'set it in telemetry.resource_attributes.' })
  }
  if (tree.flag(...destination, 'metrics') !== false && !setsCumulative(tree)) {
    const text =
      'takes metrics, which clients send as differences: a store like this drops them without a word.'
    findings.push({ path, at: 'key', text, fix: `set ${TEMPORALITY}: cumulative in the env of a policy.` })
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
