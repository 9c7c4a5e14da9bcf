// How the keys of `store` go together with each other and with `gatehouse.cloud_sql`.
import { missing } from './findings.ts'
import { readCertificates } from './pem.ts'
import { readPostgresUrl } from './postgres-url.ts'
import type { Finding, Path } from './problems.ts'
import type { Facts, Rule } from './rule.ts'
import type { Tree } from './tree.ts'

const MAX_PEM_BYTES = 1_048_576

/** One source of truth for the database (C-27), and a root certificate that can be read. */
export const storeRules: Rule = (tree, facts) => {
  const hasUrl = tree.has('store', 'postgres_url')
  const usesCloudSql = tree.has('gatehouse', 'cloud_sql')
  if (!hasUrl && !usesCloudSql) return [missing(tree.has('store') ? ['store', 'postgres_url'] : ['store'])]
  const findings = rootCertificateFindings(tree, facts)
  if (hasUrl && usesCloudSql) {
    const text = 'two sources of one truth: store.postgres_url and gatehouse.cloud_sql.'
    findings.push({ path: ['gatehouse', 'cloud_sql'], at: 'key', text, fix: 'remove one of them.' })
  }
  if (
    usesCloudSql &&
    tree.has('store', 'password') &&
    tree.flag('gatehouse', 'cloud_sql', 'iam_auth') !== false
  ) {
    const text = 'is not used while gatehouse.cloud_sql.iam_auth is on.'
    findings.push({ path: ['store', 'password'], at: 'key', text, fix: 'remove it, or set iam_auth: false.' })
  }
  return findings
}

function rootCertificateFindings(tree: Tree, facts: Facts): Finding[] {
  const path: Path = ['store', 'postgres_url']
  const read = readPostgresUrl(tree.text(...path) ?? '')
  if (read.kind === 'unreadable' || read.tls.kind !== 'verified' || read.tls.rootCertPath === null) return []
  const file = facts.readFile(read.tls.rootCertPath, MAX_PEM_BYTES)
  if (file.kind === 'failed') {
    return [
      {
        path,
        text: `the file of sslrootcert cannot be read (${file.code}).`,
        fix: 'check the path and its permissions.',
      },
    ]
  }
  if (readCertificates(file.bytes.toString('utf8')) !== null) return []
  return [{ path, text: 'the file of sslrootcert holds no PEM certificate.' }]
}
