// A Google bearer for collectors: where it may go, and beside what it cannot stand (T-21).
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

/** The token goes to Google only, and beside no other credential. */
export function googleFindings(tree: Tree, destination: Path): Finding[] {
  if (!tree.has(...destination, 'auth', 'google')) return []
  const findings: Finding[] = []
  const header = tree.keys(...destination, 'headers').find(name => name.toLowerCase() === 'authorization')
  if (header !== undefined) {
    const text = 'cannot stand beside auth.google: both are the credential.'
    findings.push({ path: [...destination, 'headers', header], at: 'key', text, fix: 'remove one of them.' })
  }
  const url = parseHttpUrl(tree.text(...destination, 'url') ?? '')
  if (url !== null && !/(^|\.)googleapis\.com$/.test(url.hostname)) {
    const text = 'would send a Google token to a host that is not below googleapis.com.'
    const fix = 'use headers for this collector.'
    findings.push({ path: [...destination, 'auth', 'google'], at: 'key', text, fix })
  }
  return findings
}
