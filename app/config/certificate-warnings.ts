// Certificates that are or soon will be out of their validity, and credential files that are not there yet.
import { readCertificates, validityWarning } from './pem.ts'
import type { Finding, Path } from './problems.ts'
import type { Facts, Rule } from './rule.ts'
import type { Tree } from './tree.ts'

const MAX_PEM_BYTES = 1_048_576
const MAX_TOKEN_BYTES = 16_384

export const certificateWarnings: Rule = (tree, facts) => [
  ...validityFindings(['listen', 'tls', 'cert'], pemOfFile(tree, facts, ['listen', 'tls', 'cert']), facts),
  ...validityFindings(
    ['oidc', 'client_assertion', 'certificate_pem'],
    tree.text('oidc', 'client_assertion', 'certificate_pem'),
    facts,
  ),
  ...tree
    .items('upstreams')
    .flatMap(upstream => tokenFileFindings(tree, facts, [...upstream, 'auth', 'identity_token_file'])),
]

function validityFindings(path: Path, pem: string | undefined, facts: Facts): Finding[] {
  const leaf = readCertificates(pem ?? '')?.[0]
  const text = leaf === undefined ? null : validityWarning(leaf, facts.now)
  return text === null ? [] : [{ path, text, fix: 'renew it.' }]
}

function pemOfFile(tree: Tree, facts: Facts, path: Path): string | undefined {
  const file = tree.text(...path)
  const read = file === undefined ? undefined : facts.readFile(file, MAX_PEM_BYTES)
  return read?.kind === 'read' ? read.bytes.toString('utf8') : undefined
}

/** The file is read again for each exchange: a sidecar may write it after boot. */
function tokenFileFindings(tree: Tree, facts: Facts, path: Path): Finding[] {
  const file = tree.text(...path)
  const read = file === undefined ? undefined : facts.readFile(file, MAX_TOKEN_BYTES)
  if (read?.kind !== 'failed') return []
  return [{ path, text: `cannot be read yet (${read.code}): requests fail until it can.` }]
}
