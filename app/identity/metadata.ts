import { z } from 'zod'

/** What the gateway uses of an identity provider's discovery document (OIDC Discovery section 3). */
export interface IdpMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string | undefined
  readonly revocation_endpoint?: string | undefined
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined
  readonly id_token_signing_alg_values_supported?: readonly string[] | undefined
  readonly code_challenge_methods_supported?: readonly string[] | undefined
  readonly authorization_response_iss_parameter_supported?: boolean | undefined
}

/** The settings that decide which document is acceptable. */
export interface ExpectedIdp {
  readonly issuer: string
  readonly discovery_url?: string | undefined
  readonly userinfo_fallback: boolean
}

const Endpoint = z.string().refine(value => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))
// A word that lists nothing useful is read as no list: nobody's sign-in depends on it.
const Words = z.array(z.string()).optional().catch(undefined)
const Flag = z.boolean().optional().catch(undefined)

const Metadata = z.object({
  issuer: z.string().min(1),
  authorization_endpoint: Endpoint,
  token_endpoint: Endpoint,
  jwks_uri: Endpoint,
  userinfo_endpoint: Endpoint.optional(),
  revocation_endpoint: Endpoint.optional(),
  token_endpoint_auth_methods_supported: Words,
  id_token_signing_alg_values_supported: Words,
  code_challenge_methods_supported: Words,
  authorization_response_iss_parameter_supported: Flag,
})

/** The document as metadata, or a sentence that says what is wrong with it. Pure. */
export function readMetadata(document: unknown, expected: ExpectedIdp): IdpMetadata | string {
  const parsed = Metadata.safeParse(document)
  if (!parsed.success) {
    const names = [...new Set(parsed.error.issues.map(issue => issue.path.join('.')))].join(', ')
    return names === '' ? 'it is not a JSON object' : `it holds no usable ${names}`
  }
  const metadata = parsed.data
  if (expected.userinfo_fallback && metadata.userinfo_endpoint === undefined) {
    return 'it holds no usable userinfo_endpoint, which oidc.userinfo_fallback needs'
  }
  const plain = plainHttpEndpoint(metadata)
  if (plain !== null && !discoveryUrl(expected).startsWith('http:')) {
    return `its ${plain} is plain http although the document came by https`
  }
  if (metadata.issuer === expected.issuer || expected.discovery_url !== undefined) return metadata
  if (isTenantTemplate(metadata.issuer, expected.issuer)) return metadata
  const found = metadata.issuer.slice(0, 200)
  return `its issuer is ${found} but oidc.issuer is ${expected.issuer}. Fix: copy the issuer exactly, or set oidc.discovery_url`
}

/** Where the discovery document lives: appended to the issuer's whole path (OIDC Discovery section 4). */
export function discoveryUrl(expected: ExpectedIdp): string {
  return expected.discovery_url ?? `${expected.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

/**
 * The issuer that an id_token must carry, or null when there is none for this tenant.
 *
 * Microsoft's endpoints for many tenants publish `{tenantid}` where each token holds the `tid` of its own.
 */
export function issuerFor(metadata: IdpMetadata, tenant: unknown): string | null {
  if (!metadata.issuer.includes(TENANT)) return metadata.issuer
  const isTenantId = typeof tenant === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(tenant)
  return isTenantId ? metadata.issuer.replace(TENANT, tenant) : null
}

/** Reports whether `issuer` is the provider's name for itself, for any tenant of its own. */
export function isIssuerOf(metadata: IdpMetadata, issuer: string): boolean {
  const [before = '', after = ''] = metadata.issuer.split(TENANT)
  const tenant = issuer.slice(before.length, issuer.length - after.length)
  return issuerFor(metadata, tenant) === issuer
}

/** Reports whether people of many tenants can sign in through this issuer. */
export function isManyTenants(metadata: IdpMetadata): boolean {
  return metadata.issuer.includes(TENANT)
}

const TENANT = '{tenantid}'

function isTenantTemplate(issuer: string, expected: string): boolean {
  const microsoft =
    /^https:\/\/login\.(microsoftonline\.com|microsoftonline\.us|partner\.microsoftonline\.cn)\//
  const host = microsoft.exec(expected)?.[0]
  return host !== undefined && issuer === `${host}${TENANT}/v2.0`
}

function plainHttpEndpoint(metadata: IdpMetadata): string | null {
  const { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint = '' } = metadata
  const endpoints = { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint }
  return Object.entries(endpoints).find(([, url]) => url.startsWith('http:'))?.[0] ?? null
}
