// How the keys of `oidc` go together, and what its PEM texts and files must hold.
import { missing } from './findings.ts'
import { isEncryptedKey, readCertificates, readPrivateKey } from './pem.ts'
import type { Finding, Path } from './problems.ts'
import type { Facts, Rule } from './rule.ts'
import type { Tree } from './tree.ts'

const MIN_RSA_BITS = 2048
const MAX_KEY_FILE_BYTES = 65_536

/** Client authentication, scopes, PEM texts, and the key file of either Google group lookup. */
export const oidcRules: Rule = (tree, facts) => {
  if (!tree.has('oidc')) return []
  return [
    ...clientFindings(tree),
    ...assertionFindings(tree),
    ...scopeFindings(tree),
    ...trustFindings(tree),
    ...KEY_FILES.flatMap(path => keyFileFindings(path, tree, facts)),
  ]
}

function clientFindings(tree: Tree): Finding[] {
  const usesKey = tree.text('oidc', 'token_endpoint_auth_method') === 'private_key_jwt'
  const hasSecret = tree.has('oidc', 'client_secret')
  const hasAssertion = tree.has('oidc', 'client_assertion')
  const findings: Finding[] = []
  if (usesKey && hasSecret) {
    findings.push({
      path: ['oidc', 'client_secret'],
      at: 'key',
      text: 'is not used with private_key_jwt.',
      fix: 'remove it.',
    })
  }
  if (usesKey && !hasAssertion)
    findings.push(missing(['oidc', 'client_assertion'], 'private_key_jwt needs it.'))
  if (!usesKey && hasAssertion) {
    const fix = 'set token_endpoint_auth_method: private_key_jwt, or remove client_assertion.'
    findings.push({
      path: ['oidc', 'client_assertion'],
      at: 'key',
      text: 'is used with private_key_jwt only.',
      fix,
    })
  }
  if (!usesKey && !hasSecret) findings.push(missing(['oidc', 'client_secret']))
  return findings
}

function assertionFindings(tree: Tree): Finding[] {
  const keyPath: Path = ['oidc', 'client_assertion', 'private_key_pem']
  const certificatePath: Path = ['oidc', 'client_assertion', 'certificate_pem']
  const pem = tree.text(...keyPath)
  const key = pem === undefined ? undefined : readPrivateKey(pem)
  const findings: Finding[] = []
  if (key === null && pem !== undefined) {
    const text = isEncryptedKey(pem) ? 'is an encrypted key.' : 'is no PEM private key.'
    findings.push({ path: keyPath, text, fix: 'give an unencrypted RSA key as `${file:/path/key.pem}`.' })
  }
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0
  if (key && (key.asymmetricKeyType !== 'rsa' || bits < MIN_RSA_BITS)) {
    findings.push({ path: keyPath, text: `is no RSA key of at least ${MIN_RSA_BITS} bits.` })
  }
  const certificateText = tree.text(...certificatePath)
  if (certificateText === undefined) return findings
  const certificates = readCertificates(certificateText)
  if (certificates?.length !== 1) {
    findings.push({
      path: certificatePath,
      text: 'is not exactly one PEM certificate.',
      fix: 'give the client certificate as `${file:/path/cert.pem}`.',
    })
  } else if (key && certificates[0]?.checkPrivateKey(key) !== true) {
    findings.push({ path: certificatePath, text: 'does not match private_key_pem.' })
  }
  return findings
}

function scopeFindings(tree: Tree): Finding[] {
  const scopes = tree.items('oidc', 'scopes')
  const holdsOpenid = scopes.some(item => tree.text(...item) === 'openid')
  if (scopes.length === 0 || holdsOpenid || scopes.some(item => tree.text(...item) === undefined)) return []
  return [
    {
      path: ['oidc', 'scopes'],
      text: 'must hold openid: without it the provider sends no id_token.',
      fix: 'add openid.',
    },
  ]
}

function trustFindings(tree: Tree): Finding[] {
  const pem = tree.text('oidc', 'ca_cert_pem')
  if (pem === undefined || pem === '' || readCertificates(pem) !== null) return []
  return [
    {
      path: ['oidc', 'ca_cert_pem'],
      text: 'holds no PEM certificate.',
      fix: 'give the text, not the path: `${file:/path/ca.pem}`.',
    },
  ]
}

const KEY_FILES: readonly Path[] = [
  ['oidc', 'google_groups', 'service_account_json_path'],
  ['gatehouse', 'google_groups', 'key_path'],
]

function keyFileFindings(path: Path, tree: Tree, facts: Facts): Finding[] {
  const file = tree.text(...path)
  if (file === undefined || !file.startsWith('/')) return []
  const read = facts.readFile(file, MAX_KEY_FILE_BYTES)
  if (read.kind === 'failed') {
    return [
      {
        path,
        found: file,
        text: `cannot be read (${read.code}).`,
        fix: 'check the path and its permissions.',
      },
    ]
  }
  if (isServiceAccountKey(read.bytes.toString('utf8'))) return []
  return [
    {
      path,
      found: file,
      text: 'holds no service-account key in JSON.',
      fix: 'download a JSON key of the service account.',
    },
  ]
}

/** Reports whether `text` is the JSON key that Google issues for a service account. */
function isServiceAccountKey(text: string): boolean {
  try {
    const key: unknown = JSON.parse(text)
    if (typeof key !== 'object' || key === null) return false
    const isText = (name: string): boolean => name in key && typeof Reflect.get(key, name) === 'string'
    return Reflect.get(key, 'type') === 'service_account' && isText('client_email') && isText('private_key')
  } catch {
    return false // not JSON
  }
}
