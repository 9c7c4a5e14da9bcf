/** Renders gateway.yaml: the organisation's file, and the keys that the stack owns because it made what they name (G-41). */
import { Token } from 'cdktf'
import { type Document, isMap, isSeq, parseDocument } from 'yaml'
import { readDocument } from '../app/config/document.ts'
import { problemReport } from '../app/config/problems.ts'
import {
  DB_PASSWORD_PATH,
  jwtPath,
  named,
  OIDC_CLIENT_SECRET_PATH,
  pathOf,
  type SecretPath,
} from './secret-paths.ts'

/** What the stack knows better than a file. Every value is known at synth: none is a reference to a resource. */
export interface OwnedConfig {
  /** Where clients and the identity provider find the gateway. */
  readonly publicUrl: string
  /** The range of the load balancer's proxies, whose forwarded addresses are believed (G-40). */
  readonly proxyCidr?: string
  /** From which addresses the gateway answers at all. */
  readonly clientCidrs: readonly string[]
  readonly oidc: {
    readonly issuer: string
    readonly clientId: string
    readonly allowedEmailDomains: readonly string[]
  }
  /** Newest first. */
  readonly jwtGenerations: readonly number[]
  readonly store: { readonly poolSize: number; readonly role: string; readonly way: StoreWay }
  /** Default: groups come from the identity provider's tokens. */
  readonly groups?: GroupLookup
  /** Default: no Vertex upstream is added. */
  readonly vertex?: { readonly project: string; readonly location: string }
}

/** How the gateway gets to its database. */
export type StoreWay =
  | {
      readonly kind: 'connector'
      readonly connectionName: string
      readonly ipType: 'PSC' | 'PRIVATE'
      readonly database: string
      readonly login: 'iam' | 'password'
    }
  | { readonly kind: 'direct'; readonly address: string; readonly database: string }

/** How the gateway asks Google for a person's groups. */
export interface GroupLookup {
  readonly mode: 'group-reader' | 'delegation' | 'key'
  readonly serviceAccount: string
  readonly adminEmail?: string | undefined
  readonly isTransitive: boolean
}

/** The file and the stack do not go together; the message is the whole report. */
export class GatewayConfigError extends Error {
  override readonly name = 'GatewayConfigError'
}

/** A key of gateway.yaml that the stack writes, and the settings that decide its value. */
interface OwnedKey {
  readonly path: readonly string[]
  readonly value: unknown
  readonly decidedBy: string
}

/** Secret Manager stores no larger value. */
const MAX_BYTES = 65_536
const LINK_LOCAL = '169.254.0.0/16'
const GOOGLE = 'https://accounts.google.com'

/**
 * Answers the text of gateway.yaml. The organisation's file keeps its order, comments and spelling of numbers.
 *
 * @throws {GatewayConfigError} when the file is not YAML, or says of an owned key what the stack does not.
 */
export function renderGatewayConfig(file: string, text: string, owned: OwnedConfig): string {
  const document = parseDocument(text, { version: '1.2' })
  const read = readDocument(text)
  // A file of comments alone decides nothing, which is allowed here: the stack's keys are the whole file then.
  const isSilent = document.contents === null && document.errors.length === 0
  if (read.root === null && !isSilent)
    throw new GatewayConfigError(problemReport(file, read.problems).trimEnd())
  const keys = ownedKeys(owned)
  const conflicts = keys.flatMap(key => conflictOf(document, key))
  if (owned.vertex !== undefined) conflicts.push(...placeVertex(document, owned.vertex))
  if (conflicts.length > 0) {
    const lines = conflicts.map(
      conflict => `  ${conflict}\n      Fix: remove it from ${file}, or change the setting.`,
    )
    throw new GatewayConfigError([`gatehouse: ${file} and the settings do not agree`, ...lines].join('\n'))
  }
  for (const { path, value } of keys) document.setIn(path, document.createNode(value))
  const rendered = `# Rendered from ${file} and the settings of the environment: change those.\n${document.toString({ lineWidth: 0 })}`
  if (Token.isUnresolved(rendered)) throw new Error('gateway.yaml refers to what only an apply knows')
  const bytes = Buffer.byteLength(rendered)
  if (bytes > MAX_BYTES) {
    throw new GatewayConfigError(
      `gatehouse: ${file} becomes ${bytes} bytes, and Secret Manager stores ${MAX_BYTES}.`,
    )
  }
  return rendered
}

