// A Google bearer for collectors: where it may go, and beside what it cannot stand (T-21).
import type { Config } from './config.ts'
import type { Finding, Path } from './problems.ts'
import { closed, matching } from './scalar.ts'
import type { Tree } from './tree.ts'
import { parseHttpUrl } from './url.ts'

/** `auth: { google: {} }`: a bearer from the service's own Google credentials. */
export const GoogleAuth = closed({
  google: closed({
    /** Sent as `x-goog-user-project`. */
    quota_project: matching(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'a project id').optional(),
  }),
})

/** The token goes to Google only, and nothing that it brings stands among the headers. */
export function googleFindings(tree: Tree, destination: Path): Finding[] {
  if (!tree.has(...destination, 'auth', 'google')) return []
  const findings: Finding[] = []
  const hasQuota = tree.has(...destination, 'auth', 'google', 'quota_project')
  for (const header of tree.keys(...destination, 'headers')) {
    const lower = header.toLowerCase()
    const path = [...destination, 'headers', header]
    const fix = 'remove one of them.'
    if (lower === 'authorization') {
      const text = 'cannot stand beside auth.google: both are the credential.'
      findings.push({ path, at: 'key', text, fix })
    }
    if (lower === 'x-goog-user-project' && hasQuota) {
      findings.push({ path, at: 'key', text: 'is what auth.google.quota_project sends.', fix })
    }
  }
  const url = parseHttpUrl(tree.text(...destination, 'url') ?? '')
  if (url !== null && !/(^|\.)googleapis\.com$/.test(url.hostname)) {
    const text = 'would send a Google token to a host that is not below googleapis.com.'
    const fix = 'use headers for this collector.'
    findings.push({ path: [...destination, 'auth', 'google'], at: 'key', text, fix })
  }
  return findings
}

/** A Google store wants the project on every resource, and nothing is added here (T-22). */
export function projectWarnings(tree: Tree, destination: Path, attributes: Path): Finding[] {
  const path = [...destination, 'auth', 'google']
  if (!tree.has(...path) || tree.has(...attributes, 'gcp.project_id')) return []
  const text = 'needs the attribute gcp.project_id, and the gateway adds none.'
  return [{ path, at: 'key', text, fix: `set it in ${attributes.join('.')}.` }]
}

/** Reports whether the service's own credentials are used, which a metadata server may hand out. */
export function usesGoogleCredentials({
  telemetry,
  gatehouse,
  upstreams,
}: Pick<Config, 'telemetry' | 'gatehouse' | 'upstreams'>): boolean {
  const lookup = gatehouse.google_groups
  if (lookup !== undefined && lookup.mode !== 'key_file') return true
  const destinations = [...(telemetry?.forward_to ?? []), gatehouse.observability?.otlp]
  return (
    destinations.some(destination => destination?.auth !== undefined) ||
    upstreams.some(({ provider, auth }) => provider === 'vertex' && auth.service_account_json === undefined)
  )
}
