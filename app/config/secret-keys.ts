// Which keys hold secrets: their values are never shown (C-17), and literals in them are warned about (C-18).
import { type Path, spellPath } from './problems.ts'

/** Keys that are secret wherever they stand. */
const SECRET_NAMES = new Set(['client_secret', 'private_key_pem', 'jwt_secret', 'postgres_url', 'password'])

/** Keys below an upstream's `auth` that name things instead of proving something. */
const PUBLIC_AUTH_KEYS = new Set([
  'federation_rule_id',
  'organization_id',
  'identity_token_file',
  'workspace_id',
  'service_account_id',
  'service_account_json',
  'use_azure_ad',
  'aws_access_key_id',
])

/** Whoever knows such a URL may post there. */
const SLACK = /^https:\/\/hooks\.slack(-gov)?\.com\//

/** A name such as `api_key`; secrets hold capitals, digits or hyphens. */
const PLAIN_NAME = /^[a-z][a-z_]{0,30}$/

/** Reports whether no message may show a value at `path`, nor an unknown key that could be one. */
export function isSecretPath(path: Path): boolean {
  if (path.some(part => typeof part === 'string' && SECRET_NAMES.has(part))) return true
  const [section, second, third] = path
  if (section === 'upstreams') return third === 'auth' || third === 'headers'
  if (section === 'admin') return (second === 'write_keys' || second === 'read_keys') && path[3] === 'key'
  if (section === 'gatehouse' && second === 'spend' && third === 'alert_webhook') {
    return path[3] === 'url' || path[3] === 'secret' || path[3] === 'headers'
  }
  if (section === 'gatehouse' && second === 'observability') {
    return path[3] === 'bearer' || path[3] === 'headers'
  }
  return section === 'telemetry' && second === 'forward_to' && path[3] === 'headers'
}

/** Reports whether a value written out at `path` gives a secret away; `value` tells a bare URL from one with a password. */
export function isLiteralSecret(path: Path, value: string): boolean {
  const last = path.at(-1)
  if (!isSecretPath(path) || (typeof last === 'string' && PUBLIC_AUTH_KEYS.has(last))) return false
  if (path[2] === 'alert_webhook' && path[3] === 'url') return SLACK.test(value)
  return last !== 'postgres_url' || /^[^/]*\/\/[^/@]*:[^/@]*@/.test(value)
}

/**
 * Spells a path; below a secret key only plain names are shown, for a forgotten `api_key:` turns the
 * secret itself into a key (`auth: { sk-… }`). The name of a header is no secret.
 */
export function spellSafely(path: Path): string {
  const first = path.findIndex((_, length) => length > 0 && isSecretPath(path.slice(0, length)))
  const headerName = path.indexOf('headers') + 1
  const isSuspect = (part: string | number, index: number): boolean =>
    first !== -1 &&
    index >= first &&
    index !== headerName &&
    typeof part === 'string' &&
    !PLAIN_NAME.test(part)
  return spellPath(path.map((part, i) => (isSuspect(part, i) ? `${String(part).length} characters` : part)))
}
