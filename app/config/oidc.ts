// The identity provider: what to send it, what to read from its tokens, whom to admit.
import { z } from 'zod'
import {
  absolutePath,
  choice,
  closed,
  decimal,
  emailAddress,
  entry,
  flag,
  list,
  scalar,
  text,
  Unfit,
} from './scalar.ts'
import { httpUrl, origin } from './url.ts'

const EVERYBODY = 'an empty list would not mean "everybody": leave the key out to allow everybody.'

/** Parameters of the authorization request that the gateway computes itself. */
const OWN_PARAMS = [
  'state',
  'nonce',
  'redirect_uri',
  'code_challenge',
  'code_challenge_method',
  'scope',
  'response_type',
  'response_mode',
  'client_id',
]

/** Asymmetric algorithms only: an HS* token could be forged by whoever knows the client secret. */
const SIGNING_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

/** The identity provider, and who of its people may sign in. */
export const OidcSection = closed({
  issuer: httpUrl(),
  client_id: text(),
  client_secret: text().optional(),
  /** Unset: chosen from the provider's metadata. */
  token_endpoint_auth_method: choice([
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
  ]).optional(),
  client_assertion: closed({ private_key_pem: text(), certificate_pem: text() }).optional(),
  /** Lower-case, without `@`. */
  allowed_email_domains: list(emailDomain(), EVERYBODY).optional(),
  allowed_groups: list(entry('an empty group would match nobody.'), EVERYBODY).optional(),
  /** A flat key, or an RFC 6901 pointer when it starts with `/`. */
  groups_claim: text().default('groups'),
  /** Keys or pointers; the first one present wins. */
  email_claim: claimList().default(['email']),
  google_groups: closed({
    service_account_json_path: absolutePath(),
    admin_email: emailAddress(),
  }).optional(),
  scopes: list(text(), 'at least openid is needed.').default([
    'openid',
    'profile',
    'email',
    'offline_access',
  ]),
  scope_on_refresh: flag().default(false),
  extra_auth_params: z.record(authorizationParam(), text()).default({}),
  userinfo_fallback: flag().default(false),
  use_pkce: flag().default(true),
  clock_skew_seconds: decimal({ min: 0 }).default(0),
  id_token_signed_response_alg: choice(SIGNING_ALGORITHMS).default('RS256'),
  additional_authorized_parties: list(text()).default([]),
  discovery_url: discoveryUrl().optional(),
  use_proxy: flag().optional(),
  form_action_origins: list(origin()).default([]),
  /** Replaces the trust store for the provider only. */
  ca_cert_pem: text().optional(),
})

/** `oidc`, defaults filled in. */
export type OidcConfig = z.infer<typeof OidcSection>

/** A domain of e-mail addresses: lower-cased, one leading `@` stripped. */
export function emailDomain(): z.ZodType<string> {
  return text(value => {
    const domain = value.trim().replace(/^@/, '')
    if (domain === '') return new Unfit('a domain', 'an empty domain would match nobody.')
    return /[@,\s]/.test(domain)
      ? new Unfit('one domain without @, comma or space', 'write one domain per entry.')
      : undefined
  }).transform(value => value.trim().replace(/^@/, '').toLowerCase())
}

function claimList(): z.ZodType<string[]> {
  return scalar<unknown>(input => (typeof input === 'string' ? [input] : input)).pipe(
    list(text(), 'at least one claim is needed.'),
  )
}

function authorizationParam(): z.ZodString {
  return z.string().refine(name => !OWN_PARAMS.includes(name), {
    error: 'is set by the gateway and cannot be replaced',
  })
}

function discoveryUrl(): z.ZodType<string> {
  return httpUrl(url =>
    url.pathname.includes('/.well-known/') ? undefined : new Unfit('a URL whose path contains /.well-known/'),
  )
}