/** The list that docs and tests name. Pure. */
function ownedKeys(owned: OwnedConfig): OwnedKey[] {
  const { oidc, proxyCidr } = owned
  const keys: OwnedKey[] = [
    { path: ['listen', 'host'], value: '0.0.0.0', decidedBy: 'the container' },
    { path: ['listen', 'port'], value: '${PORT}', decidedBy: 'Cloud Run' },
    { path: ['listen', 'public_url'], value: owned.publicUrl, decidedBy: 'frontend' },
    {
      path: ['listen', 'trusted_proxies'],
      value: proxyCidr === undefined ? [LINK_LOCAL] : [LINK_LOCAL, proxyCidr],
      decidedBy: 'network.proxyOnlyCidr',
    },
    { path: ['access_control', 'allow_cidrs'], value: owned.clientCidrs, decidedBy: 'frontend.clientCidrs' },
    { path: ['oidc', 'issuer'], value: oidc.issuer, decidedBy: 'oidc.issuer' },
    { path: ['oidc', 'client_id'], value: oidc.clientId, decidedBy: 'oidc.clientId' },
    {
      path: ['oidc', 'client_secret'],
      value: fileReference(OIDC_CLIENT_SECRET_PATH),
      decidedBy: 'the stack',
    },
    {
      path: ['oidc', 'allowed_email_domains'],
      value: oidc.allowedEmailDomains,
      decidedBy: 'oidc.allowedEmailDomains',
    },
    {
      path: ['session', 'jwt_secret'],
      value: owned.jwtGenerations.map(generation => fileReference(jwtPath(generation))),
      decidedBy: 'secrets.jwt.generations',
    },
  ]
  // Google issues a refresh token for these parameters only, and knows no scope offline_access.
  if (oidc.issuer === GOOGLE) {
    keys.push(
      { path: ['oidc', 'scopes'], value: ['openid', 'profile', 'email'], decidedBy: 'oidc.issuer' },
      ...leaves(['oidc', 'extra_auth_params'], { access_type: 'offline', prompt: 'consent' }, 'oidc.issuer'),
    )
  }
  return [...keys, ...storeKeys(owned.store), ...groupKeys(owned.groups)]
}

function storeKeys({ poolSize, role, way }: OwnedConfig['store']): OwnedKey[] {
  const store = (key: string, value: unknown, decidedBy: string): OwnedKey => ({
    path: ['store', key],
    value,
    decidedBy,
  })
  const keys = [
    store('max_connections', poolSize, 'database.poolSize'),
    store('connect_timeout_seconds', 5, 'the stack'),
    store('readiness_grace_seconds', 300, 'the stack'),
    store('username', role, 'database.login'),
  ]
  const password = store('password', fileReference(DB_PASSWORD_PATH), 'database.login')
  if (way.kind === 'direct') {
    // The schema that the grants are for, which the connector's way has of itself.
    const options = 'options=-c%20search_path%3Dgatehouse'
    const url = `postgres://${way.address}:5432/${way.database}?sslmode=require&${options}`
    return [...keys, store('postgres_url', url, 'database.path'), password]
  }
  const cloudSql = {
    instance_connection_name: way.connectionName,
    ip_type: way.ipType,
    iam_auth: way.login === 'iam',
    database: way.database,
  }
  keys.push(...leaves(['gatehouse', 'cloud_sql'], cloudSql, 'database'))
  return way.login === 'password' ? [...keys, password] : keys
}

/** Spelled as the app's own section: the documented keys know neither a lookup without a key nor nested groups. */
function groupKeys(groups: GroupLookup | undefined): OwnedKey[] {
  if (groups === undefined) return []
  const { mode, serviceAccount, adminEmail, isTransitive } = groups
  const nested = { nested: isTransitive }
  const value = {
    'group-reader': { mode: 'service_account_role', service_account: serviceAccount, ...nested },
    delegation: {
      ...{ mode: 'keyless_delegation', service_account: serviceAccount },
      ...{ admin_email: adminEmail, ...nested },
    },
    key: { mode: 'key_file', key_path: pathOf(named('directory-key')), admin_email: adminEmail, ...nested },
  }[mode]
  return leaves(['gatehouse', 'google_groups'], value, 'directory')
}

/** The keys of a block that the organisation may add others to. */
function leaves(
  block: readonly string[],
  values: Readonly<Record<string, unknown>>,
  decidedBy: string,
): OwnedKey[] {
  return Object.entries(values).map(([key, value]) => ({ path: [...block, key], value, decidedBy }))
}

/** Ours stands first, unless the file says where: by an upstream of that provider for the same project. */
function placeVertex(
  document: Document,
  { project, location }: NonNullable<OwnedConfig['vertex']>,
): string[] {
  const listed = document.get('upstreams')
  const upstreams = isSeq(listed) ? listed : document.createNode([])
  if (!isSeq(listed)) document.set('upstreams', upstreams)
  if (!isSeq(upstreams)) return [] // a sequence was made of a list
  const placed = upstreams.items.findIndex(
    item =>
      isMap(item) &&
      item.get('provider') === 'vertex' &&
      [project, undefined].some(id => item.get('project_id') === id),
  )
  if (placed === -1) {
    const upstream = { provider: 'vertex', region: location, project_id: project, auth: {} }
    upstreams.items.unshift(document.createNode(upstream))
    return []
  }
  const at = ['upstreams', String(placed)]
  const keys: OwnedKey[] = [
    { path: [...at, 'region'], value: location, decidedBy: 'vertex.location' },
    { path: [...at, 'project_id'], value: project, decidedBy: 'project' },
    { path: [...at, 'auth'], value: {}, decidedBy: 'vertex.enabled' },
  ]
  const conflicts = keys.flatMap(key => conflictOf(document, key))
  if (conflicts.length === 0)
    for (const { path, value } of keys) document.setIn(path, document.createNode(value))
  return conflicts
}

/** Says both values when the file gives an owned key another one. */
function conflictOf(document: Document, { path, value, decidedBy }: OwnedKey): string[] {
  if (!document.hasIn(path)) return []
  const given: unknown = document.getIn(path)
  const plain: unknown = isMap(given) || isSeq(given) ? given.toJS(document) : given
  if (JSON.stringify(plain) === JSON.stringify(value)) return []
  return [
    `${path.join('.')}: ${JSON.stringify(value)} is decided by ${decidedBy}, and the file says ${JSON.stringify(plain)}.`,
  ]
}

function fileReference(path: SecretPath): string {
  return `\${file:${pathOf(path)}}`
}
